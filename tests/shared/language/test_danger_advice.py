import re
from pathlib import Path

import pytest

from shared.domain.labels import LANGUAGES
from shared.language.danger_advice import danger_advice

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "shared" / "language" / "data" / "danger_advice.toml"
OWN = re.compile(r"\b103\b|жедел жәрдем\"|скорая помощь\"")
SHOWN = ("services/intake", "deploy/suite", "shared/web")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_of_the_advice_names_both_numbers_and_says_the_same(language):
    advice = danger_advice(language)
    assert list(advice.numbers) == ["103", "112"]
    assert advice.whole.startswith(advice.question)
    assert all(f"{number} ({name})" in advice.whole for number, name in advice.numbers.items())


def test_no_page_message_or_script_words_an_advice_of_its_own():
    files = [file for tree in SHOWN for ending in ("html", "po", "toml") for file in (ROOT / tree).rglob(f"*.{ending}")]
    own = [str(file.relative_to(ROOT)) for file in files if OWN.search(file.read_text("utf-8"))]
    assert own == []
    assert SOURCE.exists()
    assert len(files) > 30

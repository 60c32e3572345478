"""Writes the card of the detectors, `docs/detectors.md` with its Kazakh and Russian pages, with their figures on the held-out files."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.domain.labels import LANGUAGES, Language
from shared.language.detectors import DetectorMetadata
from training.detectors.fitting import FALSE_DANGER, FALSE_PROTECTED
from training.detectors.promotion import MOST_FALSE, Found

DOCS: Final = Path(__file__).parents[4] / "docs"
PAGES: Final[Mapping[Language, str]] = {"kk": "detectors.kk.md", "ru": "detectors.ru.md", "en": "detectors.md"}
_NAMES: Final[Mapping[Language, str]] = {"kk": "қазақша", "ru": "по-русски", "en": "English"}
_PART: Final = re.compile(r"[A-Za-z-]+")


def write_card(about: DetectorMetadata, after: Mapping[str, Found], by_dictionary: Mapping[str, Found], docs: Path = DOCS) -> None:
    """Write the card in three languages. `after` and `by_dictionary`: the figures by slice with and without the model."""
    for language in LANGUAGES:
        rows = (
            f"| {_named(name, language)} | {found.texts} | {_share(found)} | {_share(by_dictionary[name])} |"
            for name, found in after.items()
        )
        of_slices = (
            _texts()["of"][language].format(share=_percent(most), name=_named(name, language)) for name, most in MOST_FALSE.items()
        )
        text = _texts()["page"][language].format(
            links=", ".join(f"[{_NAMES[each]}]({PAGES[each]})" for each in LANGUAGES if each != language),
            version=f"`{about.version}`",
            texts=about.texts,
            danger=about.danger,
            protected=about.protected,
            false_danger=_percent(FALSE_DANGER),
            false_protected=_percent(FALSE_PROTECTED),
            rows="\n".join(rows),
            most_false=", ".join(of_slices),
        )
        (docs / PAGES[language]).write_text(text, encoding="utf-8")


@cache
def _texts() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "card_texts.toml").read_text(encoding="utf-8"))


def _named(slice_name: str, language: Language) -> str:
    """Return the name of a slice in a language; codes of languages stay."""
    known = _texts()["slices"]
    return _PART.sub(lambda part: known[part[0]][language] if part[0] in known else part[0], slice_name)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _share(found: Found) -> str:
    return f"{found.marked} ({_percent(found.marked / found.texts)})"

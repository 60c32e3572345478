import json
from pathlib import Path

import pytest

from shared.language.junk import Junk, junk_in

HELD_OUT = Path(__file__).parents[3] / "services" / "routing" / "training" / "held_out" / "appeals.jsonl"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Junk.EMPTY),
        (" \n\u200b ", Junk.EMPTY),
        ("???", Junk.SYMBOLS),
        ("12345", Junk.SYMBOLS),
        ("👍👍", Junk.SYMBOLS),
        ("ывапролд", Junk.KEYBOARD),
        ("фывфывфыв", Junk.KEYBOARD),
        ("asdf asdf", Junk.KEYBOARD),
        ("ааааааааа", Junk.KEYBOARD),
        ("Онлайн казино, бонус новым игрокам", Junk.ADVERTISING),
        ("Пәтер сатылады, екі бөлмелі", Junk.ADVERTISING),
        ("Сіздің нөміріңіз ақша ұтып алды, сілтемеге өтіңіз", Junk.ADVERTISING),
    ],
)
def test_what_is_no_appeal_is_suggested_with_its_reason(text, reason):
    assert junk_in(text) is reason


@pytest.mark.parametrize(
    "text",
    [
        "привет",
        "талон жоқ",
        "ТМККК, МӘМС",
        "МРТ",
        "Мне звонят: вы выиграли приз от ОСМС, это мошенники?",
        "Приложение просит код из смс для взноса",
        "ок",
    ],
)
def test_short_and_doubtful_texts_are_not_suggested(text):
    assert junk_in(text) is None


def test_hardly_any_ordinary_text_is_suggested():
    rows = [json.loads(line) for line in HELD_OUT.read_text(encoding="utf-8").splitlines()]
    ordinary = [row for row in rows if row["style"] != "junk"]
    assert sum(junk_in(row["text"]) is not None for row in ordinary) <= 0.005 * len(ordinary)

"""The held-out texts are complete, labelled with codes that exist, and foreign to the training texts."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared.domain.taxonomy import taxonomy

TRAINING = Path(__file__).parents[3] / "services" / "routing" / "training"
FILES = ("appeals", "urgency", "protected")
LANGUAGES = {"ru", "kk", "mixed", "kk_nodia", "latin"}
STYLES = {
    "plain",
    "long_story",
    "sarcasm",
    "indirect",
    "question_like_complaint",
    "complaint_like_question",
    "several_issues",
    "junk",
    "praise_without_thanks",
    "bureaucratic",
    "dictated",
}
CODES = taxonomy()
ABOUT_CATEGORIES = {"COMPLAINT", "REPORT", "REQUEST"}
LEAST = {"SUGGESTION": 20, "GRATITUDE": 20, "FEEDBACK": 8, "OTHER": 20, "REQUEST": 20, "REPORT": 20}


def texts_of(name: str) -> list[dict[str, Any]]:
    lines = (TRAINING / "held_out" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def folded(text: str) -> str:
    return re.sub(r"\W+", "", text.casefold())


@pytest.fixture(scope="module")
def appeals() -> list[dict[str, Any]]:
    return texts_of("appeals")


def test_every_label_is_a_code_of_the_taxonomy(appeals):
    for appeal in appeals:
        assert set(appeal) == {"text", "language", "kind", "category", "topic", "style", "also_kinds", "also_subjects"}
        assert {appeal["kind"], *appeal["also_kinds"]} <= set(CODES.kinds), appeal
        assert set(appeal["also_subjects"]) <= {*CODES.categories, *CODES.topics}, appeal
        assert appeal["style"] in STYLES, appeal
        if appeal["kind"] in ABOUT_CATEGORIES:
            assert (appeal["category"] in CODES.categories, appeal["topic"]) == (True, None), appeal
        else:
            assert (appeal["topic"] in CODES.topics, appeal["category"]) == (True, None), appeal


def test_a_second_label_differs_from_the_first(appeals):
    for appeal in appeals:
        assert appeal["kind"] not in appeal["also_kinds"], appeal
        assert (appeal["category"] or appeal["topic"]) not in appeal["also_subjects"], appeal


def test_every_subject_and_kind_has_enough_texts(appeals):
    assert len(appeals) >= 420
    topics = Counter(appeal["topic"] for appeal in appeals)
    assert {code: topics[code] for code in CODES.topics if topics[code] < 6} == {}
    used = Counter(appeal["category"] for appeal in appeals)
    assert [code for code in CODES.categories if not used[code]] == []
    parents = Counter(CODES.categories[code].parent or code for code in used.elements() if code)
    assert {code: number for code, number in parents.items() if number < 6} == {}
    kinds = Counter(appeal["kind"] for appeal in appeals)
    assert {kind: kinds[kind] for kind, least in LEAST.items() if kinds[kind] < least} == {}


@pytest.mark.parametrize("name", FILES)
def test_languages_are_mixed_as_people_write(name):
    languages = Counter(text["language"] for text in texts_of(name))
    total = languages.total()
    assert set(languages) == LANGUAGES
    assert 0.40 <= languages["ru"] / total <= 0.50
    assert 0.35 <= languages["kk"] / total <= 0.45


def test_danger_and_calm_are_in_balance():
    assert Counter(text["urgent"] for text in texts_of("urgency")) == {True: 40, False: 40}


def test_protected_and_open_texts_are_in_balance():
    protected = Counter(text["protected"] for text in texts_of("protected"))
    assert set(protected) == {None, "EXTORTION", "CORRUPTION", "PRIVACY"}
    assert (protected[None], protected.total()) == (60, 120)


def test_no_text_is_there_twice():
    counts = Counter(text["text"] for name in FILES for text in texts_of(name))
    assert [text for text, number in counts.items() if number > 1] == []


def test_no_text_holds_a_long_number():
    assert [text["text"] for name in FILES for text in texts_of(name) if re.search(r"\d{7}", text["text"])] == []


def test_no_text_is_among_the_training_texts():
    lines = [line for file in TRAINING.rglob("*.txt") for line in file.read_text(encoding="utf-8").splitlines()]
    trained = {folded(line) for line in lines} - {""}
    assert [text["text"] for name in FILES for text in texts_of(name) if folded(text["text"]) in trained] == []

"""The articles suggested for a case, on held-out questions that no model was trained on."""

import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from routing.classification.service import subject_shares
from routing.knowledge.policy import WRITTEN_IN, article_seeds, filled_in, knowledge_policy
from routing.knowledge.schemas import Article
from routing.knowledge.service import suggest

HELD_OUT = Path(__file__).parents[3] / "services/routing/training/held_out/appeals.jsonl"
DAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def articles():
    """The confirmed articles of the file."""
    return [
        Article(
            id=seed.code,
            version=1,
            topic=seed.topic,
            category=seed.category,
            valid_from=seed.valid_from,
            valid_to=seed.valid_to,
            source=seed.source,
            reviewed=True,
            questions={language: filled_in(seed.texts[language].question, language, DAY) for language in WRITTEN_IN},
            answers={language: filled_in(seed.texts[language].answer, language, DAY) for language in WRITTEN_IN},
            synonyms={language: seed.texts[language].synonyms for language in WRITTEN_IN},
        )
        for seed in article_seeds()
        if seed.is_confirmed
    ]


def of(articles, text, kind="CONSULTATION"):
    return suggest(articles, text, subject_shares(text, kind))


class TestSuggest:
    def test_the_right_article_is_among_the_suggested_ones_in_nine_of_ten_questions(self, articles):
        covered, right, asked = {article.topic for article in articles}, Counter(), Counter()
        for question in map(json.loads, HELD_OUT.read_text(encoding="utf-8").splitlines()):
            if question["kind"] == "CONSULTATION" and question["topic"] in covered:
                is_right = question["topic"] in {article.topic for article in of(articles, question["text"])}
                for slot in ("all", question["language"]):
                    asked[slot] += 1
                    right[slot] += is_right
        assert right["all"] / asked["all"] >= 0.9
        assert [slot for slot in asked if right[slot] / asked[slot] < 0.85] == []

    def test_there_are_no_more_than_the_policy_says_and_none_twice(self, articles):
        found = of(articles, "Сколько платить за себя, если ИП, и как проверить статус?")
        assert len(found) <= knowledge_policy().suggested.shown
        assert len({article.id for article in found}) == len(found)

    def test_a_text_that_shares_nothing_with_an_article_gets_none_of_them(self, articles):
        assert suggest(articles, "ыыыыы", {}) == []

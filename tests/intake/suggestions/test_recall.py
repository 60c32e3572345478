"""How often the right article is among the first three, on held-out questions that the topic model was never trained or tuned on."""

import json
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import pytest

from intake.suggestions.schemas import OfferedArticle
from intake.suggestions.service.features import features_of
from intake.suggestions.service.index import ArticleIndex
from intake.suggestions.service.topics import TopicModel, topic_model
from shared.domain.tables import ReferenceDataError

ROOT = Path(__file__).parents[3]
ARTICLES = ROOT / "services/routing/routing/knowledge/data/articles.toml"
HELD_OUT = ROOT / "services/routing/training/held_out/appeals.jsonl"
DAY = date(2026, 3, 2)
LANGUAGES = ("kk", "ru")


def articles():
    """Return the articles of routing's file that are published and about a topic, as they reach the replica."""
    for row in tomllib.loads(ARTICLES.read_text(encoding="utf-8"))["article"]:
        if "topic" in row and row.get("review", "done") == "done" and row.get("reviewed", True):
            yield OfferedArticle(
                uuid5(NAMESPACE_OID, row["id"]),
                row["topic"],
                {language: row[language]["question"] for language in LANGUAGES},
                {language: row[language]["answer"] for language in LANGUAGES},
                {language: row[language].get("synonyms", []) for language in LANGUAGES},
                DAY,
                None,
                "a test",
            )


@pytest.fixture(scope="module")
def found():
    """Return right and all questions by topic and by language, of topics with a published article, and those taken for none."""
    known = list(articles())
    index, topics = ArticleIndex(known, topic_model()), {article.topic for article in known}
    right, asked, refused = Counter(), Counter(), 0
    for line in HELD_OUT.read_text(encoding="utf-8").splitlines():
        text = json.loads(line)
        if text["kind"] != "CONSULTATION" or text["topic"] not in topics:
            continue
        is_right = text["topic"] in [each.article.topic for each in index.search(text["text"], DAY, 3)]
        for slot in ("all", text["topic"], text["language"]):
            asked[slot] += 1
            right[slot] += is_right
        refused += topic_model().no_question(topic_model().rarities(features_of(text["text"]))) >= 0.95
    return right, asked, refused


class TestRecall:
    def test_the_right_article_is_among_the_first_three(self, found):
        right, asked, _ = found
        assert right["all"] / asked["all"] >= 0.9

    @pytest.mark.parametrize("language", ["kk", "ru", "mixed", "kk_nodia", "latin"])
    def test_it_is_in_every_language_and_spelling(self, found, language):
        right, asked, _ = found
        assert right[language] / asked[language] >= 0.8

    def test_no_topic_is_lost(self, found):
        right, asked, _ = found
        assert [slot for slot in asked if right[slot] / asked[slot] < 0.5] == []

    def test_few_questions_are_taken_for_complaints(self, found):
        _, asked, refused = found
        assert refused / asked["all"] <= 0.05


class TestModel:
    def test_a_model_that_does_not_fit_the_topics_stops_the_start(self):
        content = topic_model().file().replace(b"PAY_DEBT", b"PAY_LOAN")
        with pytest.raises(ReferenceDataError):
            TopicModel.of(content)

    def test_the_file_is_read_as_it_was_written(self):
        assert TopicModel.of(topic_model().file()).file() == topic_model().file()

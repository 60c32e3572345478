"""How often the right article is among the first three, on held-out questions that the topic model was never trained or tuned on."""

import pytest

from intake.suggestions.service.index import ArticleIndex
from intake.suggestions.service.topics import TopicModel, topic_model
from shared.domain.tables import ReferenceDataError
from topic_training.recall import DAY, figures_of_page, measure, published_articles, table

PROMISE = 0.03
"""How far a share may fall below the page before the page is wrong: texts and model are renewed more often than the page."""


@pytest.fixture(scope="module")
def found():
    return measure()


class TestRecall:
    def test_the_right_article_is_among_the_first_three(self, found):
        assert found.right["all"] / found.asked["all"] >= 0.9

    @pytest.mark.parametrize("language", ["kk", "ru", "mixed", "kk_nodia", "latin"])
    def test_it_is_in_every_language_and_spelling(self, found, language):
        assert found.right[language] / found.asked[language] >= 0.8

    def test_no_topic_is_lost(self, found):
        assert [slot for slot in found.asked if found.right[slot] / found.asked[slot] < 0.5] == []

    def test_few_questions_are_taken_for_complaints(self, found):
        assert found.refused / found.asked["all"] <= 0.05

    def test_the_page_promises_no_more_than_the_search_holds(self, found):
        page = figures_of_page()
        assert {"all", "kk", "ru"} <= page.keys(), "run `make recall`"
        held = {slot: found.right[slot] / found.asked[slot] for slot in ("all", *found.languages)}
        assert {slot: share for slot, share in held.items() if share < page.get(slot, 0) - PROMISE} == {}, "run `make recall`"

    def test_every_topic_and_language_has_its_row(self, found):
        rows = table(found).splitlines()
        assert [slot for slot in (*found.topics, *found.languages) if not any(row.startswith(f"| {slot} |") for row in rows)] == []


NOTHING = [
    "здравствуйте добрый день",
    "қайырлы күн, сәлеметсіз бе",
    "спасибо большое, всё понятно",
    "тест тест тест тест",
    "йцукен фывапр ячсмить",
    "asdfgh qwerty zxcvbn",
    "ааааа бббббб вввввв",
    "lorem ipsum dolor sit amet",
    "вжщпр ылодт хъзщш гнеку",
    "менің атым Болат, танысайық",
]


@pytest.fixture(scope="module")
def index():
    return ArticleIndex(list(published_articles()), topic_model())


class TestEvidence:
    @pytest.mark.parametrize("text", NOTHING)
    def test_nothing_is_offered_for_a_text_that_says_nothing(self, index, text):
        assert index.search(text, DAY, 3) == []

    def test_of_the_questions_hardly_one_is_left_without_an_article(self, found):
        assert found.without <= 0.01 * found.asked["all"]


class TestModel:
    def test_a_model_that_does_not_fit_the_topics_stops_the_start(self):
        content = topic_model().file().replace(b"PAY_DEBT", b"PAY_LOAN")
        with pytest.raises(ReferenceDataError):
            TopicModel.of(content)

    def test_the_file_is_read_as_it_was_written(self):
        assert TopicModel.of(topic_model().file()).file() == topic_model().file()

from datetime import date

import pytest

from routing.knowledge.service import WRITTEN_IN, articles, how_to_complain, search

DAY = date(2026, 6, 1)


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "first"),
        [
            ("Қалай төлеуге болады", "pay-methods"),
            ("калай толеуге болады", "pay-methods"),  # without Kazakh letters
            ("как сменить поликлинику", "attachment"),
            ("очередь на КТ", "diagnostics-wait"),
            ("тіс емдеу", "dental"),
            ("қателікпен төлем қайтару", "pay-refund"),
        ],
    )
    def test_the_best_match_comes_first_however_it_is_typed(self, query, first):
        assert search(query, DAY)[0].id == first

    def test_an_empty_query_returns_every_valid_reviewed_article(self):
        assert {article.id for article in search("", DAY)} == {article.id for article in articles() if article.reviewed}

    @pytest.mark.parametrize("query", ["жираф", "??", "ы"])
    def test_a_query_without_a_match_finds_nothing(self, query):
        assert search(query, DAY) == []

    def test_the_rates_of_a_year_are_not_shown_in_the_next(self):
        assert "pay-rates" in {article.id for article in search("", date(2026, 12, 31))}
        assert "pay-rates" not in {article.id for article in search("", date(2027, 1, 1))}


class TestArticles:
    def test_each_is_written_in_both_languages_under_a_subject_and_a_source(self):
        assert len(articles()) == 22
        for article in articles():
            assert article.source
            assert article.topic or article.category
            assert all(article.questions[language] and article.answers[language] for language in WRITTEN_IN)

    def test_every_answer_ends_with_how_to_complain(self):
        assert all("1414" in how_to_complain()[language] for language in WRITTEN_IN)

"""The files of the knowledge base: every topic has an article, and every figure comes from the parameters of its year."""

from datetime import date
from decimal import Decimal

import pytest

from routing.knowledge import policy
from routing.knowledge.codes import FigureProblem, ReviewState
from routing.knowledge.policy import (
    WRITTEN_IN,
    article_seeds,
    figure_faults,
    filled_in,
    how_to_complain,
    parameters,
    unconfirmed_figures,
)
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import taxonomy

IN_2026 = (date(2026, 1, 1), date(2026, 12, 31))
OPEN_END = (date(2026, 1, 1), None)
YEARS = (2024, 2025, 2026)
GAP = policy.GAP
SUGGESTED = policy.knowledge_policy().suggested


def faults(text, days=IN_2026, language="ru"):
    return [(fault.problem, fault.instead) for fault in figure_faults(text, language, *days)]


def entry(**changed):
    text = {"question": "Сұрақ?", "answer": "Жауап."}
    usual = {"id": "x", "topic": "PAY_RATES", "source": "заң", "review": "done", "reviewer": "Қор", "kk": text, "ru": text}
    days = {"valid_from": IN_2026[0], "valid_to": IN_2026[1]}
    return policy.ArticleEntry.model_validate(usual | days | changed)


class TestKeepers:
    def test_supervisors_heads_and_admins_keep_the_articles(self):
        assert policy.knowledge_policy().keepers == ("supervisor", "head", "admin")

    @pytest.mark.parametrize("keepers", [[], ["keeper"], ["applicant"], ["head", "provider"], ["service"]])
    def test_whoever_is_no_staff_of_the_fund_stops_the_start(self, keepers):
        with pytest.raises(ValueError, match="keepers"):
            policy.KnowledgePolicy(keepers=keepers, warn_days=45, suggested=SUGGESTED)

    def test_the_keepers_are_warned_a_month_before_an_article_ends(self):
        assert policy.knowledge_policy().warn_days >= 30
        with pytest.raises(ValueError, match="warn_days"):
            policy.KnowledgePolicy(keepers=("head",), warn_days=29, suggested=SUGGESTED)


class TestArticles:
    def test_every_topic_has_one_that_is_published_or_waits_for_its_confirmation(self):
        assert {article.topic for article in article_seeds()} >= set(taxonomy().topics)

    def test_each_is_an_answer_in_both_languages_with_source_validity_and_reviewer(self):
        assert len(article_seeds()) == 52
        for article in article_seeds():
            assert article.source, article.code
            assert bool(article.reviewer) is article.is_confirmed, article.code
            for language in WRITTEN_IN:
                text = article.texts[language]
                assert text.question, article.code
                assert text.answer.endswith("."), article.code
                assert text.synonyms, article.code

    def test_what_the_fund_or_a_lawyer_has_to_confirm_says_what(self):
        waiting = {article.code for article in article_seeds() if not article.is_confirmed}
        assert waiting == {
            "pay-rates-self-employed", "pay-debt-gaps", "benefit-child-past-three", "de-categories-application", "sick-leave", "rehab",
            "foreigners", "provider-contract",
        }  # fmt: skip

    def test_every_figure_comes_from_the_parameters_of_its_year(self):
        named = 0
        for article in article_seeds():
            for language in WRITTEN_IN:
                for part in (article.texts[language].question, article.texts[language].answer):
                    assert not list(figure_faults(part, language, article.valid_from, article.valid_to)), article.code
                    filled = filled_in(part, language, article.valid_from)
                    assert "{" not in filled, article.code
                    # What a reader sees as a figure is exactly what the parameters of those years say.
                    written = {each.written(language) for each in parameters().values()}
                    found = {match[0].strip() for match in policy._WRITTEN.finditer(filled)}
                    assert found <= written, (article.code, found - written)
                    named += len(found)
        assert named > 60

    def test_every_answer_ends_with_how_to_complain(self):
        assert all("1414" in how_to_complain()[language] for language in WRITTEN_IN)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"topic": None}, "topic or category is not known"),
            ({"topic": "NOPE"}, "topic or category is not known"),
            ({"reviewer": ""}, "names its reviewer"),
            ({"review": "needed", "reviewer": ""}, "says what to confirm"),
            ({"ru": {"question": "Сколько?", "answer": "Это 4 250 тенге."}}, "4 250 тенге figure-written-out"),
            ({"kk": {"question": "Қанша?", "answer": "Бұл {{nothing}}."}}, "figure-unknown"),
            ({"valid_to": None, "ru": {"question": "?", "answer": "{{self_payer_month}}."}}, "figure-outlives-its-year"),
            ({"ru": {"question": "?", "answer": "{{monthly_indicator.2025}}."}}, "nobody has confirmed monthly_indicator of 2025"),
        ],
    )
    def test_a_wrong_article_stops_the_start(self, wrong, message):
        with pytest.raises(ReferenceDataError, match=message):
            policy._seed(entry(**wrong))


class TestFigures:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Платите {{self_payer_month}} в месяц.", []),
            ("Платите 4 250 тенге.", [(FigureProblem.WRITTEN_OUT, "{{self_payer_month}}")]),
            (f"Платите 4{GAP}250{GAP}тенге.", [(FigureProblem.WRITTEN_OUT, "{{self_payer_month}}")]),
            ("Ставка 21,5 %.", [(FigureProblem.WRITTEN_OUT, "{{single_payment_rate.2024}}")]),
            ("Ставка 21.5% была.", [(FigureProblem.WRITTEN_OUT, "{{single_payment_rate.2024}}")]),
            ("Не больше 20 МЗП.", [(FigureProblem.WRITTEN_OUT, "{{employee_ceiling}}")]),
            ("До 300 МРП.", [(FigureProblem.WRITTEN_OUT, "{{self_employed_limit}}")]),
            ("Около 100 тыс тенге.", [(FigureProblem.WRITTEN_OUT, None)]),
            ("Всего 1 012 856 человек.", [(FigureProblem.WRITTEN_OUT, None)]),
            ("Ставка {{no_such}}.", [(FigureProblem.UNKNOWN, None)]),
            ("Было {{single_payment_rate.2026}}.", [(FigureProblem.UNKNOWN, None)]),
            ("Было {{ self_payer_month", [(FigureProblem.UNREADABLE, None)]),
        ],
    )
    def test_a_figure_is_named_and_not_written_out(self, text, found):
        assert faults(text) == found

    def test_a_figure_of_a_year_does_not_outlive_it(self):
        assert faults("{{self_payer_month}}", OPEN_END) == [(FigureProblem.OUTLIVES_ITS_YEAR, "{{self_payer_month.2026}}")]
        assert faults("{{self_payer_month.2026}}", OPEN_END) == []

    @pytest.mark.parametrize(
        "text",
        [
            "Звоните 1414 или 103.",
            "Срок – 15 рабочих дней, статус сохраняется 3 месяца.",
            "Приказ № ҚР ДСМ-198/2020 от 24 декабря 2020 года, статья 76.",
            "С 1 января 2026 года, до 25 числа.",
            "16 категорий, 11 болезней.",
        ],
    )
    def test_days_numbers_and_telephones_are_no_figures(self, text):
        assert faults(text) == []

    def test_the_figure_is_that_of_the_articles_year_or_of_the_named_one(self):
        assert filled_in("{{employee_ceiling}}", "kk", date(2025, 5, 1)) == f"10{GAP}ЕТЖ"
        assert filled_in("{{employee_ceiling}}", "ru", date(2026, 5, 1)) == f"20{GAP}МЗП"
        assert filled_in("{{single_payment_rate.2025}}", "ru", date(2026, 5, 1)) == f"23,8{GAP}%"
        assert filled_in("{{employer_most}}", "kk", date(2026, 1, 1)) == f"102{GAP}000{GAP}теңге"

    def test_rates_and_ceilings_of_three_years_are_there(self):
        for code in ("minimum_wage", "employee_rate", "employee_ceiling", "employer_rate", "employer_ceiling", "self_payer_year"):
            assert {year for known, year in parameters() if known == code} == set(YEARS), code

    def test_an_unconfirmed_figure_is_found(self):
        assert [each.year for each in unconfirmed_figures("{{monthly_indicator}}", date(2025, 1, 1))] == [2025]
        assert unconfirmed_figures("{{monthly_indicator}}", date(2026, 1, 1)) == []
        assert any(each.review is ReviewState.NEEDED for each in parameters().values())

    def test_a_product_is_checked(self):
        known = parameters()
        cells = {"code": "x", "year": "2026", "value": "1", "unit": "tenge", "review": "done", "source": "s"}
        row = Row("parameters.csv", 1, cells | {"product": "self_payer_rate * minimum_wage"})
        with pytest.raises(ReferenceDataError, match="is 4250, not 1"):
            policy._check_product(row, policy._parameter(row), known)
        missing = Row("parameters.csv", 1, cells | {"product": "no_such * 2"})
        with pytest.raises(ReferenceDataError, match="no_such of 2026 is not known"):
            policy._check_product(missing, policy._parameter(missing), known)

    def test_a_year_of_contributions_is_twelve_months(self):
        assert parameters()["self_payer_year", 2026].value == 12 * parameters()["self_payer_month", 2026].value == Decimal(51000)

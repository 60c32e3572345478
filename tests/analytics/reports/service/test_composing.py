"""Sentences that depend on what is known of the period before."""

from datetime import date, timedelta

import pytest

from analytics.reports.schemas import ReportQuery
from analytics.reports.service import ReportPeriod, Wording, read
from analytics.reports.service.composing import ReportSource, compose
from analytics.reports.service.statement import check
from tests.analytics.reports.conftest import cells_of, document_of, texts_of
from tests.analytics.reports.statistics import fact_row, store

NOW, BEFORE = date(2025, 3, 3), date(2024, 3, 3)


def rows(start: int, number: int, **values):
    return [fact_row(start + index, **values) for index in range(number)]


class TestComparison:
    async def test_a_register_of_complaints_alone_is_no_total_to_compare_with(self, kyzylorda):
        document = await document_of(kyzylorda)
        assert "Жалпы санын 2024 жылмен салыстыруға болмайды: 2024 жылы тек шағымдар тіркелген." in texts_of(document)
        assert cells_of(document, "Негізгі көрсеткіштер")["Түскен өтініштер"] == ("–", "2 669", "–", "–")
        assert cells_of(document, "Негізгі көрсеткіштер")["оның ішінде шағымдар"] == ("847", "736", "−111", "−13,1 %")
        assert cells_of(document, "Өтініштердің түрлері")["Барлығы"] == ("2 669", "100,0 %")

    async def test_reasons_of_a_register_that_has_none_are_not_compared(self, kyzylorda):
        assert cells_of(await document_of(kyzylorda), "Шағымдардың себептері")["Көрсетілмеген"] == ("110", "14,9 %")

    @pytest.mark.parametrize(
        ("before", "kk", "ru"),
        [
            (5, "Шағымдар саны 2024 жылмен салыстырғанда өзгерген жоқ.", "Число жалоб по сравнению с 2024 годом не изменилось."),
            (4, "1-ге (25,0 %) көбейді: бұрын 4 болған.", "выросло на 1 (25,0 %): было 4."),
            (10, "5-ке (50,0 %) азайды: бұрын 10 болған.", "сократилось на 5 (50,0 %): было 10."),
            (0, "Салыстыратын дерек жоқ: 2024 жылы шағым тіркелмеген.", "Сравнить не с чем: в 2024 году жалоб не зарегистрировано."),
        ],
    )  # fmt: skip
    async def test_rises_and_falls_are_stated_in_words(self, world, before, kk, ru):
        await store(world, [*rows(1, 5, received_on=NOW, category="QUALITY"), *rows(100, before, received_on=BEFORE, category="QUALITY")])
        assert kk in texts_of(await document_of(world, "kk"))
        assert ru in texts_of(await document_of(world, "ru"))

    async def test_a_rise_that_complaints_without_a_reason_could_explain_is_not_claimed(self, world):
        now = [*rows(1, 30, received_on=NOW, category="QUALITY"), *rows(50, 5, received_on=NOW, category="DRUGS")]
        before = [*rows(100, 10, received_on=BEFORE, category="QUALITY"), *rows(200, 20, received_on=BEFORE)]
        await store(world, [*now, *before, *rows(300, 3, received_on=BEFORE, category="DRUGS")])
        text = texts_of(await document_of(world))
        assert "Ең көп өскен себеп" not in text
        assert "20 шағым" not in text

    async def test_a_rise_that_nothing_else_explains_is_named(self, world):
        now = [*rows(1, 30, received_on=NOW, category="QUALITY"), *rows(50, 2, received_on=NOW, category="DRUGS")]
        before = [*rows(100, 10, received_on=BEFORE, category="QUALITY"), *rows(200, 19, received_on=BEFORE)]
        await store(world, [*now, *before, *rows(300, 9, received_on=BEFORE, category="DRUGS")])
        text = texts_of(await document_of(world, "ru"))
        assert "Больше всего жалоб прибавилось по причине «Качество оказанных медицинских услуг»: было 10, стало 30." in text
        assert "Больше всего сократилось число жалоб по причине «Отказ в обеспечении лекарственными средствами»: было 9, стало 2." in text


class TestOutcomes:
    async def test_a_part_that_was_published_undivided_is_named(self, world):
        known = [*rows(1, 3, outcome="WITHDRAWN"), *rows(10, 2, outcome="RESOLVED_ON_SPOT"), *rows(20, 1, outcome=None, status="IN_REVIEW")]
        await store(world, [*known, *rows(30, 4, outcome="ON_SPOT_OR_WITHDRAWN_UNSPLIT")])
        text = texts_of(await document_of(world))
        assert "10 шағымның 9-ы (90,0 %)" in text
        assert "Оның ішінде 4 шағым бөлінбей жарияланған" in text
        assert "10 шағымның 1-і (10,0 %) әлі қаралып жатыр." in text


class TestTimeliness:
    async def test_times_are_written_in_the_units_of_the_language(self, world):
        await store(world, [_answered(number, hours=number) for number in range(1, 11)])
        assert "Өтініштердің жартысына жауап 5 сағ 30 мин ішінде, оннан тоғызына 9 сағ 6 мин ішінде берілді." in texts_of(
            await document_of(world)
        )
        text = texts_of(await document_of(world, "ru"))
        assert "Половина ответов дана не позднее чем через 5 ч 30 мин, девять из десяти – через 9 ч 6 мин." in text
        assert "Ответ дан на 100,0 % обращений." in text


def _answered(number: int, hours: int):

    row = fact_row(number, imported=False, category="QUALITY")
    return row | {"answered_at": row["received_at"] + timedelta(hours=hours), "due_at": row["received_at"] + timedelta(days=20)}


def headings_of(document):
    return [section.heading for section in document.sections]


class TestSections:
    async def test_a_month_has_no_section_of_months(self, world):
        await store(world, rows(1, 5, received_on=NOW, category="QUALITY"))
        assert "Айлар бойынша" in headings_of(await document_of(world, period="2025"))
        month = await document_of(world, period="2025-03")
        assert "Айлар бойынша" not in headings_of(month)
        assert "Шағымдар" in headings_of(month)

    async def test_without_complaints_the_report_says_so_and_has_no_reasons_and_outcomes(self, world):
        await store(world, rows(1, 4, received_on=NOW, kind="CONSULTATION"))
        document = await document_of(world, "ru")
        assert "Жалоб не поступало." in texts_of(document)
        assert "Сравнить не с чем: в 2024 году жалоб не зарегистрировано." not in texts_of(document)
        assert not {"Жалобы", "Итоги рассмотрения жалоб"} & set(headings_of(document))

    async def test_without_complaints_a_fall_from_those_of_the_year_before_is_stated(self, world):
        await store(world, [*rows(1, 4, received_on=NOW, kind="CONSULTATION"), *rows(50, 2, received_on=BEFORE)])
        assert "Жалоб не поступало." in texts_of(await document_of(world, "ru"))
        assert "сократилось на 2 (100,0 %): было 2." in texts_of(await document_of(world, "ru"))


class TestCallsAndAnswers:
    @pytest.fixture
    async def document(self, world):
        """`await document(calls_offered=5)`: a report in Russian whose figures have these values."""
        await store(world, rows(1, 4, received_on=NOW, kind="CONSULTATION"))

        async def run(**values):
            async with world.parts.units.read() as work:
                found = await read(work, "KZ-43", ReportPeriod.of_code("2025"), ReportQuery(language="ru"))
            changed = {code: found.content.figures[code].model_copy(update={"value": value}) for code, value in values.items()}
            content = found.content.model_copy(update={"figures": found.content.figures | changed})
            wording = Wording("ru")
            return compose(ReportSource(content, found.labels, check(content, found.labels, wording), None), wording)

        return run

    async def test_questions_answered_before_an_appeal_are_counted_apart(self, document):
        assert "Ещё на 21 вопрос готовый ответ нашёлся до подачи обращения" in texts_of(await document(self_served=21))
        assert "готовый ответ" not in texts_of(await document(self_served=0))

    async def test_calls_are_stated_with_the_share_answered_in_time(self, document):
        text = texts_of(await document(calls_offered=5, calls_answered=4, calls_service_level=80.0))
        assert "В контакт-центр поступило 5 звонков, принято – 4. Вовремя принято 80,0 % звонков." in text

    async def test_a_share_of_too_few_calls_is_not_stated(self, document):
        text = texts_of(await document(calls_offered=5, calls_answered=4, calls_service_level=None))
        assert "В контакт-центр поступило 5 звонков, принято – 4." in text
        assert "Вовремя принято" not in text

    async def test_without_calls_they_are_not_mentioned(self, document):
        assert "контакт-центр поступило" not in texts_of(await document(calls_offered=0))

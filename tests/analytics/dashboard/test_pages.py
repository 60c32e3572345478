from dataclasses import replace
from pathlib import Path

import pytest

import analytics
from analytics.dashboard import pages
from analytics.kpis.service import kpi_definitions
from shared.domain.tables import ReferenceDataError
from shared.web.catalogs import missing_messages
from shared.web.session import COOKIE
from tests.analytics.figures import publish_kyzylorda
from tests.analytics.kpis.service.test_figures import ended

YEAR = "?from=2025-01-01&to=2025-12-31&compare=previous_year"


def squeezed(html: str) -> str:
    return " ".join(html.replace("\u202f", " ").replace("\u00a0", " ").split())


@pytest.fixture
def page(world):
    """`status, text = await page("?from=…", role, region)`: the dashboard as it comes."""

    async def read(query: str = "", role: str | None = "analyst", region: str | None = None, language: str = "ru") -> tuple[int, str]:
        cookie = f"{COOKIE}={world.token(role, region)}" if role else ""
        headers = {"cookie": cookie, "accept-language": language, "accept": "text/html"}
        response = await world.client.get(f"/analytics/dashboard{query}", headers=headers)
        return response.status_code, squeezed(response.text)

    return read


class TestTexts:
    def test_every_sentence_is_there_in_kazakh_and_russian(self):
        assert missing_messages(Path(analytics.__file__).parent) == []


class TestSections:
    def test_a_file_that_hides_a_figure_the_page_names_is_refused(self, monkeypatch):
        hidden = {kpi_id: replace(kpi, dashboard=None) for kpi_id, kpi in kpi_definitions().items() if kpi_id == "received"}
        monkeypatch.setattr(pages, "kpi_definitions", lambda: {**kpi_definitions(), **hidden})
        with pytest.raises(ReferenceDataError, match="not on the dashboard: received"):
            pages.check_figures()


class TestDashboard:
    async def test_a_head_reads_the_branchs_figures_and_their_comparison(self, world, make, page):
        await publish_kyzylorda(world, make)
        status, text = await page(YEAR, "head", "KZ-43")
        assert status == 200
        assert "<h1>Кызылординская область</h1>" in text
        assert "−13,1 % (−111), годом ранее: 847" in text
        assert "294 · 39,9 %" in text
        assert "Всего 736. Чаще всего: Качество оказанных медицинских услуг, 39,9 %." in text
        assert '<select id="f-region"' not in text

    async def test_the_centres_figures_stand_in_their_own_section_for_those_who_may_see_them(self, world, page):
        await world.consume(ended(1, waited=7, talked=90), ended(2, "ABANDONED", waited=30))
        _, text = await page(YEAR, "head", "KZ-43")
        assert "Контакт-центр и оценки" in text
        assert "7,0 с" in text
        assert "50,0" in text
        assert "Контакт-центр и оценки" not in (await page(YEAR, None))[1]

    async def test_what_does_not_add_up_is_remarked(self, world, make, page):
        await publish_kyzylorda(world, make)
        _, text = await page(YEAR)
        assert "Жалобы без указанной причины: 110 (14,9 %)." in text
        assert "они не входят ни в один из двух показателей: 415 (56,4 %)." in text
        assert "Сумма долей, каждая из которых округлена: 99,9 % (Причины жалоб)." in text

    async def test_whoever_has_not_signed_in_reads_the_public_figures_and_how_to_see_more(self, world, make, page):
        await world.consume(*(make("appeal-imported", number, channel="MAIL" if number < 2 else "APP") for number in range(20)))
        status, text = await page(YEAR, None)
        assert status == 200
        assert 'href="/sign-in?next=/analytics/dashboard"' in text
        assert "Некоторые строки скрыты из-за малых чисел." in text
        assert "Отозванные жалобы" not in text
        assert "Итоги рассмотрения" not in text

    async def test_a_role_without_figures_of_its_own_reads_the_public_ones(self, page):
        status, text = await page("", "specialist", "KZ-43")
        assert (status, "Это открытые показатели" in text, "Отозванные жалобы" in text) == (200, True, False)

    async def test_of_another_branch_a_head_reads_the_public_figures(self, page):
        status, text = await page(YEAR + "&region=KZ-27", "head", "KZ-43")
        assert (status, "Это открытые показатели" in text) == (200, True)
        assert (await page("?from=2025-01-01&to=2025-01-31&region=KZ-27", "head", "KZ-43"))[0] == 422

    async def test_a_stranger_chooses_among_the_periods_that_are_over(self, page):
        _, text = await page("", None)
        assert '<option value="2025" selected>2025 год</option>' in text
        assert '<option value="2025-Q4">4-й квартал 2025 года</option>' in text
        assert "2026-Q1" not in text
        assert 'name="from"' not in text
        _, quarter = await page("?period=2025-Q3", None)
        assert '<option value="2025-Q3" selected>' in quarter
        assert "За этот период обращений не поступало" in quarter

    @pytest.mark.parametrize("query", ["?from=2025-01-01&to=2025-01-31", "?from=2026-01-01&to=2026-12-31"])
    async def test_a_period_that_is_not_public_is_named_and_the_form_stays(self, page, query):
        status, text = await page(query, None)
        assert status == 422
        assert "Открытые показатели публикуются за завершённые кварталы, полугодия и годы." in text
        assert 'name="period"' in text

    async def test_a_period_with_too_few_appeals_says_so(self, world, make, page):
        await world.consume(make("appeal-imported", 1))
        _, text = await page(YEAR, None, language="kk")
        assert "Бұл кезеңнің көрсеткіштері жасырылған" in text

    async def test_a_small_public_figure_is_hidden_on_its_card(self, world, make, page):
        await world.consume(make("appeal-imported", 1))
        _, text = await page(YEAR, None)
        assert text.count("<b>скрыто</b>") == 2
        assert "малые числа не публикуются" in text

    async def test_a_period_without_appeals_says_so(self, page):
        status, text = await page()
        assert status == 200
        assert "За этот период обращений не поступало" in text

    async def test_the_first_visit_shows_this_year_until_today(self, page):
        _, text = await page()
        assert 'value="2026-01-01"' in text
        assert 'value="2026-02-05"' in text
        assert 'aria-current="true">Этот год</a>' in text

    async def test_a_period_that_is_not_public_is_answered_once_next_to_the_list_of_periods(self, page):
        status, text = await page("?period=2026-Q4", None)
        assert status == 422
        assert "Укажите обе даты" not in text
        assert text.count('<a href="#f-period"') == 1

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("?from=2025-02-01&to=2025-01-01", "Последний день раньше первого."),
            ("?from=&to=2025-01-01", "Укажите обе даты."),
            ("?from=soon&to=2025-01-01", "Укажите дату: год, месяц и день."),
            ("?from=1999-01-01&to=2000-01-01", "Дата должна быть между 2000 и 2099 годами."),
            (YEAR + "&region=KZ-99", "Выберите из списка."),
        ],
    )
    async def test_a_wrong_filter_is_named_and_the_form_stays(self, page, query, sentence):
        status, text = await page(query)
        assert status == 422
        assert sentence in text
        assert 'name="from"' in text

import re
from dataclasses import replace
from pathlib import Path

import pytest

import analytics
from analytics.dashboard.pages import dashboard
from analytics.kpis.service import kpi_definitions
from shared.domain.tables import ReferenceDataError
from shared.web.catalogs import missing_messages
from shared.web.session import COOKIE
from tests.analytics.figures import publish_kyzylorda
from tests.analytics.kpis.service.test_figures import ended
from tests.analytics.providers import conftest as providers
from tests.analytics.providers.conftest import QUARTER

directory = providers.directory
"""A fixture, which pytest finds by name."""
YEAR = "?from=2025-01-01&to=2025-12-31&compare=previous_year"


def squeezed(html: str) -> str:
    return " ".join(html.replace("\u202f", " ").replace("\u00a0", " ").split())


@pytest.fixture
def get(world):
    """`response = await get("/analytics/dashboard?from=…", role, region)`: a page as a browser of this visitor gets it."""

    async def read(path: str, role: str | None = "analyst", region: str | None = None, language: str = "ru"):
        cookie = f"{COOKIE}={world.token(role, region)}" if role else ""
        headers = {"cookie": cookie, "accept-language": language, "accept": "text/html"}
        return await world.client.get(path, headers=headers)

    return read


@pytest.fixture
def page(get):
    """`status, text = await page("?from=…", role, region)`: the dashboard as it comes."""

    async def read(query: str = "", role: str | None = "analyst", region: str | None = None, language: str = "ru") -> tuple[int, str]:
        response = await get(f"/analytics/dashboard{query}", role, region, language)
        return response.status_code, squeezed(response.text)

    return read


class TestTexts:
    def test_every_sentence_is_there_in_kazakh_and_russian(self):
        assert missing_messages(Path(analytics.__file__).parent) == []


class TestSections:
    def test_a_file_that_hides_a_figure_the_page_names_is_refused(self, monkeypatch):
        hidden = {kpi_id: replace(kpi, dashboard=None) for kpi_id, kpi in kpi_definitions().items() if kpi_id == "received"}
        monkeypatch.setattr(dashboard, "kpi_definitions", lambda: {**kpi_definitions(), **hidden})
        with pytest.raises(ReferenceDataError, match="not on the dashboard: received"):
            dashboard.check_figures()


class TestDashboard:
    async def test_a_head_reads_what_changed_and_why(self, world, make, page):
        await publish_kyzylorda(world, make)
        status, text = await page(YEAR, "head", "KZ-43")
        assert status == 200
        assert "<h1>Кызылординская область</h1>" in text
        assert "Жалоб стало меньше на 111 (−13,1 %): было 847, стало 736." in text
        assert "Всего 736 жалоб: на 111 меньше, чем за тот же период прошлого года (−13,1 %)." in text
        assert "Самая частая причина – «Качество оказанных медицинских услуг»: 294 жалобы (39,9 %)." in text
        assert '<select id="f-region"' not in text

    async def test_kazakh_sentences_have_their_endings(self, world, make, page):
        await publish_kyzylorda(world, make)
        _, text = await page(YEAR, "head", "KZ-43", "kk")
        assert "Шағым 111-ге азайды (−13,1 %): 847-ден 736-ға түсті." in text
        assert "Ең жиі себеп – «Медициналық көмектің сапасы»: 294 шағым (39,9 %)." in text

    async def test_another_comparison_is_chosen_in_the_address(self, world, make, page):
        await publish_kyzylorda(world, make)
        _, text = await page("?period=2025&compare=previous_period")
        assert "на 111 меньше, чем за предыдущий период" in text
        _, text = await page("?period=2025&compare=none")
        assert "Всего 736 жалоб. " in text
        assert "чем за" not in text

    async def test_filters_narrow_the_figures_and_can_be_removed(self, world, make, page):
        await publish_kyzylorda(world, make)
        _, text = await page("?period=2025&category=DRUGS&channel=APP")
        assert "Всего 94 жалобы." in text.replace("Всего 94 жалобы; ", "Всего 94 жалобы. ")
        assert 'href="/analytics/dashboard?period=2025&amp;compare=previous_year&amp;channel=APP"' in text
        assert "Убрать все фильтры" in text

    async def test_the_centres_figures_stand_in_their_own_section_for_those_who_may_see_them(self, world, page):
        await world.consume(ended(1, waited=7, talked=90), ended(2, "ABANDONED", waited=30))
        _, text = await page(YEAR, "head", "KZ-43")
        assert "Вовремя принято 50,0 % звонков. Потерян 1 звонок." in text
        assert "7,0 с" in text
        assert "Контакт-центр" not in (await page(YEAR, None))[1]

    async def test_regions_have_ranks_on_the_map_and_links(self, world, make, page):
        await world.consume(*(make("appeal-imported", number, region="KZ-43" if number < 6 else "KZ-27") for number in range(9)))
        _, text = await page(YEAR)
        assert "Больше всего жалоб в Кызылординской области: 6 (66,7 %)." in text
        assert re.search(r'class="tile-name on-dark">Кызыл.</text><text [^>]*>1</text>', text)
        assert "region=KZ-27" in text

    async def test_districts_are_shown_for_a_region_alone(self, page):
        assert 'id="chart-districts"' not in (await page(YEAR))[1]
        assert 'id="chart-regions"' not in (await page(YEAR + "&region=KZ-43"))[1]

    async def test_what_does_not_add_up_is_remarked(self, world, make, page):
        await publish_kyzylorda(world, make)
        _, text = await page(YEAR)
        assert "Жалобы без указанной причины: 110 (14,9 %)." in text
        assert "они не входят ни в один из двух показателей: 415 (56,4 %)." in text
        assert "Сумма долей, каждая из которых округлена: 99,9 % (Причины жалоб)." in text

    async def test_staff_see_the_present_state_too(self, world, make, page):
        await world.consume(make("appeal-registered", 1), make("appeal-imported", 2))
        _, text = await page(YEAR)
        assert "В работе прямо сейчас" in text
        assert "В работе прямо сейчас" not in (await page(YEAR, None))[1]


class TestPublicFigures:
    async def test_whoever_has_not_signed_in_reads_the_public_figures_and_how_to_see_more(self, world, make, page):
        await world.consume(*(make("appeal-imported", number, channel="MAIL" if number < 2 else "APP") for number in range(20)))
        status, text = await page(YEAR, None)
        assert status == 200
        assert 'href="/sign-in?next=/analytics/dashboard"' in text
        assert "Некоторые строки скрыты из-за малых чисел." in text
        assert "Отозванные жалобы" not in text
        assert "Итоги рассмотрения" not in text
        assert "скрыто" in text

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
        assert '<option value="2025-Q4">IV квартал 2025 года</option>' in text
        assert "2026-Q1" not in text
        assert 'name="from"' not in text
        _, quarter = await page("?period=2025-Q3", None)
        assert '<option value="2025-Q3" selected>' in quarter
        assert "За этот период обращений не поступало" in quarter

    async def test_filters_do_not_narrow_public_figures(self, world, make, page):
        await world.consume(*(make("appeal-imported", number) for number in range(20)))
        assert "<b>20</b>" in (await page(YEAR + "&channel=MAIL", None))[1]

    @pytest.mark.parametrize(
        "query",
        [
            "?from=2025-01-01&to=2025-01-31",
            "?from=2026-01-01&to=2026-12-31",
            "?from=&to=",
            "?period=",
            "?period=2025-07",
            "?period=2026",
            "?period=2025-Q9",
            "?period=soon",
        ],
    )
    async def test_a_period_that_is_not_public_is_named_and_the_form_stays(self, page, query):
        status, text = await page(query, None)
        assert status == 422
        assert "Открытые показатели публикуются за завершённые кварталы, полугодия и годы." in text
        assert 'name="period"' in text

    async def test_a_period_with_too_few_appeals_says_so(self, world, make, page):
        await world.consume(make("appeal-imported", 1))
        _, text = await page(YEAR, None, language="kk")
        assert "Бұл кезеңнің көрсеткіштері жасырылған" in text

    async def test_a_period_that_is_not_public_is_answered_once_next_to_the_list_of_periods(self, page):
        status, text = await page("?period=2026-Q4", None)
        assert status == 422
        assert "Укажите обе даты" not in text
        assert text.count('<a href="#f-period"') == 1


class TestTheBeginningOfTheRegister:
    async def test_a_year_before_it_is_not_compared_and_the_page_says_why(self, world, make, page):
        await world.consume(*(make("appeal-imported", number) for number in range(20)))
        _, text = await page(YEAR)
        assert "<b>2025 год</b>, сравнить не с чем: первое обращение в реестре – 10 июня 2025 г." in text
        assert "Время до первого обращения в реестре (10 июня 2025 г.) на линии не показано." in text
        assert "было 0" not in text
        assert "было: 0" not in text

    async def test_a_year_before_that_has_appeals_is_compared(self, world, make, page):
        await publish_kyzylorda(world, make)
        _, text = await page(YEAR)
        assert "<b>2025 год</b>, в сравнении: 2024 год" in text
        assert "было: 847" in text


class TestPeople:
    async def test_the_figure_for_10000_people_says_by_whose_number_it_is_divided(self, world, make, page):
        await world.consume(*(make("appeal-imported", number, region="KZ-31") for number in range(400)))
        _, text = await page(YEAR, "head", "KZ-31")
        assert "<b>3,4</b>" in text
        assert "прикреплённых жителей:</b> Прикреплено 1 171 882 жителя (4 февраля 2026 г.)." in text

    async def test_without_a_number_of_people_it_says_why_it_has_no_value(self, world, make, page):
        await publish_kyzylorda(world, make)
        _, region = await page(YEAR, "head", "KZ-43")
        assert "Не вычислено, потому что ни один источник не даёт числа прикреплённых жителей." in region
        _, country = await page(YEAR)
        assert "Не вычислено, потому что число прикреплённых жителей неизвестно в 18 регионах." in country
        assert "прикреплённых" not in (await page(YEAR, None))[1]


class TestFunnel:
    """Five peers of a region, one of them with three times as many complaints, and one that its withdrawals make suspicious."""

    QUERY = f"?period={QUARTER}"

    @pytest.fixture
    async def town(self, directory):
        for number, complaints in enumerate((20, 22, 18, 20, 60), 1):
            await directory.add(number, complaints)
        await directory.add(6, 4, unproven=4)
        await directory.add(7, 1, region="KZ-27", kind="LAB")

    @pytest.mark.usefixtures("town")
    @pytest.mark.parametrize(("role", "region"), [("analyst", None), ("head", "KZ-43")])
    async def test_those_who_read_the_index_see_the_funnel_and_who_stands_out(self, page, role, region):
        _, text = await page(self.QUERY, role, region)
        card = text[text.index('id="chart-funnel"') :]
        card = card[: card.index("</figure>")]
        assert "за IV квартал 2025 года сравнили 6 организаций: жалоб больше ожидаемого у 1" in card.replace("За", "за")
        assert [card.count(f'class="{kind}" cx="6"') for kind in ("above", "suspicious", "below")] == [1, 1, 1]
        assert re.findall(r"Поликлиника (\d)</a><br>", card) == ["5", "6"]
        assert f'href="/analytics/providers?period={QUARTER}' in card

    @pytest.mark.usefixtures("town")
    async def test_it_expects_what_the_index_expects(self, get):
        rows = {}
        for region in ("", "&region=KZ-43"):
            file = (await get(f"/analytics/dashboard/charts/funnel.csv{self.QUERY}{region}", language="en")).text
            lines = [line.split(",") for line in file.splitlines()[1:]]
            rows[region] = {line[1]: (line[2], line[-2], line[-1]) for line in lines}
        assert rows[""] == rows["&region=KZ-43"]
        assert rows[""]["Поликлиника 5"] == ("60", "24.0", "more than expected")
        assert rows[""]["Поликлиника 6"] == ("4", "24.0", "suspiciously few")

    @pytest.mark.usefixtures("town")
    async def test_nobody_else_sees_it_and_filters_leave_it_out(self, page, get):
        for query, role in (("?period=2025", None), ("?period=2025", "specialist"), (f"{self.QUERY}&channel=APP", "analyst")):
            status, text = await page(query, role, "KZ-43" if role == "specialist" else None)
            assert (status, "chart-funnel" in text) == (200, False)
        assert (await get("/analytics/dashboard/charts/funnel.svg?period=2025", None)).status_code == 404

    async def test_without_enough_complaints_there_is_none(self, page, directory):
        await directory.add(1, 1)
        assert "chart-funnel" not in (await page(self.QUERY))[1]


class TestForm:
    async def test_a_period_without_appeals_says_so(self, page):
        status, text = await page()
        assert status == 200
        assert "За этот период обращений не поступало" in text

    async def test_the_first_visit_shows_this_year_until_today(self, page):
        _, text = await page()
        assert '<option value="2026" selected>2026 год</option>' in text
        assert "<b>1 января 2026 г. – 5 февраля 2026 г.</b>" in text
        assert 'aria-current="true">2026 год</a>' in text

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("?from=2025-02-01&to=2025-01-01", "Последний день раньше первого."),
            ("?from=&to=2025-01-01", "Укажите обе даты."),
            ("?from=soon&to=2025-01-01", "Укажите дату: год, месяц и день."),
            ("?from=1999-01-01&to=2000-01-01", "Дата должна быть между 2000 и 2099 годами."),
            (YEAR + "&region=KZ-99", "Выберите из списка."),
            (YEAR + "&channel=PIGEON", "Выберите из списка."),
            ("?period=2027", "Выберите из списка."),
            ("?period=2025-Q9", "Выберите из списка."),
        ],
    )
    async def test_a_wrong_filter_is_named_and_the_form_stays(self, page, query, sentence):
        status, text = await page(query)
        assert status == 422
        assert sentence in text
        assert 'name="from"' in text


class TestSize:
    async def test_the_first_load_is_small(self, world, make, get):
        """Page, style sheets and scripts, none of them compressed; with every section of the country in Kazakh."""
        await publish_kyzylorda(world, make)
        await world.consume(ended(1, waited=7, talked=90))
        response = await get(f"/analytics/dashboard{YEAR}", language="kk")
        files = re.findall(r'(?:href|src)="(/analytics/static/[^"]+)"', response.text)
        sizes = [len((await get(path)).content) for path in files]
        assert len(files) == 6
        assert len(response.content) + sum(sizes) < 150_000


class TestDownloads:
    CHARTS = "/analytics/dashboard/charts"

    async def test_the_data_of_a_chart_is_a_file(self, world, make, get):
        await publish_kyzylorda(world, make)
        response = await get(f"{self.CHARTS}/reasons.csv{YEAR}", "head", "KZ-43")
        assert response.headers["content-disposition"].startswith('attachment; filename="reasons-2025-01-01-2025-12-31.csv"')
        lines = response.text.removeprefix("\ufeff").splitlines()
        assert lines[0] == 'Код,Название,Значение,Единица измерения,"Доля, %",Прежнее значение,Изменение,"Изменение, %"'
        assert lines[1] == "QUALITY,Качество оказанных медицинских услуг,294,обращений,39.9,847,-553,-65.3"

    async def test_the_picture_of_a_chart_says_what_it_shows(self, world, make, get):
        await publish_kyzylorda(world, make)
        for chart in ("complaints-trend", "regions", "reasons"):
            response = await get(f"{self.CHARTS}/{chart}.svg{YEAR}")
            assert response.headers["content-type"] == "image/svg+xml"
            assert "2025 год, по Казахстану" in response.text

    async def test_nobody_gets_a_file_of_a_chart_that_the_page_would_not_show(self, world, make, get):
        await world.consume(*(make("appeal-imported", number, channel="MAIL" if number < 2 else "APP") for number in range(20)))
        assert (await get(f"{self.CHARTS}/outcomes.csv{YEAR}", None)).status_code == 404
        assert (await get(f"{self.CHARTS}/nothing.csv{YEAR}")).status_code == 404
        assert (await get(f"{self.CHARTS}/deadlines.svg{YEAR}")).status_code == 404
        assert (await get(f"{self.CHARTS}/reasons.csv?period=2025-07", None)).status_code == 422
        public = await get(f"{self.CHARTS}/channels.csv{YEAR}", None)
        assert "MAIL,Почта,скрыто," in public.text


class TestAppeals:
    PATH = "/analytics/dashboard/appeals"

    async def test_a_head_opens_the_appeals_that_a_figure_counts(self, world, make, get):
        await world.consume(*(make("appeal-imported", number, category="DRUGS" if number < 3 else "QUALITY") for number in range(60)))
        text = squeezed((await get(f"{self.PATH}{YEAR}&kpi=complaints&category=DRUGS", "head", "KZ-43")).text)
        assert text.count("/routing/desk/") == 3 + text.count('href="/routing/desk"')
        assert "2025-43-0000002-0" in text
        assert "Причина жалобы: Отказ в обеспечении лекарственными средствами" in text

    async def test_a_long_list_has_pages(self, world, make, get):
        await world.consume(*(make("appeal-imported", number) for number in range(60)))
        first = (await get(f"{self.PATH}{YEAR}", "supervisor", "KZ-43")).text
        [following] = re.findall(r'href="([^"]+)" rel="next"', first)
        second = (await get(following.replace("&amp;", "&"), "supervisor", "KZ-43")).text
        assert len(re.findall(r'class="num" href="/routing/desk/', second)) == 10

    async def test_who_handles_no_appeals_may_not_open_the_list(self, get):
        assert (await get(f"{self.PATH}{YEAR}", "analyst")).status_code == 403
        assert (await get(f"{self.PATH}{YEAR}&region=KZ-27", "head", "KZ-43")).status_code == 403
        assert (await get(f"{self.PATH}{YEAR}", None)).headers["location"].startswith("/sign-in?next=%2Fanalytics%2Fdashboard%2Fappeals")

    async def test_an_empty_list_and_a_wrong_address_say_what_to_do(self, get):
        assert "Здесь нет учтённых обращений" in (await get(f"{self.PATH}{YEAR}", "head", "KZ-43")).text
        wrong = await get(f"{self.PATH}?from=soon&to=2025-01-01", "head", "KZ-43")
        assert (wrong.status_code, "Откройте его со страницы показателей" in wrong.text) == (422, True)
        assert (await get(f"{self.PATH}{YEAR}&kpi=calls_offered", "head", "KZ-43")).status_code == 404

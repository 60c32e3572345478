import csv
import html
import io
import re

import pytest

from shared.web.session import COOKIE

PERIOD = "?from=2025-01-01&to=2025-12-31"


@pytest.fixture
def page(world):
    """`response = await page(query, role, region)`: the page, or with `path` one of its files."""

    async def read(query="", role="analyst", region=None, *, path="/analytics/exports", language="ru"):
        headers = {"accept-language": language, "accept": "text/html"}
        headers |= {"cookie": f"{COOKIE}={world.token(role, region)}"} if role else {}
        return await world.client.get(f"{path}{query}", headers=headers)

    return read


def links(text: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="(/analytics/exports/[^"]+)"', text)]


class TestExportsPage:
    async def test_every_link_is_a_file_of_the_chosen_appeals(self, world, make, page):
        await world.consume(
            make("appeal-imported", 1, channel="WEB"), make("appeal-imported", 2), make("appeal-imported", 3, region="KZ-27")
        )
        shown = (await page(PERIOD + "&channel=APP&region=KZ-43")).text
        found = links(shown)
        assert [each.split("?")[0].rsplit("/", 1)[1] for each in found] == [
            f"{grain}.{form}" for grain in ("facts", "transitions") for form in ("csv", "xlsx", "parquet")
        ]  # fmt: skip
        for link in found:
            assert (await page(path=link)).status_code == 200
        lines = list(csv.DictReader(io.StringIO((await page(path=found[0])).content.decode("utf-8-sig"))))
        assert [(row["Канал"], row["Регион"]) for row in lines] == [("APP", "KZ-43")]

    async def test_the_year_so_far_is_chosen_at_first(self, page):
        assert "from=2026-01-01&to=2026-02-05" in links((await page()).text)[0]

    @pytest.mark.parametrize(("language", "heading", "meaning"), [
        ("kk", "Жауап берілген күн", "Алғашқы жауап күні."), ("ru", "Дата ответа", "День первого ответа."),
        ("en", "Answered on", "The day of the first answer."),
    ])  # fmt: skip
    async def test_the_page_explains_each_column(self, page, language, heading, meaning):
        text = (await page(language=language)).text
        assert heading in text
        assert meaning in text

    async def test_those_who_lead_a_region_have_no_choice_of_regions_and_see_numbers(self, page):
        text = (await page(PERIOD, "head", "KZ-43")).text
        assert 'id="f-region"' not in text
        assert "Регистрационный номер" in text
        assert all("region=KZ-43" in link for link in links(text))
        assert "Регистрационный номер" not in (await page(PERIOD)).text

    @pytest.mark.parametrize(("query", "problem"), [
        ("?from=2025-02-01&to=2025-01-01", "Последний день раньше первого."), ("?from=&to=2025-01-01", "Укажите обе даты."),
        (PERIOD + "&kind=POEM", "Выберите из списка."), (PERIOD + "&district=" + "а" * 101, "Название района слишком длинное."),
    ])  # fmt: skip
    async def test_a_wrong_form_says_what_to_do_and_has_no_files(self, page, query, problem):
        answer = await page(query)
        assert answer.status_code == 422
        assert problem in answer.text
        assert links(answer.text) == []

    async def test_nobody_is_asked_to_sign_in_and_others_are_refused(self, page):
        assert (await page(role=None)).headers["location"] == "/sign-in?next=%2Fanalytics%2Fexports"
        assert (await page(role="specialist", region="KZ-43")).status_code == 403
        assert (await page(role="head")).status_code == 403
        refused = await page(PERIOD, "specialist", "KZ-43", path="/analytics/exports/facts.csv")
        assert refused.status_code == 403

    async def test_the_dashboard_links_to_the_page_for_those_who_may_export(self, page):
        assert 'href="/analytics/exports"' in (await page(path="/analytics/dashboard")).text
        assert 'href="/analytics/exports"' not in (await page(path="/analytics/dashboard", role=None)).text

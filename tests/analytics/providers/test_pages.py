import csv
import html
import io
import re

import pytest

from shared.web.session import COOKIE
from tests.analytics.providers.conftest import QUARTER


@pytest.fixture
def page(world):
    """`response = await page(query, role, region)`: the page, or with `path` the file."""

    async def read(query=f"?period={QUARTER}", role="analyst", region=None, *, path="/analytics/providers", language="ru"):
        headers = {"accept-language": language, "accept": "text/html"}
        headers |= {"cookie": f"{COOKIE}={world.token(role, region)}"} if role else {}
        return await world.client.get(f"{path}{query}", headers=headers)

    return read


@pytest.fixture
async def town(directory):
    for number, complaints in enumerate((20, 22, 18, 20, 60, 1), 1):
        await directory.add(number, complaints)
    await directory.add(7, 4, unproven=4)
    await directory.add(8, 1, kind="LAB")
    return directory


def order(text):
    return [int(number) for number in re.findall(r"Поликлиника (\d+)<br>", text)]


class TestProvidersPage:
    @pytest.mark.parametrize(("language", "sentence"), [
        ("kk", "2026 жылғы I тоқсанда бірде-бір ұйымға"), ("ru", "ни у одной организации"), ("en", "no organisation had enough complaints"),
    ])  # fmt: skip
    async def test_without_enough_complaints_the_sentence_says_so(self, page, directory, language, sentence):
        await directory.add(1, 1)
        text = (await page("?period=2026-Q1", language=language)).text
        assert sentence in text
        assert '<svg class="drawing"' not in text

    async def test_without_enough_complaints_the_page_says_what_is_missing_and_leads_to_the_year(self, page, directory):
        await directory.add(1, 1)
        await directory.add(2)
        text = html.unescape((await page("?period=2025-Q4", language="en")).text)
        assert "Complaints that name an organisation: 1. An organisation is compared when it has 5 complaints" in text
        assert '<a class="btn plain" href="/analytics/providers?period=2025">Show a longer period: 2025</a>' in text
        assert "Choose another period." in html.unescape((await page("?period=2025", language="en")).text)

    async def test_only_providers_of_which_something_was_counted_are_listed(self, page, directory):
        for number, given in enumerate(({"complaints": 1}, {}, {"ratings": [5]}, {"broken": 1}, {}), 1):
            await directory.add(number, **given)
        text = (await page(language="en")).text
        assert sorted(order(text)) == [1, 3, 4]
        assert "Not listed, because nothing was counted of them in the period: 2." in text

    async def test_without_any_figure_there_is_no_table(self, page, directory):
        await directory.add(1)
        text = (await page(language="en")).text
        assert "no organisation had enough complaints" in text
        assert "<table>" not in text

    async def test_without_providers_the_page_says_so(self, page):
        text = (await page(language="en")).text
        assert "No medical organisation is known here" in text
        assert "<table>" not in text

    @pytest.mark.usefixtures("town")
    @pytest.mark.parametrize(("language", "sentences"), [
        ("kk", ["7 ұйым салыстырылды: шағым 1 ұйымға күтілгеннен көп, 2 ұйымға күтілгеннен аз түскен.", "1 ұйымда шағым сенгісіз аз"]),
        ("ru", ["за IV квартал 2025 года сравнили 7", "жалоб больше ожидаемого у 1, меньше ожидаемого у 2", "отозванных без"]),
        ("en", ["7", "organisations were compared: 1 had more complaints than expected, 2 had fewer.", "organisation has implausibly few"]),
    ])  # fmt: skip
    async def test_a_sentence_says_what_the_funnel_shows(self, page, language, sentences):
        text = html.unescape((await page(language=language)).text).replace("\u00a0", " ")
        for sentence in sentences:
            assert sentence in text or sentence[:1].upper() + sentence[1:] in text

    @pytest.mark.usefixtures("town")
    async def test_the_funnel_has_all_compared_providers_and_names_who_stands_out(self, page):
        text = (await page()).text
        drawing = text[text.index('<svg class="drawing"') : text.index("</svg>", text.index('<svg class="drawing"'))]
        assert drawing.count("h0") == 4
        assert [drawing.count(f'class="{kind}"') for kind in ("above", "below", "suspicious")] == [1, 1, 1]
        assert "<title>Поликлиника 5: жалоб 60, ожидалось 20,7</title>" in drawing
        assert drawing.count('class="limit') == 4

    @pytest.mark.usefixtures("town")
    @pytest.mark.parametrize(("sort", "first"), [("complaints", [5, 2, 1]), ("name", [1, 2, 3]), ("withdrawals", [7]), ("", [7, 5])])
    async def test_headings_sort(self, page, sort, first):
        text = (await page(f"?period={QUARTER}&sort={sort}")).text
        assert order(text)[: len(first)] == first
        [current] = re.findall(r'aria-sort="\w+"><a href="([^"]+)"', text)
        assert f"sort={sort or 'index'}" in html.unescape(current)
        assert f"period={QUARTER}" in current

    async def test_a_long_table_has_pages(self, page, directory, monkeypatch):
        monkeypatch.setattr("analytics.providers.pages.ROWS", 2)
        for number in range(1, 6):
            await directory.add(number, 20)
        first = await page()
        [following] = re.findall(r'href="([^"]+)" rel="next"', first.text)
        second = await page(html.unescape(following).split("?")[0] and "?" + html.unescape(following).split("?")[1])
        assert len(order(first.text)) == len(order(second.text)) == 2
        assert set(order(first.text)).isdisjoint(order(second.text))

    @pytest.mark.usefixtures("town")
    async def test_the_last_quarter_that_is_over_is_chosen_at_first(self, page):
        assert 'value="2025-Q4" selected' in (await page("")).text

    @pytest.mark.parametrize("query", ["?period=2025-Q9", "?period=2025&region=KZ-99", "?period=2025&sort=x"])
    async def test_a_wrong_choice_is_answered_with_the_form(self, page, query):
        answer = await page(query, language="en")
        assert answer.status_code == 422
        assert "Choose one of the list." in answer.text

    async def test_who_may_not_read_is_refused_and_who_is_nobody_signs_in(self, page):
        assert (await page(role="specialist", region="KZ-43")).status_code == 403
        assert (await page(role="head", region="KZ-43", query="?region=KZ-27")).status_code == 403
        answer = await page(role=None)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fanalytics%2Fproviders")

    async def test_those_who_lead_a_region_have_no_choice_of_regions(self, page, town):
        await town.add(9, 20, region="KZ-27")
        text = (await page(role="head", region="KZ-43")).text
        assert 'id="f-region"' not in text
        assert 9 not in order(text)


class TestDownload:
    @pytest.mark.usefixtures("town")
    async def test_the_file_has_every_provider_and_the_names_of_the_api(self, page):
        text = (await page()).text
        [link] = re.findall(r'href="(/analytics/providers\.csv[^"]+)"', text)
        answer = await page("", path=html.unescape(link))
        assert answer.headers["content-disposition"].startswith('attachment; filename="aryz-providers-2025-Q4.csv"')
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == 8
        assert {row["name_ru"]: (row["complaints"], row["funnel"], row["suspicious"]) for row in rows}["Поликлиника 5"] == (
            "60",
            "above",
            "false",
        )

    async def test_a_name_that_begins_like_a_formula_is_harmless(self, page, directory):
        await directory.add(1, 20, name="=1+1")
        answer = await page(f"?period={QUARTER}", path="/analytics/providers.csv")
        assert "'=1+1" in answer.text

import html
import re

import pytest
from sqlalchemy import select, update

from analytics.reports.jobs import issue_next
from analytics.reports.models import issued_report
from shared.web.session import COOKIE

FORM = {"region": "KZ-43", "year": "2025", "part": "", "compare": "previous_year", "language": "ru"}


@pytest.fixture
def page(world):
    """`response = await page(query, role, region)`: the page, or with `path` one of its reports; `form` is posted."""

    async def ask(query="", role="analyst", region=None, *, path="/analytics/reports", language="ru", form=None):
        headers = {"accept-language": language, "accept": "text/html", "sec-fetch-site": "same-origin"}
        headers |= {"cookie": f"{COOKIE}={world.token(role, region)}"} if role else {}
        if form is None:
            return await world.client.get(f"{path}{query}", headers=headers)
        return await world.client.post(path, data=form, headers=headers)

    return ask


def links(text: str) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="(/analytics/reports/[^"]+)"', text)]


class TestReportsPage:
    @pytest.mark.usefixtures("kyzylorda")
    async def test_looking_at_a_report_stores_nothing(self, page):
        answer = await page("?show=yes&region=KZ-43&year=2025&part=Q3&compare=previous_period&language=kk")
        assert (answer.status_code, answer.headers["location"]) == (
            303, "/analytics/reports/KZ-43/2025-Q3.html?language=kk&compare=previous_period",
        )  # fmt: skip
        shown = await page(path=answer.headers["location"])
        assert "Шығарылмаған: сандар әлі өзгеруі мүмкін" in shown.text
        assert "Отчётов пока нет" in (await page()).text

    async def test_an_ordered_report_is_prepared_and_then_listed_with_its_files(self, kyzylorda, page):
        assert (await page(form=FORM)).headers["location"] == "/analytics/reports?flash=report-ordered"
        waiting = (await page()).text
        assert "<progress" in waiting
        assert "Обновить список" in waiting
        assert await issue_next(kyzylorda.parts.units)
        text = (await page()).text
        assert "Выпуск № 1" in text
        found = links(text)
        assert len(found) == 6
        for link in found:
            answer = await page(path=link)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"

    async def test_ordering_the_same_report_twice_queues_it_once(self, kyzylorda, page):
        await page(form=FORM)
        await page(form=FORM)
        async with kyzylorda.parts.database.read() as session:
            assert len((await session.execute(select(issued_report.c.report_id))).all()) == 1

    async def test_a_report_that_does_not_reconcile_names_its_numbers(self, kyzylorda, page, issue):
        await issue()
        async with kyzylorda.parts.database.write() as session:
            content = (await session.execute(issued_report.select())).one().content
            content["figures"]["complaints"]["value"] = 735
            await session.execute(update(issued_report).values(content=content))
        refused = await page(path="/analytics/reports/KZ-43/2025.html", query="?language=ru")
        assert refused.status_code == 409
        assert "Отчёт не печатается" in refused.text
        assert "735" in refused.text

    @pytest.mark.parametrize(
        ("changed", "problem"),
        [
            ({"year": "2026"}, "Этот период ещё не закончился."), ({"part": "Q7"}, "Выберите из списка."),
            ({"compare": "never"}, "Выберите из списка."), ({"region": "KZ-99"}, "Выберите из списка."),
        ],
    )  # fmt: skip
    async def test_a_wrong_form_says_what_to_do(self, page, changed, problem):
        answer = await page(form=FORM | changed)
        assert answer.status_code == 422
        assert problem in answer.text

    async def test_those_who_lead_a_region_have_no_choice_of_regions_and_see_its_reports(self, kyzylorda, page, issue):
        await issue("KZ-43")
        await issue("KZ-27")
        text = (await page(role="head", region="KZ-43")).text
        assert 'id="f-region"' not in text
        assert "Западно-Казахстанская область" not in text
        assert len(links(text)) == 6
        await page(form=FORM | {"region": "KZ-27", "part": "01"}, role="head", region="KZ-43")
        async with kyzylorda.parts.database.read() as session:
            ordered = (await session.execute(select(issued_report.c.region).where(issued_report.c.state == "QUEUED"))).scalars().all()
        assert ordered == ["KZ-43"]
        assert (await page(path="/analytics/reports/KZ-27/2025.html", role="head", region="KZ-43")).status_code == 403

    async def test_nobody_is_asked_to_sign_in_and_others_are_refused(self, page):
        assert (await page(role=None)).headers["location"] == "/sign-in?next=%2Fanalytics%2Freports"
        assert (await page(role="specialist", region="KZ-43")).status_code == 403
        assert (await page(role="specialist", region="KZ-43", form=FORM)).status_code == 403

    async def test_another_site_cannot_order_a_report(self, world):
        headers = {"cookie": f"{COOKIE}={world.token('analyst')}", "sec-fetch-site": "cross-site"}
        assert (await world.client.post("/analytics/reports", data=FORM, headers=headers)).status_code == 403

    async def test_the_dashboard_links_to_the_page_for_those_who_read_reports(self, page):
        assert 'href="/analytics/reports"' in (await page(path="/analytics/dashboard")).text
        assert 'href="/analytics/reports"' not in (await page(path="/analytics/dashboard", role=None)).text

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from analytics.kpis.schemas import Compare
from analytics.reports import jobs
from analytics.reports.models import issued_report
from analytics.reports.service import ReportPeriod, claim, order
from analytics.reports.service.issuing import ATTEMPTS, CLAIMED_FOR
from shared.messaging.runtime import Loop
from tests.analytics.reports.statistics import fact_row, store


@pytest.fixture
async def ordered(world):
    """A small report that was ordered."""
    await store(world, [fact_row(1, category="QUALITY", outcome="JUSTIFIED")])
    async with world.parts.units.write() as work:
        await order(work, "KZ-43", ReportPeriod.of_code("2025"), Compare.PREVIOUS_YEAR)
    return world


async def stored(world):
    async with world.parts.database.read() as session:
        return (await session.execute(issued_report.select().order_by(issued_report.c.ordered_at))).all()


class TestIssueNext:
    async def test_without_an_order_there_is_nothing_to_do(self, world):
        assert not await jobs.issue_next(world.parts.units)

    async def test_a_report_is_measured_figure_by_figure_and_stored(self, ordered, monkeypatch):
        seen, record = [], jobs.record_progress

        async def recording(work, report_id, done):
            await record(work, report_id, done)
            seen.append(done)

        monkeypatch.setattr(jobs, "record_progress", recording)
        assert await jobs.issue_next(ordered.parts.units)
        (report,) = await stored(ordered)
        assert seen == list(range(1, report.total + 1))
        assert (report.state, report.issue, report.done, report.claimed_until) == ("READY", 1, report.total, None)
        assert report.content["figures"]["complaints"]["value"] == 1
        assert not await jobs.issue_next(ordered.parts.units)

    async def test_a_report_whose_numbers_contradict_each_other_is_refused(self, ordered, monkeypatch):
        measure = jobs.measure

        async def measured_wrongly(*given):
            content = await measure(*given)
            wrong = content.figures["complaints"].model_copy(update={"value": 2})
            return content.model_copy(update={"figures": content.figures | {"complaints": wrong}})

        monkeypatch.setattr(jobs, "measure", measured_wrongly)
        assert await jobs.issue_next(ordered.parts.units)
        (report,) = await stored(ordered)
        assert (report.state, report.issue, report.content) == ("REFUSED", None, None)
        assert {each["stated"] for each in report.contradictions} >= {"2"}

    async def test_a_claimed_report_is_computed_by_another_worker_when_the_claim_ends(self, ordered, clock):
        async with ordered.parts.units.write() as work:
            assert await claim(work) is not None
        assert not await jobs.issue_next(ordered.parts.units)
        clock.advance(CLAIMED_FOR + timedelta(seconds=1))
        assert await jobs.issue_next(ordered.parts.units)

    async def test_a_report_that_broke_off_too_often_has_failed_and_the_next_one_is_computed(self, ordered, clock):
        async with ordered.parts.database.write() as session:
            await session.execute(update(issued_report).values(attempts=ATTEMPTS))
        clock.advance(timedelta(seconds=1))
        async with ordered.parts.units.write() as work:
            await order(work, "KZ-43", ReportPeriod.of_code("2024"), Compare.PREVIOUS_YEAR)
        assert await jobs.issue_next(ordered.parts.units)
        assert {(row.period, row.state) for row in await stored(ordered)} == {("2025", "FAILED"), ("2024", "READY")}

    async def test_issues_are_numbered_by_region_period_and_comparison(self, ordered, issue):
        assert await jobs.issue_next(ordered.parts.units)
        await issue("KZ-43", "2025", Compare.PREVIOUS_PERIOD)
        await issue("KZ-43", "2025-H1")
        await issue("KZ-43", "2025")
        async with ordered.parts.database.read() as session:
            columns = (issued_report.c.period, issued_report.c["compare"], issued_report.c.issue)
            rows = (await session.execute(select(*columns))).all()
        assert sorted(tuple(map(str, row)) for row in rows) == [
            ("2025", "previous_period", "1"), ("2025", "previous_year", "1"), ("2025", "previous_year", "2"),
            ("2025-H1", "previous_year", "1"),
        ]  # fmt: skip

    async def test_a_worker_of_the_service_computes_all_ordered_reports_each_second(self, ordered, monkeypatch):
        periods = []

        def once(period, name, job):
            periods.append(period)
            return Loop(name, job)

        monkeypatch.setattr(jobs, "every", once)
        (loop,) = jobs.loops(ordered.parts)
        async with ordered.parts.units.write() as work:
            await order(work, "KZ-43", ReportPeriod.of_code("2024"), Compare.PREVIOUS_YEAR)
        await loop.run()
        assert (loop.name, periods) == ("issue-reports", [timedelta(seconds=1)])
        assert {(row.period, row.state) for row in await stored(ordered)} == {("2024", "READY"), ("2025", "READY")}


class TestChanges:
    async def test_the_next_issue_lists_each_number_that_differs(self, ordered, issue):
        assert await jobs.issue_next(ordered.parts.units)
        await store(ordered, [fact_row(2, category="DRUGS", outcome="JUSTIFIED", received_on=date(2025, 7, 1))])
        await issue("KZ-43", "2025")
        previous = (await stored(ordered))[-1].previous
        changes = {(each["figure"], each["part"]): (each["before"], each["now"]) for each in previous["changes"]}
        assert changes[("received", None)] == (1, 2)
        assert changes[("categories", "DRUGS")] == (None, 1)
        assert ("categories", "QUALITY") not in changes
        assert previous["issue"] == 1

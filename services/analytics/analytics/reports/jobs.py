"""The periodic job of reports: computes those that were ordered."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from analytics.reports.service import Wording, check, claim, contradictions, finish, labels_of, measure, period_of, record_progress
from shared.messaging.runtime import Loop, every
from shared.service import Parts
from shared.unit_of_work import UnitsOfWork

ISSUE_EVERY: Final = timedelta(seconds=1)
log = structlog.get_logger("reports")


async def issue_next(units: UnitsOfWork) -> bool:
    """Compute and store the report that has waited longest; return whether there was one."""
    async with units.write() as work:
        report = await claim(work)
    if report is None:
        return False

    async def progress(done: int) -> None:
        async with units.write(durable=False) as work:
            await record_progress(work, report.report_id, done)

    async with units.read() as work:
        content = await measure(work, report.region, period_of(report), report.compare, progress)
        labels = await labels_of(work, content)
    found = contradictions(await asyncio.to_thread(check, content, labels, Wording("kk")))
    async with units.write() as work:
        await finish(work, report, content, found)
    days = period_of(report).days
    log.info("a report is computed", region=report.region, first_day=str(days.first), last_day=str(days.last), contradictions=len(found))
    return True


def loops(parts: Parts) -> Sequence[Loop]:
    """Return the loop that computes ordered reports."""

    async def issue_ordered() -> None:
        while await issue_next(parts.units):
            pass

    return [every(ISSUE_EVERY, "issue-reports", issue_ordered)]

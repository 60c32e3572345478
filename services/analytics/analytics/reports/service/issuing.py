"""Issuing reports: ordered on the page, measured by a worker, stored with what has changed since the issue before."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from analytics.kpis.schemas import Compare
from analytics.reports import repository
from analytics.reports.policy import report_figures
from analytics.reports.schemas import (
    PreviousIssue,
    ReportChange,
    ReportContent,
    ReportContradiction,
    ReportNumbers,
    ReportState,
    StoredReport,
)
from analytics.reports.service.measuring import figures_of, require_over
from analytics.reports.service.periods import ReportPeriod
from shared.unit_of_work import UnitOfWork

CLAIMED_FOR: Final = timedelta(minutes=5)
"""A worker renews its claim with every figure; the slowest figure of a country takes seconds."""
ATTEMPTS: Final = 3


async def order(work: UnitOfWork, region: str, period: ReportPeriod, compare: Compare) -> None:
    """Queue a report; one that waits already is not queued again. Raises InvalidInput for a period that is not over."""
    now = work.clock.now()
    require_over(period, region, now)
    await repository.add_order(work.session, work.ids.new(), region, period.code, compare, now, len(figures_of(region)))


async def claim(work: UnitOfWork) -> StoredReport | None:
    """Claim the next report to compute; None if no report waits. A report that broke off too often is marked as failed instead."""
    now = work.clock.now()
    while True:
        claimed = await repository.claim_order(work.session, now, now + CLAIMED_FOR)
        if claimed is None:
            return None
        report, attempts = claimed
        if attempts <= ATTEMPTS:
            return report
        await repository.change_order(work.session, report.report_id, {"state": ReportState.FAILED, "claimed_until": None})


async def record_progress(work: UnitOfWork, report_id: UUID, done: int) -> None:
    """Store how many figures are measured, and renew the claim."""
    await repository.change_order(work.session, report_id, {"done": done, "claimed_until": work.clock.now() + CLAIMED_FOR})


async def finish(work: UnitOfWork, report: StoredReport, content: ReportContent, contradictions: Sequence[ReportContradiction]) -> None:
    """Store a report as its next issue, or refuse it because of contradictions."""
    if contradictions:
        stored: list[JsonValue] = [each.model_dump(mode="json") for each in contradictions]
        await repository.change_order(
            work.session, report.report_id, {"state": ReportState.REFUSED, "contradictions": stored, "claimed_until": None}
        )
        return
    before = await repository.issue_of(work.session, report.region, report.period, report.compare)
    issue = 1 + await repository.last_issue(work.session, report.region, report.period, report.compare)
    await repository.change_order(
        work.session,
        report.report_id,
        {
            "state": ReportState.READY,
            "issue": issue,
            "issued_at": work.clock.now(),
            "content": content.model_dump(mode="json"),
            "previous": _previous(before, content),
            "claimed_until": None,
        },
    )


def _previous(before: StoredReport | None, content: ReportContent) -> JsonValue:
    if before is None or before.content is None or before.issue is None or before.issued_at is None:
        return None
    changes = tuple(changes_between(before.content.figures, content.figures))
    return PreviousIssue(issue=before.issue, issued_at=before.issued_at, changes=changes).model_dump(mode="json")


def changes_between(before: Mapping[str, ReportNumbers], now: Mapping[str, ReportNumbers]) -> Iterator[ReportChange]:
    """Yield the numbers that differ, figure by figure. A figure that one of the two reports, or the file of figures, lacks is left out."""
    for code in [code for code in now if code in before and code in report_figures()]:
        old, new = before[code], now[code]
        if old.value != new.value and not report_figures()[code].shown:  # the sum of parts is a figure of its own
            yield ReportChange(figure=code, part=None, before=old.value, now=new.value)
        values = {part.code: part.value for part in old.parts}, {part.code: part.value for part in new.parts}
        for part in dict.fromkeys([*values[1], *values[0]]):
            if values[0].get(part) != values[1].get(part):
                yield ReportChange(figure=code, part=part, before=values[0].get(part), now=values[1].get(part))


async def latest_reports(work: UnitOfWork, region: str | None, limit: int) -> Sequence[StoredReport]:
    """Return the reports that were ordered last, of one region or of all (None)."""
    return await repository.latest_reports(work.session, region, limit)

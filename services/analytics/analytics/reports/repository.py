"""Every query on issued reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.kpis.schemas import Compare
from analytics.reports.models import OrderChange, issued_report
from analytics.reports.schemas import ReportState, StoredReport
from shared.rows import upsert

_REPORT = issued_report.c
_NOT_STORED = {"claimed_until", "attempts"}
_COLUMNS = [column for column in _REPORT if column.name not in _NOT_STORED]


def _same(region: str, period: str, compare: Compare) -> ColumnElement[bool]:
    comparison = _REPORT["compare"]  # a column collection has a method of this name
    return and_(_REPORT.region == region, _REPORT.period == period, comparison == compare)


def _report(row: Any) -> StoredReport:
    values = {column.name: getattr(row, column.name) for column in _COLUMNS}
    return StoredReport.model_validate(values | {"contradictions": values["contradictions"] or ()})


async def add_order(session: AsyncSession, report_id: UUID, region: str, period: str, compare: Compare, at: datetime, total: int) -> None:
    """Queue a report, unless the same one is queued already."""
    row = {
        "report_id": report_id, "region": region, "period": period, "compare": compare, "state": ReportState.QUEUED, "ordered_at": at,
        "claimed_until": None, "attempts": 0, "done": 0, "total": total, "issue": None, "issued_at": None, "content": None,
        "previous": None, "contradictions": None,
    }  # fmt: skip
    await session.execute(upsert(session, issued_report).on_conflict_do_nothing(), [row])


async def issue_of(
    session: AsyncSession, region: str, period: str, compare: Compare, number: int | None = None, until: datetime | None = None
) -> StoredReport | None:
    """Return an issue of a report by its number, the latest without a number; None if there is none.

    `until`: issues later than that do not count.
    """
    query = select(*_COLUMNS).where(_same(region, period, compare), _REPORT.state == ReportState.READY)
    if number is not None:
        query = query.where(_REPORT.issue == number)
    if until is not None:
        query = query.where(_REPORT.issued_at <= until)
    row = (await session.execute(query.order_by(_REPORT.issue.desc()).limit(1))).one_or_none()
    return None if row is None else _report(row)


async def latest_reports(session: AsyncSession, region: str | None, limit: int) -> Sequence[StoredReport]:
    """Return the reports that were ordered last, of one region or of all (None)."""
    query = select(*_COLUMNS).order_by(_REPORT.ordered_at.desc(), _REPORT.report_id).limit(limit)
    if region is not None:
        query = query.where(_REPORT.region == region)
    return [_report(row) for row in (await session.execute(query)).all()]


async def claim_order(session: AsyncSession, now: datetime, until: datetime) -> tuple[StoredReport, int] | None:
    """Claim the report that has been queued longest, and return it with the number of attempts; None if no report waits."""
    is_free = or_(_REPORT.claimed_until.is_(None), _REPORT.claimed_until <= now)
    query = select(*_COLUMNS, _REPORT.attempts).where(_REPORT.state == ReportState.QUEUED, is_free)
    row = (
        await session.execute(query.order_by(_REPORT.ordered_at, _REPORT.report_id).limit(1).with_for_update(skip_locked=True))
    ).one_or_none()
    if row is None:
        return None
    await change_order(session, row.report_id, {"claimed_until": until, "attempts": row.attempts + 1})
    return _report(row), row.attempts + 1


async def change_order(session: AsyncSession, report_id: UUID, values: OrderChange) -> None:
    """Set columns of a report."""
    await session.execute(update(issued_report).where(_REPORT.report_id == report_id).values(**values))


async def last_issue(session: AsyncSession, region: str, period: str, compare: Compare) -> int:
    """Return the number of the latest issue, 0 before the first."""
    query = select(func.coalesce(func.max(_REPORT.issue), 0)).where(_same(region, period, compare))
    return int((await session.execute(query)).scalar_one())

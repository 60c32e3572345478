"""Overdue reports: work beyond its due time comes to the supervisor of the queue, then to the head, whoever has the case or nobody.

They follow from the state of the clocks (`ClockWatcher`), and a report is listed until its clock stops. Nothing in the case changes: the
action `escalate`, which passes a case to the next tier, is something else.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from routing.cases.repository import overdue as reports
from routing.cases.repository.conversation import colleague_names
from routing.cases.schemas.overdue import OverdueRecord
from routing.clocks.codes import ReportLevel
from shared.auth import Principal
from shared.http import Cursor, ListResponse
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases


def report_level(principal: Principal) -> ReportLevel | None:
    """Return which reports a person gets: supervisors and admins the first, heads the second, others none."""
    if principal.has("supervisor", "admin"):
        return ReportLevel.SUPERVISOR
    return ReportLevel.HEAD if principal.has("head") else None


async def list_overdue_reports(
    work: UnitOfWork, principal: Principal, level: ReportLevel, *, limit: int, cursor: str | None
) -> tuple[ListResponse[OverdueRecord], Mapping[str, str | None]]:
    """Return a page of the overdue clocks of the cases that the principal sees, and the names of assignees by subject.

    The longest overdue comes first. Raises InvalidInput for a cursor of another list.
    """
    after: tuple[datetime, UUID] | None = None
    if cursor is not None:
        due_at, clock_id = Cursor.decode(cursor, datetime, UUID)
        after = due_at, clock_id
    found = await reports.overdue_reports(work.session, visible_cases(principal), level, limit=limit + 1, after=after)
    page = list(found[:limit])
    following = Cursor.encode(page[-1].due_at, page[-1].clock_id) if len(found) > limit else None
    names = await colleague_names(work.session, {record.assignee for record in page if record.assignee is not None})
    total = await count_overdue_reports(work, principal, level)
    return ListResponse(items=page, total=total, next_cursor=following), names


async def count_overdue_reports(work: UnitOfWork, principal: Principal, level: ReportLevel) -> int:
    """Return the `total` of the list."""
    return await reports.count_overdue_reports(work.session, visible_cases(principal), level)

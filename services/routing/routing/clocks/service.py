"""The clocks of a case: which ones run, when each warns and ends, and the job that publishes warnings and breaches.

The same job reports overdue clocks to the supervisor of the queue and to the head (`ReportLevel`).
"""

from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import NamedTuple, Protocol
from uuid import UUID

from routing.clocks import events, repository
from routing.clocks.codes import ACTIVE, ClockCode, ClockState, ClockTrigger
from routing.clocks.errors import CalendarDoesNotReach
from routing.clocks.models import CaseClock
from routing.clocks.policy import WHOLE, ClockPolicy, WarningUnit, clock_policies, working_days_to_head
from routing.clocks.repository import (
    add_clocks,
    add_clocks_later,
    change_clocks,
    clocks_of_case,
    reported_clocks,
    running_clocks_by_case,
)
from routing.clocks.schemas import (
    NEVER,
    ClockChange,
    ClockNotice,
    ClockRecord,
    ClockRow,
    DayView,
    DeadlineView,
    TimedCase,
)
from shared.domain.calendar import CalendarGap, planning_calendar, working_calendar
from shared.domain.deadlines import due_at, due_on, explain, policies, policy_for_form
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.working_hours import add_working_hours, hours_for
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.ids import derived
from shared.unit_of_work import UnitOfWork

__all__ = [
    "ClockPolicy",
    "ClockStart",
    "ClockWatcher",
    "WatchedCases",
    "add_clocks",
    "add_clocks_later",
    "adjust",
    "begin",
    "change_clocks",
    "clock_policies",
    "clocks_of_case",
    "deadline",
    "extend",
    "is_extendable",
    "latest_extension",
    "met_at_once",
    "next_due",
    "replace",
    "reported_clocks",
    "required",
    "running_clocks_by_case",
    "stop",
    "taken_over",
    "term",
    "triggered_by",
    "working_days_to_head",
]

WATCH_BATCH = 200  # clocks a transaction; few enough that a clerk never waits for their cases
_CACHED_TERMS = 16_384  # every policy, region and start day of a year


@lru_cache(maxsize=1024)
def required(kind: str, form: str, channel: str | None = None) -> tuple[str, ...]:
    """Return the policies that a case runs under from its first day, the statutory one first."""
    named = {(ClockTrigger.KIND, kind), (ClockTrigger.CHANNEL, channel)}
    return (policy_for_form(form), *(policy.code for policy in clock_policies().values() if (policy.runs, policy.on) in named))


@cache
def triggered_by(trigger: ClockTrigger) -> tuple[str, ...]:
    """Return the policies with this trigger."""
    return tuple(policy.code for policy in clock_policies().values() if policy.runs is trigger)


@dataclass(frozen=True, slots=True)
class ClockTerm:
    """When a clock ends, and when it warns if the policy counts the warning in working days or hours."""

    due_at: datetime
    warn_at: datetime | None
    calendar_version: str


@lru_cache(maxsize=_CACHED_TERMS)
def term(policy: str, region: str, day: date) -> ClockTerm:
    """Return the term that begins on the region's local `day`, which is not counted itself (АППК art. 76(2)).

    Raises CalendarGap if the working calendar does not cover the span.
    """
    deadline = due_on(day, policies()[policy], planning_calendar())
    return _term_until(policy, region, deadline.due_on, deadline.calendar_version)


def _term_until(policy: str, region: str, last_day: date, calendar_version: str) -> ClockTerm:
    rule, warn_at = clock_policies()[policy], None
    if rule.warning is WarningUnit.WORKING_DAY:
        warning_day = planning_calendar().add_working_days(last_day, -rule.amount)
        warn_at = datetime.combine(warning_day, hours_for(region, warning_day).opens, regions()[region].timezone).astimezone(UTC)
    return ClockTerm(due_at(last_day, region), warn_at, calendar_version)


class ClockStart(NamedTuple):
    """Where the terms of an appeal begin: on the days of receipt and registration, or at the time when something was asked."""

    region: str
    received_at: datetime
    registered_at: datetime
    asked_at: datetime | None = None

    def of(self, policy: str) -> datetime:
        """Return the time from which a policy counts."""
        if self.asked_at is not None:
            return self.asked_at
        return self.received_at if policies()[policy].starts_at == "receipt" else self.registered_at


def begin(appeal_id: UUID, named: Iterable[str], start: ClockStart, new_id: Callable[[str], UUID]) -> list[ClockRow]:
    """Return a row for each of the named policies. `new_id` gets the policy and returns the id. Raises CalendarGap."""
    return [
        _row(appeal_id, clock_policies()[policy], _term_from(policy, start.region, at), at, new_id(policy))
        for policy in named
        for at in (start.of(policy),)
    ]


def _term_from(policy: str, region: str, at: datetime) -> ClockTerm:
    """Return the term that begins at this time: in days from its local day, in working hours from the time itself."""
    rule = policies()[policy]
    if rule.unit != "working_hour":
        return term(policy, region, at.astimezone(regions()[region].timezone).date())
    share = rule.amount * clock_policies()[policy].amount / WHOLE
    return ClockTerm(add_working_hours(at, rule.amount, region), add_working_hours(at, share, region), planning_calendar().version)


def _row(appeal_id: UUID, rule: ClockPolicy, span: ClockTerm, started_at: datetime, clock_id: UUID) -> ClockRow:
    warn_at = span.warn_at or started_at + (span.due_at - started_at) * rule.amount / WHOLE
    return {
        "clock_id": clock_id,
        "appeal_id": appeal_id,
        "policy": rule.code,
        "statutory": rule.statutory,
        "started_at": started_at,
        "due_at": span.due_at,
        "calendar_version": span.calendar_version,
        "state": ClockState.RUNNING,
        "warn_at": warn_at,
        "next_at": min(warn_at, span.due_at),
        "stopped_at": None,
    }


def adjust(case: TimedCase, existing: Sequence[ClockRecord], new_id: Callable[[], UUID]) -> tuple[list[ClockRecord], list[ClockRow]]:
    """Return the clocks that no longer apply to a changed kind or form, and the rows of those that start on the same first day.

    `existing`: every clock that the case ever had; a clock that was met or breached is not started again, and one that was extended keeps
    its end. Raises CalendarGap.
    """
    wanted = required(case.kind, case.statutory_form, case.channel)
    kinds = {ClockTrigger.FORM, ClockTrigger.KIND}
    outdated = [
        clock for clock in existing if clock.state in ACTIVE and clock_policies()[clock.policy].runs in kinds and clock.policy not in wanted
    ]
    started = {clock.policy for clock in existing if clock.state != ClockState.REPLACED}
    start = ClockStart(case.region, case.received_at, case.registered_at)
    rows = begin(case.appeal_id, [policy for policy in wanted if policy not in started], start, lambda _policy: new_id())
    return outdated, [_with_extension(row, existing, case.region) for row in rows]


def _with_extension(row: ClockRow, existing: Sequence[ClockRecord], region: str) -> ClockRow:
    """Return the row with the end to which an earlier clock of its policy was extended."""
    extended = next((clock for clock in existing if clock.policy == row["policy"] and clock.due_at > row["due_at"]), None)
    if extended is None:
        return row
    return extend(extended, extended.due_at.astimezone(regions()[region].timezone).date(), region, row["clock_id"])


def taken_over(clocks: Iterable[ClockRow], due_at: datetime, region: str, now: datetime) -> list[ClockRow]:
    """Return the clocks of an appeal that was open in a former register, as they stand there.

    The statutory clock ends when that register says. Clocks of the Fund that were over before belong to that register and do not
    start here; a danger is followed up however late. Raises CalendarGap.
    """
    dangers = triggered_by(ClockTrigger.DANGER)
    going_on = [row for row in clocks if row["statutory"] or row["due_at"] > now or row["policy"] in dangers]
    return [_ending(row, due_at, region) if row["statutory"] else row for row in going_on]


def _ending(row: ClockRow, due_at: datetime, region: str) -> ClockRow:
    if row["due_at"] == due_at:
        return row
    last_day = due_at.astimezone(regions()[region].timezone).date()
    span = _term_until(row["policy"], region, last_day, planning_calendar().version)
    return _row(row["appeal_id"], clock_policies()[row["policy"]], span, row["started_at"], row["clock_id"])


def is_extendable(form: str) -> bool:
    """Return whether the statutory term of a form may be extended (АППК art. 76(3), 99)."""
    return clock_policies()[policy_for_form(form)].extension_months is not None


def latest_extension(clock: ClockRecord, decided_on: date) -> date:
    """Return the latest day until which a decision of this day may extend the clock; the day of the month is kept if there is one."""
    months = decided_on.year * 12 + decided_on.month - 1 + (clock_policies()[clock.policy].extension_months or 0)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(decided_on.day, monthrange(year, month)[1]))


def extend(clock: ClockRecord, until: date, region: str, new_id: UUID) -> ClockRow:
    """Return the clock that takes the place of this one and ends on `until`, or on the next working day (АППК art. 76(5)).

    Raises CalendarGap beyond the planning calendar.
    """
    calendar = planning_calendar()
    span = _term_until(clock.policy, region, calendar.next_working_day(until), calendar.version)
    return _row(clock.appeal_id, clock_policies()[clock.policy], span, clock.started_at, new_id)


def replace(clocks: Iterable[ClockRecord], now: datetime) -> list[ClockChange]:
    """Stop the active ones of these clocks because others take their place, and return the changes to store."""
    return [_stop_as(clock, ClockState.REPLACED, now) for clock in clocks if clock.state in ACTIVE]


def stop(clocks: Iterable[ClockRecord], now: datetime) -> list[ClockChange]:
    """Stop the active ones of these clocks as met, or as missed after their due time, and return the changes to store."""
    return [_stop_as(clock, ClockState.MET if now <= clock.due_at else ClockState.MISSED, now) for clock in clocks if clock.state in ACTIVE]


def _stop_as(clock: ClockRecord, state: ClockState, now: datetime) -> ClockChange:
    clock.state, clock.stopped_at, clock.next_at = state, now, None
    return {"clock_id": clock.clock_id, "state": state, "stopped_at": now, "next_at": None}


def next_due(running: Iterable[ClockRecord], started: Iterable[ClockRow] = ()) -> datetime:
    """Return the earliest due time of the active clocks, NEVER without one."""
    active = (clock.due_at for clock in running if clock.state in ACTIVE)
    return min([*active, *(row["due_at"] for row in started if row["state"] in ACTIVE)], default=NEVER)


def met_at_once(row: ClockRow, at: datetime) -> ClockRow:
    """Return the row of a clock that was met before it could run."""
    met = row.copy()
    met["state"], met["next_at"], met["stopped_at"] = ClockState.MET, None, at
    return met


class WatchedCases(Protocol):
    """What the clock job needs of the cases, in the unit of work of the job."""

    async def lock_free(self, work: UnitOfWork, appeal_ids: Sequence[UUID]) -> Sequence[UUID]:
        """Lock those of the cases that no other transaction has locked, and return them."""
        ...

    async def add_clock_notices(self, work: UnitOfWork, notices: Sequence[ClockNotice]) -> None:
        """Write the notices into the histories of the cases."""
        ...

    async def mark_fix_period_passed(self, work: UnitOfWork, appeal_ids: Sequence[UUID]) -> None:
        """Note that the time to complete these appeals is over."""
        ...


class ClockWatcher:
    """Publishes the warnings and breaches of clocks, and reports breached ones."""

    def __init__(self, cases: WatchedCases) -> None:
        self._cases = cases

    async def watch(self, work: UnitOfWork) -> int:
        """Publish what is due by now, earliest due time first, whoever has the case. Return the number of cases processed.

        Idempotent: a clock moves on once its event is published, and the id of the event follows from the clock and its state.
        """
        session, now = work.session, work.clock.now()
        waiting = await repository.cases_with_waiting_clocks(session, now, WATCH_BATCH)
        cases = await self._cases.lock_free(work, waiting)
        clocks = await repository.waiting_clocks(session, cases, now)
        moved = [clock for clock in clocks if clock.state != ClockState.BREACHED]
        await self._cases.add_clock_notices(work, [_publish(work, clock, now) for clock in moved])
        for clock in clocks:
            if clock.state == ClockState.BREACHED:
                _await_head(clock, now)
        breached = [clock for clock in moved if clock.state == ClockState.BREACHED]
        unfixed = dict.fromkeys(clock.appeal_id for clock in breached if clock.policy == ClockCode.FIX_PERIOD)
        await self._cases.mark_fix_period_passed(work, list(unfixed))
        return len(cases)


def _publish(work: UnitOfWork, clock: CaseClock, now: datetime) -> ClockNotice:
    is_breached = clock.due_at <= now
    clock.state = ClockState.BREACHED if is_breached else ClockState.WARNED
    clock.next_at = None if is_breached else clock.due_at
    event = events.clock_breached(clock) if is_breached else events.clock_warned(clock)
    source = work.publish(event, event_id=derived(clock.clock_id, clock.state))
    return ClockNotice(clock.appeal_id, source, now, event.FACT, clock.policy, clock.due_at)


def _await_head(clock: CaseClock, now: datetime) -> None:
    """Let the job process a breached clock again when the head is to be shown it, and never again from then on."""
    to_head = _reported_to_head_at(clock.policy, clock.due_at)
    clock.next_at = to_head if to_head > now else None


@lru_cache(maxsize=_CACHED_TERMS)
def _reported_to_head_at(policy: str, due: datetime) -> datetime:
    """Return the end of the last working day, in the capital, on which the supervisor alone is shown the clock."""
    due_day = due.astimezone(regions()[CENTRAL_OFFICE].timezone).date()
    return max(due, due_at(planning_calendar().add_working_days(due_day, working_days_to_head()[policy]), CENTRAL_OFFICE))


def deadline(policy: str, start: date) -> DeadlineView:
    """Return the end of a term with its calculation, day by day.

    Raises InvalidInput for an unknown policy, CalendarDoesNotReach outside the reviewed calendar.
    """
    rule = policies().get(policy)
    if rule is None or rule.unit == "working_hour":  # a term in hours has no calculation day by day
        raise InvalidInput.field("policy", "unknown-code", DETAILS["unknown-code"])
    try:
        found = due_on(start, rule, working_calendar())
        days = [DayView(**asdict(step)) for step in explain(found, working_calendar())]
    except CalendarGap:
        raise CalendarDoesNotReach from None
    return DeadlineView(
        policy=policy, starts_at=rule.starts_at, from_=start, due_on=found.due_on, calendar_version=found.calendar_version, explanation=days
    )

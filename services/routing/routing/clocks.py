"""The clocks of a case: which ones its kind and form ask for, when each ends and warns, and the work of watching them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import events, repository
from routing.history import entry
from routing.models import ACTIVE, BREACHED, MET, MISSED, NEVER, REPLACED, RUNNING, WARNED, AppealCase, CaseClock
from routing.reference import read_table
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at, due_on, policies, policy_for_form
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import taxonomy
from shared.domain.working_hours import hours_for
from shared.ids import derived
from shared.messaging import outbox

WATCHED = 200  # cases a transaction; few enough that a clerk never waits for it
_WHOLE = 100  # percent
_REMEMBERED = 16_384  # spans: every policy, region and start day that a year brings


RUNS: Final = frozenset({"form", "kind", "channel", "danger", "applicant", "denied"})
REDIRECT, FIX_PERIOD, APPLICANT_REPLY = "REDIRECT_CRIME", "FIX_PERIOD", "APPLICANT_REPLY"


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """On which cases a clock runs, and when it warns: `amount` working days before the end, or per cent of the term.

    `runs` is one of RUNS; `on` the kind or the channel that is meant.
    """

    code: str
    runs: str
    on: str | None
    warning: str
    amount: int
    label: Label

    @property
    def statutory(self) -> bool:
        """The one clock of the law that an answer is due under."""
        return self.runs == "form"


@cache
def clock_policies() -> Mapping[str, ClockPolicy]:
    """By code; every policy that a form may call for has its row."""

    def build(row: Row) -> ClockPolicy:
        runs = row.one_of("runs", RUNS)
        known = {"kind": taxonomy().kinds, "channel": taxonomy().channels}.get(runs)
        on = row.one_of("code", known) if known else None
        warning = row.one_of("warning", frozenset({"working_day", "percent"}))
        return ClockPolicy(row.one_of("policy", policies()), runs, on, warning, row.number_in("amount", 0, _WHOLE), row.label())

    found = read_table("clock_policies.csv", build, key="policy")
    if missing := {policy_for_form(form) for form in taxonomy().forms} - {code for code, policy in found.items() if policy.statutory}:
        raise ReferenceDataError("clock_policies.csv", 1, f"missing: {', '.join(sorted(missing))}")
    return found


@lru_cache(maxsize=1024)
def required(kind: str, form: str, channel: str | None = None) -> tuple[str, ...]:
    """The policies that a case of this kind, form and channel runs under from its first day, the statutory one first."""
    named = {("kind", kind), ("channel", channel)}
    return (policy_for_form(form), *(policy.code for policy in clock_policies().values() if (policy.runs, policy.on) in named))


@cache
def running_as(runs: str) -> tuple[str, ...]:
    """The policies that run so."""
    return tuple(policy.code for policy in clock_policies().values() if policy.runs == runs)


@dataclass(frozen=True, slots=True)
class Term:
    """When a clock ends, and when it warns if that is told in working days."""

    due_at: datetime
    warn_at: datetime | None
    calendar_version: str


@lru_cache(maxsize=_REMEMBERED)
def term(policy: str, region: str, day: date) -> Term:
    """The term that begins with the region's local `day`, which is not counted itself (АППК art. 76(2)).

    Raises CalendarGap if the working calendar does not cover the span.
    """
    calendar, rule = planning_calendar(), clock_policies()[policy]
    deadline = due_on(day, policies()[policy], calendar)
    warns = None
    if rule.warning == "working_day":
        last_call = calendar.add_working_days(deadline.due_on, -rule.amount)
        warns = datetime.combine(last_call, hours_for(region, last_call).opens, regions()[region].timezone).astimezone(UTC)
    return Term(due_at(deadline.due_on, region), warns, deadline.calendar_version)


class Start(NamedTuple):
    """Where the terms of an appeal begin: its region's days of receipt and of registration, or the moment something was asked."""

    region: str
    received_at: datetime
    registered_at: datetime
    asked_at: datetime | None = None

    def of(self, policy: str) -> datetime:
        if self.asked_at is not None:
            return self.asked_at
        return self.received_at if policies()[policy].starts_at == "receipt" else self.registered_at


def begin(appeal_id: UUID, named: Iterable[str], start: Start, new_id: Callable[[str], UUID]) -> list[Mapping[str, Any]]:
    """The rows of the clocks of these policies, each from its own first day; `new_id` gets the policy. Raises CalendarGap."""
    zone = regions()[start.region].timezone
    return [
        _row(appeal_id, clock_policies()[policy], term(policy, start.region, at.astimezone(zone).date()), at, new_id(policy))
        for policy in named
        for at in (start.of(policy),)
    ]


def _row(appeal_id: UUID, rule: ClockPolicy, span: Term, started_at: datetime, clock_id: UUID) -> Mapping[str, Any]:
    warn_at = span.warn_at or started_at + (span.due_at - started_at) * rule.amount / _WHOLE
    return {
        "clock_id": clock_id,
        "appeal_id": appeal_id,
        "policy": rule.code,
        "statutory": rule.statutory,
        "started_at": started_at,
        "due_at": span.due_at,
        "calendar_version": span.calendar_version,
        "state": RUNNING,
        "warn_at": warn_at,
        "next_at": min(warn_at, span.due_at),
        "stopped_at": None,
    }


def adjust(case: AppealCase, had: Sequence[CaseClock], new_id: Callable[[], UUID]) -> tuple[list[CaseClock], list[Mapping[str, Any]]]:
    """Let the clocks follow a new kind or form, given all that the case has had: what was met or breached is not measured again.

    Returns those that no longer apply, and the rows of what starts, on the same first day. Raises CalendarGap.
    """
    wanted = required(case.kind, case.statutory_form, case.channel)
    kinds = {"form", "kind"}
    left = [one for one in had if one.state in ACTIVE and clock_policies()[one.policy].runs in kinds and one.policy not in wanted]
    missing = [policy for policy in wanted if policy not in {clock.policy for clock in had if clock.state != REPLACED}]
    start = Start(case.region, case.received_at, case.registered_at)
    return left, begin(case.appeal_id, missing, start, lambda _policy: new_id())


def replace(clocks: Iterable[CaseClock], now: datetime) -> None:
    """Another rule's clock runs in their place."""
    for clock in clocks:
        _halt(clock, REPLACED, now)


def stop(clocks: Iterable[CaseClock], now: datetime) -> None:
    """What they measured has happened: met or missed."""
    for clock in clocks:
        _halt(clock, MET if now <= clock.due_at else MISSED, now)


def next_due(running: Iterable[CaseClock], started: Iterable[Mapping[str, Any]] = ()) -> datetime:
    """The earliest end of what runs, NEVER without any."""
    still = (clock.due_at for clock in running if clock.state in ACTIVE)
    return min([*still, *(row["due_at"] for row in started if row["state"] in ACTIVE)], default=NEVER)


def met_at_once(row: Mapping[str, Any], at: datetime) -> Mapping[str, Any]:
    """The row of a clock whose matter was settled before it could run."""
    return {**row, "state": MET, "next_at": None, "stopped_at": at}


def _halt(clock: CaseClock, state: str, now: datetime) -> None:
    clock.state, clock.stopped_at, clock.next_at = state, now, None


async def watch(session: AsyncSession, now: datetime) -> int:
    """Warn of what is nearly due and tell what is overdue, the oldest first, whoever has the case or nobody. Returns how many cases it saw.

    Idempotent for each clock and level: a clock that has told moves on, and the ids of what it tells follow from its own.
    """
    cases = await repository.lock_cases_with_due_clocks(session, now, WATCHED)
    due = await repository.due_clocks(session, cases, now)
    await repository.add_history(session, [_tell(session, clock, now) for clock in due])
    unfixed = dict.fromkeys(clock.appeal_id for clock in due if clock.policy == FIX_PERIOD and clock.state == BREACHED)
    await repository.change_cases(session, [{"appeal_id": appeal_id, "fix_passed": True} for appeal_id in unfixed])
    return len(cases)


def _tell(session: AsyncSession, clock: CaseClock, now: datetime) -> Mapping[str, Any]:
    breached = clock.due_at <= now
    clock.state = BREACHED if breached else WARNED
    clock.next_at = None if breached else clock.due_at
    fact = events.clock_breached(clock) if breached else events.clock_warned(clock)
    source = outbox.append(session, fact, event_id=derived(clock.clock_id, clock.state))
    return entry(clock.appeal_id, source, now, fact.FACT, policy=clock.policy, due=clock.due_at.isoformat())

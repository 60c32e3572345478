"""The clocks of a case: which ones its kind and form ask for, when each ends and warns, and the work of watching them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import events, repository
from routing.history import entry
from routing.models import NEVER, AppealCase, CaseClock
from routing.reference import read_table
from shared.domain.calendar import working_calendar
from shared.domain.deadlines import due_at, due_on, policies, policy_for_form
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import taxonomy
from shared.domain.working_hours import hours_for
from shared.ids import derived
from shared.messaging import outbox

RUNNING, WARNED, BREACHED = "RUNNING", "WARNED", "BREACHED"
MET, MISSED, REPLACED = "MET", "MISSED", "REPLACED"
ACTIVE = (RUNNING, WARNED, BREACHED)
WATCHED = 200  # cases a transaction; few enough that a clerk never waits for it
_WHOLE = 100  # percent
_REMEMBERED = 16_384  # spans: every policy, region and start day that a year brings


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """Whether a clock is the law's or the Fund's own, and when it warns: `amount` working days before the end, or per cent of the term."""

    code: str
    kind: str | None
    warning: str
    amount: int
    label: Label

    @property
    def statutory(self) -> bool:
        return self.kind is None


@cache
def clock_policies() -> Mapping[str, ClockPolicy]:
    """By code; every policy that a form may call for has its row."""

    def build(row: Row) -> ClockPolicy:
        kind = row.one_of("kind", taxonomy().kinds) if row.optional("kind") else None
        warning = row.one_of("warning", frozenset({"working_day", "percent"}))
        return ClockPolicy(row.one_of("policy", policies()), kind, warning, row.number_in("amount", 0, _WHOLE), row.label())

    found = read_table("clock_policies.csv", build, key="policy")
    if missing := {policy_for_form(form) for form in taxonomy().forms} - {code for code, policy in found.items() if policy.statutory}:
        raise ReferenceDataError("clock_policies.csv", 1, f"missing: {', '.join(sorted(missing))}")
    return found


@lru_cache(maxsize=1024)
def required(kind: str, form: str) -> tuple[str, ...]:
    """The policies that a case of this kind and form runs under, the statutory one first."""
    return (policy_for_form(form), *(policy.code for policy in clock_policies().values() if policy.kind == kind))


@dataclass(frozen=True, slots=True)
class Term:
    due_at: datetime
    warn_at: datetime
    calendar_version: str


@lru_cache(maxsize=_REMEMBERED)
def term(policy: str, region: str, registered_at: datetime) -> Term:
    """When a clock ends and when it warns. Counted from the local day of registration, which is not counted (АППК art. 76(2)).

    Raises CalendarGap if the working calendar does not cover the span.
    """
    zone, calendar, rule = regions()[region].timezone, working_calendar(), clock_policies()[policy]
    deadline = due_on(registered_at.astimezone(zone).date(), policies()[policy], calendar)
    ends = due_at(deadline.due_on, region)
    if rule.warning == "percent":
        warns = registered_at + (ends - registered_at) * rule.amount / _WHOLE
    else:
        day = calendar.add_working_days(deadline.due_on, -rule.amount)
        warns = datetime.combine(day, hours_for(region, day).opens, zone)
    return Term(ends, warns, deadline.calendar_version)


def begin(case: AppealCase, policy: str, clock_id: UUID) -> CaseClock:
    """A clock of this policy on the case, running since its registration. Raises CalendarGap."""
    span = term(policy, case.region, case.registered_at)
    return CaseClock(
        clock_id=clock_id,
        appeal_id=case.appeal_id,
        policy=policy,
        statutory=clock_policies()[policy].statutory,
        started_at=case.registered_at,
        due_at=span.due_at,
        calendar_version=span.calendar_version,
        state=RUNNING,
        warn_at=span.warn_at,
        next_at=min(span.warn_at, span.due_at),
        stopped_at=None,
    )


def adjust(case: AppealCase, running: Sequence[CaseClock], new_id: Callable[[], UUID], now: datetime) -> list[CaseClock]:
    """Let the clocks follow a new kind or form: what no longer applies is replaced, what now applies starts at the same first day."""
    wanted = required(case.kind, case.statutory_form)
    kept = [clock for clock in running if clock.policy in wanted]
    for clock in running:
        if clock not in kept:
            _halt(clock, REPLACED, now)
    started = [begin(case, policy, new_id()) for policy in wanted if policy not in {clock.policy for clock in kept}]
    case.next_due_at = next_due(kept + started)
    return started


def stop(case: AppealCase, running: Iterable[CaseClock], now: datetime) -> None:
    """The case was answered: every clock stands, met or missed."""
    for clock in running:
        _halt(clock, MET if now <= clock.due_at else MISSED, now)
    case.next_due_at = NEVER


def next_due(clocks: Iterable[CaseClock]) -> datetime:
    return min((clock.due_at for clock in clocks), default=NEVER)


def _halt(clock: CaseClock, state: str, now: datetime) -> None:
    clock.state, clock.stopped_at, clock.next_at = state, now, None


async def watch(session: AsyncSession, now: datetime) -> int:
    """Warn of and tell the breach of what is due, the oldest due first, whoever has the case or nobody. Returns how many cases were looked at.

    Idempotent for each clock and level: a clock that has told moves on, and the ids of what it tells follow from its own.
    """
    cases = await repository.cases_with_due_clocks(session, now, WATCHED)
    for clock in await repository.due_clocks(session, cases, now):
        breached = clock.due_at <= now
        clock.state = BREACHED if breached else WARNED
        clock.next_at = None if breached else clock.due_at
        told = events.clock_breached(clock) if breached else events.clock_warned(clock)
        source = derived(clock.clock_id, clock.state)
        outbox.append(session, told, event_id=source)
        session.add(entry(clock.appeal_id, source, now, told.FACT, {"policy": clock.policy, "due": clock.due_at.isoformat()}))
    return len(cases)



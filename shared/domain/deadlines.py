"""Deadline policies: the rule, its start event and its unit of days, and the day-by-day calculation of every deadline."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Literal, cast

from shared.domain.calendar import WorkingCalendar
from shared.domain.labels import LANGUAGES, Label
from shared.domain.regions import regions
from shared.domain.tables import Row, read_text, rows, table
from shared.domain.taxonomy import taxonomy

Unit = Literal["working_day", "calendar_day", "working_hour"]
Direction = Literal["after", "before"]
Roll = Literal["next_working_day", "none"]

_LONGEST = 366
_LAST_SECOND = time(23, 59, 59)
_REMEMBERED = 65_536  # pairs of a policy and a start day, for many years


@dataclass(frozen=True, slots=True)
class DeadlinePolicy:
    """A deadline rule: `amount` units from the day after the event `starts_at`, or backwards from the day before it.

    A rule in working hours counts from the time of its event. `basis` names the article and `certainty` how reliably it was
    interpreted. `extension_max` is the text of the rule.
    """

    code: str
    scope: str
    amount: int
    unit: Unit
    direction: Direction
    starts_at: str
    roll: Roll
    extendable: bool
    extension_max: str | None
    basis: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """A due day and the inputs of its calculation."""

    due_on: date
    start: date
    policy: DeadlinePolicy
    calendar_version: str


@dataclass(frozen=True, slots=True)
class DayStep:
    """One day of a calculation: its number in the term, None if it does not count, and the reason in three languages."""

    date: date
    counts: int | None
    kk: str
    ru: str
    en: str


@cache
def _events() -> Mapping[str, Label]:
    return table("clock_events.csv", Row.label)


@cache
def policies() -> Mapping[str, DeadlinePolicy]:
    """Return all rules by code. Raises ReferenceDataError for an unknown unit, event or amount."""

    def build(row: Row) -> DeadlinePolicy:
        return DeadlinePolicy(
            code=row.text("code"),
            scope=row.text("scope"),
            amount=row.number_in("amount", 0, _LONGEST),
            unit=cast("Unit", row.one_of("unit", frozenset({"working_day", "calendar_day", "working_hour"}))),
            direction=cast("Direction", row.one_of("direction", frozenset({"after", "before"}))),
            starts_at=row.one_of("starts_at", _events()),
            roll=cast("Roll", row.one_of("roll", frozenset({"next_working_day", "none"}))),
            extendable=row.flag("extendable"),
            extension_max=row.optional("extension_max"),
            basis=row.text("basis"),
            certainty=row.text("certainty"),
        )

    return table("deadline_policies.csv", build)


@cache
def _form_policies() -> Mapping[str | None, str]:
    found: dict[str | None, str] = {}
    for row in rows("form_policies.csv"):
        form = row.one_of("form", taxonomy().forms) if row.optional("form") else None
        found[form] = row.one_of("policy", policies())
    return found


def policy_for_form(form: str | None) -> str:
    """Return the code of the policy for answers to a statutory form (АППК art. 76(1), 87 and 99). None: the form is unknown yet.

    Raises KeyError for an unknown form.
    """
    return _form_policies()[form]


@lru_cache(maxsize=_REMEMBERED)
def due_on(start: date, policy: DeadlinePolicy, calendar: WorkingCalendar) -> Deadline:
    """Return the last day of a term, counted from the day after `start` (АППК art. 76(2)).

    A last day off moves to the next working day if the policy says so (art. 76(5)). Raises CalendarGap if the calendar does not
    cover the span, ValueError for a policy in working hours, whose end is a time (`working_hours.add_working_hours`).
    """
    if policy.unit == "working_hour":
        raise ValueError(f"{policy.code} is counted in working hours")
    amount = policy.amount if policy.direction == "after" else -policy.amount
    calendar.require(start)
    last = calendar.add_working_days(start, amount) if policy.unit == "working_day" else start + timedelta(days=amount)
    calendar.require(last)
    if policy.roll == "next_working_day":
        last = calendar.next_working_day(last)
    return Deadline(last, start, policy, calendar.version)


@lru_cache(maxsize=_REMEMBERED)
def due_at(due_on: date, region: str) -> datetime:
    """Return the end of the due day in the region, 23:59:59 local time, as aware UTC. Raises KeyError for an unknown region."""
    return datetime.combine(due_on, _LAST_SECOND, regions()[region].timezone).astimezone(UTC)


@lru_cache(maxsize=_REMEMBERED)
def explain(deadline: Deadline, calendar: WorkingCalendar) -> tuple[DayStep, ...]:
    """Return one step per day from the start, which does not count, to the due day. Backwards for a policy that counts backwards.

    Raises CalendarGap if the calendar does not cover the span, ValueError if another calendar version gave the deadline.
    """
    if deadline.calendar_version != calendar.version:
        raise ValueError(f"counted with {deadline.calendar_version}, not with {calendar.version}")
    return tuple(_steps(deadline, calendar))


def _steps(deadline: Deadline, calendar: WorkingCalendar) -> Iterator[DayStep]:
    policy, texts = deadline.policy, _texts()
    yield _step(deadline.start, None, texts["start"].filled(event=_events()[policy.starts_at]))
    counted, direction = 0, 1 if policy.direction == "after" else -1
    day = deadline.start
    while day != deadline.due_on:
        day += timedelta(days=direction)
        reason = calendar.reason(day)
        complete = counted == policy.amount
        if reason is not None and (complete or policy.unit == "working_day"):
            yield _step(day, None, texts["day_off"].filled(reason=reason))
        elif complete:
            yield _step(day, None, texts["rolled"])
        else:
            counted += 1
            yield _step(day, counted, texts[policy.unit].filled(n=Label(*(str(counted) for _ in LANGUAGES))))


@cache
def _texts() -> Mapping[str, Label]:
    document = cast("dict[str, dict[str, str]]", tomllib.loads(read_text("day_texts.toml")))
    return {name: Label(**entry) for name, entry in document.items()}


def _step(day: date, counts: int | None, text: Label) -> DayStep:
    return DayStep(day, counts, text.kk, text.ru, text.en)

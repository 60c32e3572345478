"""What happens to an inquiry without an answer: a reminder, the overdue flag, and the escalation (`inquiry_steps.csv`)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from provider_contact.inquiries import events, repository
from provider_contact.inquiries.codes import InquiryStep, NoticeKind
from provider_contact.inquiries.models import EntryRow, Inquiry, StepChange
from provider_contact.inquiries.policy import Clock, StepRule, step_rules
from provider_contact.inquiries.service.ports import Notice, Notices
from shared.contracts import AppealEvent
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at as end_of_day
from shared.domain.deadlines import due_on
from shared.domain.regions import regions
from shared.unit_of_work import UnitOfWork

STEP_BATCH: Final = 200  # inquiries of one transaction


def clock_due_at(clock: Clock, region: str, now: datetime) -> datetime:
    """Return the end of the clock's term that begins now. Raises ValueError for a clock without a policy."""
    if clock.policy is None:
        raise ValueError(f"{clock.code} has no policy")
    today = now.astimezone(regions()[region].timezone).date()
    return end_of_day(due_on(today, clock.policy, planning_calendar()).due_on, region)


class PlannedStep(NamedTuple):
    rule: StepRule
    at: datetime


def step_at(rule: StepRule, due_at: datetime, region: str) -> datetime:
    """Return when the step is taken for an inquiry that is due then, in a region."""
    zone = regions()[region].timezone
    day = due_at.astimezone(zone).date()
    if rule.days:
        day = planning_calendar().add_working_days(day, rule.days if rule.direction == "after" else -rule.days)
    elif rule.hour is None:
        return due_at
    if rule.hour is None:
        return end_of_day(day, region)
    return datetime(day.year, day.month, day.day, rule.hour, tzinfo=zone)


def steps_after(last: InquiryStep | None, due_at: datetime, region: str) -> Iterator[PlannedStep]:
    """Yield the steps that follow the last one, with their times."""
    rules = step_rules()
    first = next((index + 1 for index, rule in enumerate(rules) if rule.step is last), 0)
    for rule in rules[first:]:
        yield PlannedStep(rule, step_at(rule, due_at, region))


def first_step_at(due_at: datetime, region: str, now: datetime) -> datetime | None:
    """Return when the first step of a round is taken; a step before the due date whose time has passed already is left out."""
    planned = (step for step in steps_after(None, due_at, region) if step.rule.direction == "after" or step.at > now)
    return next((step.at for step in planned), None)


@dataclass(frozen=True, slots=True)
class _StepKind:
    """What a step does: whether the inquiry needs it no more, the event that it publishes, and the notice that it plans."""

    is_needless: Callable[[Inquiry, datetime], bool]
    event: Callable[[Inquiry, StepRule], AppealEvent]
    notice: NoticeKind


_KINDS: Final[Mapping[InquiryStep, _StepKind]] = {
    InquiryStep.REMINDER: _StepKind(
        lambda inquiry, now: inquiry.due_at < now,  # it is late: that comes next
        lambda inquiry, _rule: events.inquiry_reminded(inquiry),
        NoticeKind.REMINDER,
    ),
    InquiryStep.OVERDUE: _StepKind(
        lambda inquiry, _now: inquiry.overdue,  # a process of an earlier version has flagged it
        lambda inquiry, _rule: events.inquiry_overdue(inquiry),
        NoticeKind.OVERDUE,
    ),
    InquiryStep.ESCALATION: _StepKind(
        lambda inquiry, _now: inquiry.escalated_to is not None,  # a clerk was faster
        lambda inquiry, rule: events.inquiry_escalated(inquiry, rule.body or ""),
        NoticeKind.ESCALATION,
    ),
}


@dataclass(slots=True)
class _Advance:
    """One inquiry whose next step is due: the step that is taken (None: it was only planned), and what changes."""

    inquiry: Inquiry
    change: StepChange
    taken: StepRule | None = None


async def advance_due(work: UnitOfWork, notices: Notices) -> int:
    """Take the next step of at most `STEP_BATCH` inquiries, longest due first, each step once. Return how many were found.

    Workers run side by side: each skips what another one has locked. The version stays, because the same actions are possible as before.
    """
    now = work.clock.now()
    advances = [_advance(inquiry, region, now) for inquiry, region in await repository.due_inquiries(work.session, now, STEP_BATCH)]
    taken = [(advance.inquiry, advance.taken) for advance in advances if advance.taken is not None]
    for inquiry, rule in taken:
        work.publish(_KINDS[rule.step].event(inquiry, rule))
    await repository.change_steps(work.session, [advance.change for advance in advances])
    await repository.insert_entries(work.session, [_entry(work, inquiry, rule, now) for inquiry, rule in taken])
    await notices.plan(work, [_notice(work, inquiry, rule) for inquiry, rule in taken])
    return len(advances)


def _advance(inquiry: Inquiry, region: str, now: datetime) -> _Advance:
    """Return the next step that is due, and the time of the one after it."""
    change: StepChange = {
        "inquiry_id": inquiry.inquiry_id,
        "last_step": inquiry.last_step,
        "next_step_at": None,
        "overdue": inquiry.overdue,
        "reminded_at": inquiry.reminded_at,
        "escalated_to": inquiry.escalated_to,
    }
    advance = _Advance(inquiry, change)
    for rule, at in steps_after(inquiry.last_step, inquiry.due_at, region):
        if at >= now or advance.taken is not None:
            change["next_step_at"] = at
            break
        change["last_step"] = rule.step
        if not _KINDS[rule.step].is_needless(inquiry, now):
            advance.taken = rule
            _apply(change, rule, now)
    return advance


def _apply(change: StepChange, rule: StepRule, now: datetime) -> None:
    if rule.step is InquiryStep.OVERDUE:
        change["overdue"] = True
    elif rule.step is InquiryStep.REMINDER:
        change["reminded_at"] = now
    else:
        change["escalated_to"] = rule.body


def _entry(work: UnitOfWork, inquiry: Inquiry, rule: StepRule, now: datetime) -> EntryRow:
    return {
        "entry_id": work.ids.new(),
        "inquiry_id": inquiry.inquiry_id,
        "at": now,
        "type": rule.step,
        "round": inquiry.round,
        "actor_role": None,
        "actor": None,
        "code": rule.body,
        "day": None,
        "content": None,
    }


def _notice(work: UnitOfWork, inquiry: Inquiry, rule: StepRule) -> Notice:
    kind = _KINDS[rule.step].notice
    return Notice(
        work.ids.new(), inquiry.inquiry_id, inquiry.appeal_id, inquiry.provider_id, kind, inquiry.round, inquiry.due_at, rule.body
    )

"""Content of the page of an appeal, as its applicant may read it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple, TypedDict
from zoneinfo import ZoneInfo

from intake.attachments.service.storing import NamedFile
from intake.channels.web.pages.offer_view import ShownOffer, shown_offers
from intake.register.codes import MessageAuthor, MessageKind, ReadPart
from intake.register.schemas import AnswerOut, Tracked
from intake.register.service.texts import holder_label, outcome_label, status_label
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import DayStep, due_on, explain, policies, policy_for_form
from shared.domain.labels import Label, Language
from shared.domain.lifecycle import CaseStatus, Holder
from shared.domain.regions import branch_label, regions
from shared.domain.taxonomy import taxonomy
from shared.language.danger import speaks_of_danger
from shared.web.i18n import N_
from shared.web.viewer import role_labels

BADGES: Final[Mapping[str, str]] = {
    CaseStatus.ANSWERED: "good",
    CaseStatus.CLOSED: "quiet",
    CaseStatus.AWAITING_APPLICANT: "warn",
    CaseStatus.NEEDS_FIX: "warn",
    CaseStatus.AWAITING_PROVIDER: "",
}
HOLDERS: Final[Mapping[str, str]] = {Holder.PROVIDER: "provider", Holder.APPLICANT: "applicant", Holder.OTHER_BODY: "other"}
SHOWN_READS: Final = 20
Translate = Callable[[str], str]
ANSWERED: Final = frozenset({CaseStatus.ANSWERED, CaseStatus.CLOSED})
# By kind of message; plain messages have no heading.
HEADINGS: Final[Mapping[str, str]] = {
    MessageKind.QUESTION: N_("A question for you"),
    MessageKind.COMPLETION: N_("Something is missing in the appeal"),
    MessageKind.STATEMENT: N_("Statement of withdrawal"),
    MessageKind.REASON: N_("Why it is not settled"),
    MessageKind.COMMENT: N_("Your comment"),
}


class ShownMessage(NamedTuple):
    """A message of the applicant or of the Fund. `due_on`: the last day to answer it; `documents`: names of its files."""

    by_fund: bool
    heading: str | None
    at: datetime
    text: str | None
    due_on: date | None
    is_open: bool
    documents: Sequence[str]


class ShownStep(TypedDict):
    """An entry of the timeline, with the keys that the template macro `steps` reads."""

    text: str
    at: datetime
    state: str


class ShownSpan(TypedDict):
    """How long somebody held the appeal, with the keys that the template macro `held` reads."""

    holder: str
    label: str
    seconds: int


class ShownDay(TypedDict):
    """A day of the computation of the deadline, with the keys that the template macro `deadline_working` reads."""

    date: date
    counts: int | None
    text: str


class ShownFinding(NamedTuple):
    """A finding of the answer with labels in the reader's language."""

    category: str | None
    outcome: str
    fact: str | None
    rule: str | None


class ShownRead(NamedTuple):
    """Who read the appeal on one day: the role in the reader's language (None: staff of the Fund), and what was opened."""

    last_at: datetime
    role: str | None
    part: ReadPart
    times: int


class CaseContent(TypedDict):
    """What `case.html` shows of an appeal."""

    case: Tracked
    zone: ZoneInfo
    branch: str
    status_label: str
    badge_kind: str
    final: bool
    holder: str
    held_now: int | None
    spans: Sequence[ShownSpan]
    steps: Sequence[ShownStep]
    due_on: date | None
    late: bool
    working: Sequence[ShownDay]
    outcome: str | None
    findings: Sequence[ShownFinding]
    filed: Sequence[tuple[str, str]]
    danger: bool
    reads: Sequence[ShownRead]
    offers: Sequence[ShownOffer]


def case_content(case: Tracked, language: Language, translate: Translate, now: datetime) -> CaseContent:
    """Return what `case.html` shows of an appeal at `now`."""
    codes, zone = taxonomy(), regions()[case.region].timezone
    status = codes.statuses[case.status]
    due = case.due_at.astimezone(zone).date() if case.due_at else None
    answered = case.answer_available or case.status in ANSWERED
    return {
        "case": case,
        "zone": zone,
        "branch": branch_label(case.region).in_(language),
        "status_label": status_label(case.status).in_(language),
        "badge_kind": BADGES.get(case.status, "quiet" if status.final else ""),
        "final": status.final,
        "holder": holder_label(case.holder).in_(language),
        "held_now": next((span.seconds for span in case.time_held if span.holder == case.holder), None),
        "spans": [
            {"holder": HOLDERS.get(span.holder, "fund"), "label": holder_label(span.holder).in_(language), "seconds": span.seconds}
            for span in case.time_held
        ],
        "steps": _steps(case, language, final=status.final),
        "due_on": due,
        "late": bool(case.due_at and now > case.due_at and not answered and not status.final),
        "working": [{"date": day.date, "counts": day.counts, "text": getattr(day, language)} for day in _working(case, due, zone)],
        "outcome": outcome_label(case.outcome).in_(language) if case.outcome else None,
        "findings": _findings(case.answer, language) if case.answer else [],
        "filed": _filed(case, language, translate),
        "danger": speaks_of_danger(case.text or ""),
        "reads": [ShownRead(read.last_at, _role(read.role, language), read.part, read.times) for read in case.reads[:SHOWN_READS]],
        "offers": shown_offers(case, language, now),
    }


def _role(role: str | None, language: Language) -> str | None:
    label = role_labels().get(role) if role else None
    return label.in_(language) if label else None


def _filed(case: Tracked, language: Language, translate: Translate) -> list[tuple[str, str]]:
    """Return what the appeal is and what it is about, as (name, value) pairs; what is not known is left out."""
    codes = taxonomy()
    kind = codes.kinds[case.kind].label if case.kind else None
    subject = codes.categories[case.category].label if case.category else codes.topics[case.topic].label if case.topic else None
    provider = Label(case.provider.name_kk, case.provider.name_ru, case.provider.name_ru) if case.provider else None
    named = ((N_("What it is"), kind), (N_("Subject"), subject), (N_("Medical organisation"), provider))
    return [(translate(name), label.in_(language)) for name, label in named if label is not None]


def shown_messages(case: Tracked, attached: Sequence[NamedFile]) -> list[ShownMessage]:
    """Return the messages of both sides, oldest first, with the names of their files."""
    zone = regions()[case.region].timezone
    return [
        ShownMessage(
            by_fund=message.by == MessageAuthor.FUND,
            heading=HEADINGS.get(message.kind),
            at=message.at,
            text=message.text,
            due_on=message.due_at.astimezone(zone).date() if message.due_at else None,
            is_open=message.id == case.open_question,
            documents=[file.name for file in attached if file.message_id == message.id],
        )
        for message in case.messages
    ]


def _steps(case: Tracked, language: Language, *, final: bool) -> list[ShownStep]:
    """Return the timeline, latest first. The latest entry is the current step until the appeal is finished."""
    return [
        {"text": getattr(entry, language), "at": entry.at, "state": "now" if index == 0 and not final else "done"}
        for index, entry in enumerate(reversed(case.timeline))
    ]


def _working(case: Tracked, due: date | None, zone: ZoneInfo) -> tuple[DayStep, ...]:
    """Return the day-by-day computation by the rule that leads to the due day; empty if no rule does, as after an extension."""
    start, calendar = case.registered_at.astimezone(zone).date(), planning_calendar()
    for policy in dict.fromkeys(policy_for_form(form) for form in (None, *taxonomy().forms)):
        try:
            deadline = due_on(start, policies()[policy], calendar)
            if deadline.due_on == due:
                return explain(deadline, calendar)
        except CalendarGap:
            continue
    return ()


def _findings(answer: AnswerOut, language: Language) -> list[ShownFinding]:
    codes = taxonomy()
    return [
        ShownFinding(
            category=codes.categories[finding.category].label.in_(language)
            if finding.category and finding.category in codes.categories
            else None,
            outcome=codes.outcomes[finding.outcome].label.in_(language) if finding.outcome in codes.outcomes else finding.outcome,
            fact=finding.fact,
            rule=finding.rule,
        )
        for finding in answer.findings
    ]

"""The page of a case: its text and classification, deadlines, assignee, history, and the forms of the possible actions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from routing.cases import service as cases
from routing.cases.codes import ExtensionDecision, Urgency
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseView
from routing.classification.schemas import Decision
from routing.clocks.codes import ACTIVE, ClockState
from routing.clocks.schemas import ClockView
from routing.clocks.service import clock_policies
from routing.desk.pages.approval import ApprovalNote
from routing.desk.pages.case_forms import CaseForms
from routing.desk.pages.contents import FetchedContents
from routing.desk.pages.explanation import Explanation
from routing.desk.pages.issues import IssuesCard
from routing.desk.pages.links import LinksCard
from routing.desk.pages.listing import PATH as DESK
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.notes import PATH as NOTES
from routing.desk.pages.notes import NoteForm
from routing.desk.pages.presence import Presence
from routing.desk.pages.protection import ProtectionCard, protection_card
from routing.desk.pages.provider import ProviderCard
from routing.desk.pages.reader import DeskReader, Due, Labelled, due, subject_of
from routing.desk.pages.thread import ThreadEntry
from shared.contracts import ClassificationCorrected
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import due_on, explain, policies
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.language.junk import Junk
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.viewer import role_labels

_WHY: Final[Mapping[str, str]] = {
    Decision.AUTO: N_("The marked words speak for “%(subject)s” (%(certainty)s)."),
    Decision.SUGGEST: N_("The marked words suggest “%(subject)s” (%(certainty)s). Please check it."),
    Decision.TRIAGE: N_("The text alone does not decide what this is about. Please choose."),
}


_JUNK: Final[Mapping[str, str]] = {
    Junk.EMPTY: N_("perhaps no appeal: empty"),
    Junk.SYMBOLS: N_("perhaps no appeal: signs without words"),
    Junk.KEYBOARD: N_("perhaps no appeal: letters without words"),
    Junk.ADVERTISING: N_("perhaps no appeal: advertising"),
}
EXTENDED: Final = N_("extended by decision of the head or a deputy, АППК art. 76(3)")
_EXTENSION_STATES: Final[Mapping[ExtensionDecision | None, tuple[str, str]]] = {
    None: (N_("Waits for a decision"), "warn"),
    ExtensionDecision.APPROVED: (N_("Approved"), "good"),
    ExtensionDecision.REJECTED: (N_("Rejected"), "bad"),
    ExtensionDecision.WITHDRAWN: (N_("No longer needed"), "quiet"),
}
_ARTICLE: Final = re.compile(r"APPK ([0-9()\- ]+)")


@dataclass(frozen=True, slots=True)
class CalculationDay:
    """A day in the calculation of a deadline."""

    date: date
    counts: bool
    text: str


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock with its rule (`basis`): how near its end is while it runs (`due`), else its result, and the day-by-day calculation."""

    label: str
    basis: str
    started_at: datetime
    due_at: datetime
    due: Due | None
    state_label: str
    tone: str
    working: Sequence[CalculationDay]


@dataclass(frozen=True, slots=True)
class DangerNote:
    """A danger that has to be redirected, and to which body; or the body to which it was redirected."""

    what: str
    body: str
    is_redirected: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """An entry of the history; `detail` is the role of the actor."""

    text: str
    at: datetime
    state: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The local day on which the applicant is to be called again, and whether it has come."""

    day: date
    is_due: bool


@dataclass(frozen=True, slots=True)
class ExtensionNote:
    """The latest request to extend the term. `state` in words; `waits`: nobody has decided yet; `refusal`: why it was refused."""

    state: str
    tone: str
    waits: bool
    until: date
    author: str
    at: datetime
    reason: str
    refusal: str | None


@dataclass(frozen=True, slots=True)
class CaseLink:
    """A link to the earlier appeal."""

    number: str
    href: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """Everything that the template of a case shows. `post`: URLs of possible actions; `note`: None for admins."""

    number: str
    version: int
    href: str
    show_href: str
    post: Mapping[CaseAction, str]
    kicker: str
    urgent: bool
    unsorted: bool
    due: Due | None
    status_label: str
    finished: bool
    outcome: str | None
    holder_label: str
    assignee_text: str
    language: str
    zone: ZoneInfo
    contents: FetchedContents
    thread: Sequence[ThreadEntry]
    why: str
    reasons: Sequence[str]
    explanation: Explanation
    clocks: Sequence[ClockLine]
    provider: ProviderCard
    history: Sequence[HistoryLine]
    news: bool
    danger: DangerNote | None
    continues: CaseLink | None
    follow_up: FollowUp | None
    extended_until: date | None
    extension: ExtensionNote | None
    approval: ApprovalNote | None
    note: NoteForm | None
    note_href: str
    presence: Presence
    forms: CaseForms
    issues: IssuesCard
    links: LinksCard
    protection: ProtectionCard
    letter_href: str | None
    """The address of the latest answer as a letter."""
    file_href: str | None = None
    """The address of the whole case file, None for a reader who may not open it."""


def case_page(
    case: CaseView,
    contents: FetchedContents,
    thread: Sequence[ThreadEntry],
    provider: ProviderCard,
    forms: CaseForms,
    issues: IssuesCard,
    links: LinksCard,
    explanation: Explanation,
    note: NoteForm | None,
    presence: Presence,
    reader: DeskReader,
    position: ListPosition,
    *,
    assignee_name: str | None = None,
    extension_author: str | None = None,
    approval: ApprovalNote | None = None,
) -> CasePage:
    """Return the page of a case for a reader. `position` keeps the list open beside the case."""
    codes, zone = taxonomy(), regions()[case.region].timezone
    return CasePage(
        number=case.number,
        version=case.version,
        href=position.href(case.appeal_id),
        show_href=position.href(case.appeal_id, show="applicant"),
        post={offer.action: position.href(case.appeal_id, offer.action) for offer in case.next_actions},
        kicker=_kicker(case, reader),
        urgent=case.urgency == Urgency.URGENT,
        unsorted=case.unsorted,
        due=due(case.next_due_at, reader.now, zone) if case.next_due_at else None,
        status_label=reader.label(cases.status_labels()[case.status]),
        finished=case.closed_at is not None,
        outcome=reader.label(codes.outcomes[case.outcome].label) if case.outcome else None,
        holder_label=reader.translate(N_("The Fund: not sorted yet")) if case.unsorted else reader.label(codes.holders[case.holder].label),
        assignee_text=_assignee(case, assignee_name, reader),
        language=case.language,
        zone=zone,
        contents=contents,
        thread=thread,
        why=_why(case, reader),
        reasons=_reasons(case, reader),
        explanation=explanation,
        clocks=[_clock(clock, case.extended_until, zone, reader) for clock in case.clocks if clock.state != ClockState.REPLACED],
        provider=provider,
        history=_history(case, reader),
        news=case.has_news,
        danger=_danger(case, reader),
        continues=CaseLink(case.follows_number, position.href(case.follows)) if case.follows and case.follows_number else None,
        follow_up=_follow_up(case, reader, zone),
        extended_until=case.extended_until,
        extension=_extension(case, extension_author, reader),
        approval=approval,
        note=note,
        note_href=position.href(case.appeal_id, NOTES),
        presence=presence,
        forms=forms,
        letter_href=f"{DESK}/{case.appeal_id}/letter" if case.answer is not None else None,
        issues=issues,
        links=links,
        protection=protection_card(case, reader),
    )


def _follow_up(case: CaseView, reader: DeskReader, zone: ZoneInfo) -> FollowUp | None:
    if case.follow_up_on is None or case.closed_at is not None:
        return None
    return FollowUp(case.follow_up_on, case.follow_up_on <= reader.now.astimezone(zone).date())


def _danger(case: CaseView, reader: DeskReader) -> DangerNote | None:
    if case.danger is None:
        return None
    danger, informed = cases.dangers()[case.danger], cases.bodies().get(case.redirected_to or "")
    body = informed or cases.bodies()[danger.body]
    return DangerNote(what=reader.label(danger.label), body=reader.label(body.label), is_redirected=informed is not None)


def _kicker(case: CaseView, reader: DeskReader) -> str:
    codes = taxonomy()
    sorted_as = [reader.label(codes.kinds[case.kind].label), reader.label(codes.tiers[case.tier].label)]
    start = [reader.translate(N_("Unsorted"))] if case.unsorted else sorted_as
    return " · ".join([*start, reader.label(codes.channels[case.channel].label), reader.language_name(case.language)])


def _assignee(case: CaseView, name: str | None, reader: DeskReader) -> str:
    if case.imported:
        return reader.translate(N_("Imported from a former register, read-only"))
    if case.assignee is None:
        return reader.translate(N_("Not assigned yet"))
    if case.assignee == reader.subject:
        return reader.translate(N_("Assigned to you"))
    return reader.translate(N_("Assigned to %(name)s"), name=name or case.assignee)


def _why(case: CaseView, reader: DeskReader) -> str:
    """Return the reason of the classification: a correction, the evidence in the text, or the declaration."""
    found, subject = case.classification, subject_of(case, reader)
    if any(entry.type == ClassificationCorrected.FACT for entry in case.history):
        return reader.translate(N_("A colleague corrected the classification: “%(subject)s”."), subject=subject)
    if found.get("versions", {}).get("method") in {"model", "lexicon"} and found.get("decision") in _WHY:
        certainty = Formats(reader.language).percent(100 * found.get("confidence", 0), 0)
        text = _WHY[found["decision"]]
        return reader.translate(text, subject=subject, certainty=certainty) if "%(" in text else reader.translate(text)
    return reader.translate(N_("Sorted as it was filed: “%(subject)s”."), subject=subject)


def _reasons(case: CaseView, reader: DeskReader) -> list[str]:
    """Return the labels of the codes that the evidence argues for, each once, and what a person has to judge."""
    codes = taxonomy()
    known: Mapping[str, Labelled] = {**codes.kinds, **codes.topics, **codes.categories}
    named = dict.fromkeys(piece["code"] for piece in case.classification.get("evidence", ()))
    labels = [reader.label(known[code].label) for code in named if code in known]
    if case.classification.get("protected"):
        labels.append(reader.translate(N_("protected matter: a person decides")))
    if junk := case.classification.get("junk"):
        labels.append(reader.translate(_JUNK[junk]))
    return labels


def _extension(case: CaseView, author: str | None, reader: DeskReader) -> ExtensionNote | None:
    if (asked := case.extension) is None:
        return None
    text, tone = _EXTENSION_STATES[asked.decision if asked.decision or case.awaits_extension else ExtensionDecision.WITHDRAWN]
    return ExtensionNote(
        state=reader.translate(text),
        tone=tone,
        waits=case.awaits_extension,
        until=asked.until,
        author=author or asked.requested_by,
        at=asked.requested_at,
        reason=asked.reason,
        refusal=asked.refusal,
    )


def _clock(clock: ClockView, extended_until: date | None, zone: ZoneInfo, reader: DeskReader) -> ClockLine:
    is_met = clock.state == ClockState.MET
    is_extended = clock.statutory and extended_until == clock.due_at.astimezone(zone).date()
    basis = _basis(policies()[clock.policy].basis, reader)
    return ClockLine(
        label=reader.label(clock_policies()[clock.policy].label),
        basis=f"{basis} · {reader.translate(EXTENDED)}" if is_extended else basis,
        started_at=clock.started_at,
        due_at=clock.due_at,
        due=due(clock.due_at, reader.now, zone) if clock.state in ACTIVE else None,
        state_label=reader.translate(N_("met") if is_met else N_("missed")),
        tone="good" if is_met else "bad",
        working=_calculation(clock, zone, reader, is_extended=is_extended),
    )


def _basis(written: str, reader: DeskReader) -> str:
    """Return the article of the code that sets the term; a term without one is the Fund's own."""
    article = _ARTICLE.match(written)
    return (
        reader.translate(N_("АППК art. %(article)s"), article=article[1].strip())
        if article
        else reader.translate(N_("the Fund's own term"))
    )


def _calculation(clock: ClockView, zone: ZoneInfo, reader: DeskReader, *, is_extended: bool) -> list[CalculationDay]:
    """Return the day-by-day calculation, empty for hours and if today's calendar gives another end than the one stored.

    That of an extended term ends with the day until which it was extended.
    """
    if policies()[clock.policy].unit == "working_hour":
        return []
    try:
        deadline = due_on(clock.started_at.astimezone(zone).date(), policies()[clock.policy], planning_calendar())
        steps = explain(deadline, planning_calendar())
    except CalendarGap:
        return []
    due_day = clock.due_at.astimezone(zone).date()
    if deadline.due_on != due_day and not is_extended:
        return []
    days = [CalculationDay(step.date, step.counts is not None, getattr(step, reader.language)) for step in steps]
    return [*days, CalculationDay(due_day, counts=True, text=reader.translate(EXTENDED))] if is_extended else days


def _history(case: CaseView, reader: DeskReader) -> list[HistoryLine]:
    """Return the history, newest entry first; actors are named by role."""
    roles = role_labels()
    return [
        HistoryLine(
            text=getattr(entry, reader.language),
            at=entry.at,
            state="now" if number == 0 and case.closed_at is None else "done",
            detail=reader.label(roles[entry.actor_role]) if entry.actor_role in roles and entry.actor_role != "service" else "",
        )
        for number, entry in enumerate(reversed(case.history))
    ]

"""The page of an inquiry: what the Fund asks, what is disclosed, the course of it, and the forms of the possible actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from provider_contact.accounts.schemas import AccountView
from provider_contact.attachments.service.lines import DocumentLine, FileLine, document_lines, file_lines
from provider_contact.checks.codes import CheckResult
from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.inquiries.codes import ConsentState, InquiryAction, ResponseCode
from provider_contact.inquiries.schemas import InquiryDetail
from provider_contact.inquiries.schemas.views import AnswerFileView, AskedQuestion, CommitmentView, EntryView, ProposalView, ResponseView
from provider_contact.inquiries.service.labels import clock_label, history_label, reason_label, status_label
from provider_contact.portal.codes import TemplateValue
from provider_contact.portal.pages.deliveries import DeliveryLine, delivery_line
from provider_contact.portal.pages.forms import REASON, RULE, SubmittedForm
from provider_contact.portal.pages.visitor import PATH, Visit
from provider_contact.portal.schemas import DraftView, TemplateView
from provider_contact.proposals.codes import ProposalStatus
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_
from shared.web.viewer import role_labels

SENT: Final = "SENT"
_CONSENT: Final[Mapping[ConsentState, str]] = {
    ConsentState.ASKED: N_("You asked the Fund for the patient's consent. A specialist decides whether the patient is asked."),
    ConsentState.REQUESTED: N_("The patient is being asked. Without a yes the name is not passed on, so prepare an answer without it."),
    ConsentState.GIVEN: N_("The patient agreed to be named to you."),
    ConsentState.REFUSED: N_("The patient did not agree to be named. Answer by the service, the period and the department."),
    ConsentState.WITHDRAWN: N_(
        "The patient withdrew the consent: the data is no longer shown, and you may not use it for the answer. "
        "Answer by the service, the period and the department."
    ),
}
_BAD_RESULTS: Final = frozenset({CheckResult.REFUTED, ConsentState.REFUSED, ConsentState.WITHDRAWN})
_ASKED_AS_REFUSAL: Final = frozenset({REASON, RULE})
_PROTECTED: Final = frozenset({"ETHICS", "EXTORTION"})


class Field(NamedTuple):
    """A standing question as a field of the form."""

    name: str
    label: str
    kind: str
    """The type of the answer: TEXT, DATE, YES_NO, MONEY or CHOICE."""
    options: Sequence[tuple[str, str]]


class Event(NamedTuple):
    """An entry of the course of the inquiry. `who`: a name, or else a role; `lines`: what was said with it."""

    at: datetime
    text: str
    who: str
    lines: Sequence[str]
    is_bad: bool


class ProposalLine(NamedTuple):
    """A proposal "solved here and now" with what the patient said of it."""

    at: datetime
    status: str
    tone: str
    language: str
    text: str


class PromiseLine(NamedTuple):
    """A promise with its result."""

    due_on: date
    status: str
    tone: str
    language: str
    text: str


_PROPOSALS: Final[Mapping[ProposalStatus, tuple[str, str]]] = {
    ProposalStatus.PROPOSED: (N_("the patient is being asked"), "warn"),
    ProposalStatus.CONFIRMED: (N_("confirmed by the patient"), "good"),
    ProposalStatus.DENIED: (N_("the patient says it is not solved"), "bad"),
    ProposalStatus.NO_ANSWER: (N_("the patient has not answered"), "quiet"),
    ProposalStatus.VERIFIED: (N_("confirmed, and verified by telephone"), "good"),
    ProposalStatus.REFUTED: (N_("refuted by telephone"), "bad"),
}
_PROMISES: Final[Mapping[CommitmentStatus, tuple[str, str]]] = {
    CommitmentStatus.OPEN: (N_("the day has not come"), "quiet"),
    CommitmentStatus.DUE: (N_("the patient is being asked"), "warn"),
    CommitmentStatus.KEPT: (N_("fulfilled"), "good"),
    CommitmentStatus.BROKEN: (N_("not fulfilled"), "bad"),
    CommitmentStatus.EXCUSED: (N_("excused by the Fund"), "quiet"),
    CommitmentStatus.NO_ANSWER: (N_("the patient has not answered"), "quiet"),
}


class Answer(NamedTuple):
    """An answer that was sent: its code, its text and the answers to the questions."""

    at: datetime
    who: str
    code: str
    language: str
    text: str
    pairs: Sequence[tuple[str, str]]
    late: bool
    counts: bool
    files: Sequence[FileLine]


@dataclass(frozen=True, slots=True)
class MissedEvents:
    """What a page needs of a conflict: what happened since the form was opened, and what the person can do now."""

    events: Sequence[Event]
    is_over: bool
    """The action is not possible any more: the text can only be copied."""


@dataclass(frozen=True, slots=True)
class InquiryPage:
    """An inquiry as the person reads it."""

    inquiry_id: UUID
    href: str
    number: str
    version: int
    category: str
    status: str
    overdue: bool
    ended: bool
    due_at: datetime
    clock: str
    zone: ZoneInfo
    round: int
    time_asked_until: date | None
    question: str
    summary: str
    request_text: str | None
    text: str | None
    person: Sequence[tuple[str, str]]
    documents: Sequence[DocumentLine]
    waiting: Sequence[FileLine]
    """The files that the person has uploaded and not sent yet."""
    withheld: bool
    consent: str
    """What has become of the request for the patient's consent; empty: there was none."""
    protected: bool
    content_available: bool
    fields: Sequence[Field]
    codes: Sequence[tuple[str, str]]
    refusal_reasons: Sequence[tuple[str, str]]
    asks_refusal: bool
    actions: frozenset[str]
    returned: Event | None
    """The return that this round answers."""
    answers: Sequence[Answer]
    proposals: Sequence[ProposalLine]
    promises: Sequence[PromiseLine]
    events: Sequence[Event]
    deliveries: Sequence[DeliveryLine]
    templates: Sequence[TemplateView]
    draft: DraftView | None
    assignee: str
    is_own: bool
    latest_at: datetime
    """The time of the newest event on the page: what is newer was not read."""

    @property
    def may_answer(self) -> bool:
        return InquiryAction.RESPOND in self.actions


@dataclass(frozen=True, slots=True)
class PageParts:
    """What is read for the page next to the inquiry itself."""

    draft: DraftView | None
    waiting: Sequence[AnswerFileView]
    templates: Sequence[TemplateView]
    colleagues: Sequence[AccountView]
    assignee: UUID | None
    actors: Mapping[tuple[str, datetime], str]
    names: Mapping[str, str]
    """Names of the provider's people by the subject of their tokens."""


def inquiry_page(detail: InquiryDetail, parts: PageParts, visit: Visit) -> InquiryPage:
    """Return the page of an inquiry."""
    region = regions()[detail.region]
    category = taxonomy().categories.get(detail.category)
    events = _events(detail, parts, visit)
    questions = [each for each in detail.questions if each.code not in _ASKED_AS_REFUSAL]
    names = {each.account_id: each.name for each in parts.colleagues}
    return InquiryPage(
        inquiry_id=detail.inquiry_id,
        href=_href(detail.inquiry_id),
        number=detail.number,
        version=detail.version,
        category=visit.label(category.label) if category else detail.category,
        status=visit.text(N_("Case closed")) if detail.closed else visit.label(status_label(detail.status)),
        overdue=detail.overdue,
        ended=detail.closed,
        due_at=detail.due_at,
        clock=visit.label(clock_label(detail.clock.code)),
        zone=region.timezone,
        round=detail.round,
        time_asked_until=detail.time_asked_until,
        question=getattr(detail.question, visit.language),
        summary=getattr(detail.summary, visit.language),
        request_text=detail.request_text,
        text=detail.text,
        person=_person(detail, visit),
        documents=document_lines(detail.documents, _href(detail.inquiry_id)),
        waiting=file_lines(parts.waiting, visit.language, _href(detail.inquiry_id)),
        withheld=not detail.discloses,
        consent=visit.text(_CONSENT[detail.consent]) if detail.consent else "",
        protected=category is not None and taxonomy().root_category(category.code) in _PROTECTED,
        content_available=detail.content_available,
        fields=[_field(each, visit) for each in questions],
        codes=[(code, visit.label(entry.label)) for code, entry in taxonomy().response_codes.items() if code != ResponseCode.NEEDS_TIME],
        refusal_reasons=[(code, visit.label(entry.label)) for code, entry in taxonomy().refusal_reasons.items()],
        asks_refusal=any(each.code in _ASKED_AS_REFUSAL for each in detail.questions),
        actions=frozenset(each.action for each in detail.next_actions),
        returned=_returned(detail, events),
        answers=[_answer(each, detail, parts, visit) for each in detail.responses],
        proposals=[_proposal(each, visit) for each in detail.proposals],
        promises=[_promise(each, visit) for each in detail.commitments],
        events=events,
        deliveries=[delivery_line(each, visit) for each in detail.deliveries],
        templates=parts.templates,
        draft=parts.draft,
        assignee=names.get(parts.assignee, "") if parts.assignee else "",
        is_own=parts.assignee == visit.account.account_id,
        latest_at=max(event.at for event in events),
    )


def _href(inquiry_id: UUID) -> str:
    return f"{PATH}/inquiries/{inquiry_id}"


def template_values(detail: InquiryDetail, visit: Visit, language: str) -> Mapping[TemplateValue, str]:
    """Return what the server fills into templates for an inquiry, in a language of answers."""
    zone = regions()[detail.region].timezone
    category = taxonomy().categories.get(detail.category)
    provider = visit.provider
    name = (provider.name_kk if language == "kk" else provider.name_ru) if provider else ""
    label = (category.label.kk if language == "kk" else category.label.ru) if category else ""
    due_on = f"{detail.due_at.astimezone(zone):%d.%m.%Y}"
    values = {
        TemplateValue.NUMBER: detail.number,
        TemplateValue.DUE_ON: due_on,
        TemplateValue.PROVIDER: name,
        TemplateValue.CATEGORY: label,
    }
    return {value: text for value, text in values.items() if text}


def change_of(page: InquiryPage, form: SubmittedForm, read_until: datetime | None) -> MissedEvents | None:
    """Return what happened since the form was opened, None without a conflict."""
    if not form.conflict:
        return None
    newer = [event for event in page.events if read_until is None or event.at > read_until]
    return MissedEvents(newer, form.action not in page.actions)


def _proposal(proposal: ProposalView, visit: Visit) -> ProposalLine:
    status, tone = _PROPOSALS[ProposalStatus(proposal.status)]
    return ProposalLine(proposal.proposed_at, visit.text(status), tone, proposal.language, proposal.text)


def _promise(promise: CommitmentView, visit: Visit) -> PromiseLine:
    status, tone = _PROMISES[CommitmentStatus(promise.status)]
    return PromiseLine(promise.due_on, visit.text(status), tone, promise.language, promise.text)


def _field(question: AskedQuestion, visit: Visit) -> Field:
    options = [(each.code, getattr(each, visit.language)) for each in question.options or ()]
    return Field(f"answers.{question.code}", getattr(question, visit.language), question.answer_type, options)


_PERSON: Final[Mapping[str, str]] = {
    "full_name": N_("Full name"),
    "iin": N_("IIN"),
    "birth_date": N_("Date of birth"),
    "phone": N_("Telephone"),
    "email": N_("E-mail"),
    "address": N_("Address"),
}


def _person(detail: InquiryDetail, visit: Visit) -> list[tuple[str, str]]:
    """Return the disclosed person, in the order of _PERSON."""
    known = detail.applicant or {}
    return [(visit.text(label), str(known[name])) for name, label in _PERSON.items() if known.get(name)]


def _events(detail: InquiryDetail, parts: PageParts, visit: Visit) -> list[Event]:
    """Return the course of the inquiry, newest first."""
    found = [Event(detail.sent_at, visit.label(history_label(SENT)), "", (), is_bad=False)]
    found += [_event(entry, parts, visit) for entry in detail.history]
    found += [
        Event(
            each.at, visit.label(history_label(InquiryAction.RESPOND)), _who("provider", ("respond", each.at), parts, visit), (), each.late
        )
        for each in detail.responses
    ]
    return sorted(found, key=lambda event: event.at, reverse=True)


def _event(entry: EntryView, parts: PageParts, visit: Visit) -> Event:
    reason = reason_label(entry.type, entry.code) if entry.code else None
    lines = [visit.label(reason)] if reason else []
    if entry.day:
        lines.append(visit.text(N_("Until %(day)s"), day=f"{entry.day:%d.%m.%Y}"))
    if entry.text:
        lines.append(entry.text)
    who = _who(entry.actor_role, (entry.type, entry.at), parts, visit) if entry.actor_role else ""
    is_bad = entry.type in {InquiryAction.RETURN, "OVERDUE", "ESCALATION"} or entry.code in _BAD_RESULTS
    return Event(entry.at, visit.label(history_label(entry.type, entry.code)), who, lines, is_bad)


def _who(role: str, key: tuple[str, datetime], parts: PageParts, visit: Visit) -> str:
    """Return the name of a colleague, or the role of a person of the Fund."""
    if role == "provider":
        return parts.names.get(parts.actors.get(key, ""), visit.text(N_("Your organisation")))
    found: Label | None = role_labels().get(role)
    return f"{visit.text(N_('The Fund'))} · {visit.label(found)}" if found else visit.text(N_("The Fund"))


def _returned(detail: InquiryDetail, events: Sequence[Event]) -> Event | None:
    """Return the newest return, if the provider answers again."""
    if detail.round == 1 or not any(each.action == InquiryAction.RESPOND for each in detail.next_actions):
        return None
    at = max((entry.at for entry in detail.history if entry.type == InquiryAction.RETURN), default=None)
    return next((event for event in events if event.at == at and event.is_bad), None)


def _answer(response: ResponseView, detail: InquiryDetail, parts: PageParts, visit: Visit) -> Answer:
    known = {question.code: question for question in detail.questions}
    pairs = []
    for each in response.answers:
        question = known.get(each.question)
        label = getattr(question, visit.language) if question else each.question
        pairs.append((label, each.text or _shown(each.value or "", question, visit)))
    code = taxonomy().response_codes.get(response.code)
    return Answer(
        at=response.at,
        who=_who("provider", ("respond", response.at), parts, visit),
        code=visit.label(code.label) if code else response.code,
        language=response.language,
        text=response.text,
        pairs=pairs,
        late=response.late,
        counts=response.counts,
        files=file_lines(response.attachments, visit.language, _href(detail.inquiry_id)),
    )


def _shown(value: str, question: AskedQuestion | None, visit: Visit) -> str:
    if value in {"YES", "NO"}:
        return visit.text(N_("Yes")) if value == "YES" else visit.text(N_("No"))
    options = {each.code: getattr(each, visit.language) for each in (question.options if question else None) or ()}
    return str(options.get(value, value))

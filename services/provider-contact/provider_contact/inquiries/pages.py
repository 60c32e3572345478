"""The page of one inquiry for staff: its rounds, answers and history, and the forms of the actions. The case at the desk links here."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import URL
from starlette.responses import Response

from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.dependencies import ActionsDep
from provider_contact.inquiries.errors import ActionNotPossible, VersionConflict
from provider_contact.inquiries.policy import cancel_reasons, escalation_bodies, return_reasons, statuses
from provider_contact.inquiries.schemas import InquiryItem, NextAction
from provider_contact.inquiries.schemas.commands import Command
from provider_contact.inquiries.schemas.views import (
    AnswerFileView,
    AskedQuestion,
    DocumentView,
    EntryView,
    QuestionAnswerView,
    ResponseView,
)
from provider_contact.inquiries.service import Actions, reading
from provider_contact.inquiries.service.contents import appeal_documents
from provider_contact.inquiries.service.labels import history_label, reason_label
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role, require_page
from shared.contents import Contents
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.labels import Label, Language
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import DomainError, FieldError, InvalidInput, NotFound
from shared.field_errors import field_errors
from shared.forms import read_fields
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash, Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

SLICE: Final = Path(__file__).parent
PATH: Final = "/provider-contact/inquiries"
FORM_LIMIT: Final = 60_000  # bytes: a remark of 4 000 characters, escaped
FIELDS_LIMIT: Final = 20
DOCUMENT: Final = "document."
"""The name of a tick at a document of the appeal is this and its id."""
DESK: Final = "desk"
"""The value of `from` in a form of the desk, which gets its reader back."""
NOT_DONE: Final = "inquiry-not-done"

PAGES: Final = Pages(
    SLICE / "templates",
    locale_dirs=[SLICE.parent / "locales"],
    assets_prefix="/provider-contact/static",
    flashes={
        "inquiry-done": Flash(N_("Done. The medical organisation is notified where it has to know.")),
        NOT_DONE: Flash(N_("Nothing was done: the inquiry has changed meanwhile. Look at it again."), "warn"),
    },
)
ClerkDep = Annotated[Principal, Depends(require_page(*STAFF))]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])

_FIELDS: Final[Mapping[str, str]] = {
    "refusal_lawful": N_("Was the refusal lawful?"),
    "reason": N_("Reason"),
    "text": N_("Text"),
    "spoken_to": N_("Whom you spoke to"),
    "position": N_("Position"),
    "body": N_("Which body"),
    "proposal_id": N_("Proposal"),
    "commitment_id": N_("Promise"),
    "result": N_("Result"),
}
_HINTS: Final[Mapping[str, str]] = {
    "return.text": N_("Say what is missing: the medical organisation reads it."),
    "record-call.text": N_("What was said. The medical organisation does not see it."),
    "cancel.reason": N_("The medical organisation is notified that no answer is needed. This cannot be undone."),
    "escalate-to.body": N_("The body is notified that the medical organisation does not answer."),
}
_LONG: Final = frozenset({"text"})
_ELSEWHERE: Final = frozenset({InquiryAction.VERIFY, InquiryAction.EXCUSE, InquiryAction.SHARE_DOCUMENTS})
"""Actions on a proposal or a promise, which have pages of their own, and the choice of documents, which has a form of its own."""


class FormField(NamedTuple):
    """A field of a form. `options`: what it chooses from, None for text."""

    html_name: str
    label: str
    value: str
    options: Sequence[tuple[str, str]] | None
    required: bool
    is_long: bool
    hint: str | None
    error: str | None


class ActionForm(NamedTuple):
    """The form of an action. `is_open`: it was sent and not carried out."""

    action: str
    label: str
    fields: Sequence[FormField]
    is_open: bool


class AnswerLine(NamedTuple):
    question: str
    value: str
    text: str | None


class AnswerFileLine(NamedTuple):
    """A file of an answer. `href`: None while it may not be opened; `state` says why."""

    name: str
    state: str
    href: str | None


class DocumentChoice(NamedTuple):
    """A document of the appeal that the provider may be shown."""

    html_name: str
    label: str
    is_shown: bool


class ResponseBlock(NamedTuple):
    """An answer of the provider as it is shown."""

    round: int
    at: datetime
    code: str
    text: str
    late: bool
    counts: bool
    answers: Sequence[AnswerLine]
    files: Sequence[AnswerFileLine]
    refusal: Sequence[tuple[str, str]]


class HistoryLine(NamedTuple):
    at: datetime
    title: str
    detail: str
    text: str | None


class Sent(NamedTuple):
    """A form that was sent and not carried out: what was typed, and the errors by field."""

    action: str
    values: Mapping[str, str]
    errors: Mapping[str, str]


class StaffInquiry(NamedTuple):
    """What the page shows."""

    item: InquiryItem
    status: str
    clock: str
    category: str
    zone: ZoneInfo
    asked: Sequence[AskedQuestion]
    responses: Sequence[ResponseBlock]
    history: Sequence[HistoryLine]
    forms: Sequence[ActionForm]
    documents: Sequence[DocumentChoice] | None
    """None: the documents cannot be chosen now."""
    documents_available: bool


@router.get("/inquiries/{inquiry_id}")
async def inquiry_page(
    request: Request, inquiry_id: UUID, principal: PagePrincipalDep, actions: ActionsDep, units: UnitsOfWorkDep, contents: ContentsDep
) -> Response:
    """Show an inquiry. Whoever reads its answers is recorded in the audit log."""
    if principal.is_anonymous:
        return RedirectResponse("/sign-in?" + urlencode({"next": f"{PATH}/{inquiry_id}"}), 303)
    check_role(principal, *STAFF, "admin")
    return await _show(request, inquiry_id, principal, actions, units, contents)


@router.post("/inquiries/{inquiry_id}", dependencies=[Depends(require_same_origin)])
async def act_on_inquiry(
    request: Request, inquiry_id: UUID, clerk: ClerkDep, actions: ActionsDep, units: UnitsOfWorkDep, contents: ContentsDep
) -> Response:
    """Carry out an action, and return to the page or to the case at the desk. A refused form is shown again with what was typed."""
    sent = await read_fields(request, limit=FORM_LIMIT, most=FIELDS_LIMIT)
    kind = next((command for command in actions.offered if sent.get("action") == command.ACTION), None)
    if kind is None:
        raise NotFound
    here = f"{PATH}/{inquiry_id}"
    try:
        command = _command(kind, sent)
        async with units.write() as work:
            item = await actions.carry_out(work, clerk, inquiry_id, command)
    except (InvalidInput, VersionConflict, ActionNotPossible) as refusal:
        if isinstance(refusal, ActionNotPossible) or not kind.model_fields.keys() - {"expected_version"}:
            return PAGES.redirect(here, flash=NOT_DONE)
        return await _show(
            request, inquiry_id, clerk, actions, units, contents, Sent(kind.ACTION, sent, _errors(request, refusal)), refusal
        )
    if sent.get("from") == DESK:
        here = str(URL(f"/routing/desk/{item.appeal_id}").replace(query=request.url.query))  # the list stays open next to the case
    return PAGES.redirect(here, flash="inquiry-done")


def _command(kind: type[Command], sent: Mapping[str, str]) -> Command:
    """Return the command of a form. An empty field is none. Raises InvalidInput."""
    typed = {name: sent.get(f"{kind.ACTION}-{name}", "").strip() for name in kind.model_fields}
    values: dict[str, object] = {name: value for name, value in typed.items() if value}
    if kind.ACTION is InquiryAction.SHARE_DOCUMENTS:
        values["attachments"] = [name.removeprefix(DOCUMENT) for name in sent if name.startswith(DOCUMENT)]
    if sent.get("expected_version", "").isdecimal():
        values["expected_version"] = int(sent["expected_version"][:9])
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(field_errors(error)) from None


def _errors(request: Request, refusal: DomainError) -> dict[str, str]:
    found: Sequence[FieldError] = refusal.errors
    texts = {"required": N_("Fill in this field."), "too-long": N_("This is too long.")}
    wrong = N_("Correct this field.")
    return {each.field: PAGES.text(request, texts.get(each.code, wrong)) for each in found}


async def _show(
    request: Request,
    inquiry_id: UUID,
    principal: Principal,
    actions: Actions,
    units: UnitsOfWork,
    contents: Contents,
    sent: Sent | None = None,
    refusal: DomainError | None = None,
) -> Response:
    async with units.read() as work:
        inquiry, appeal = await reading.visible_inquiry(work, inquiry_id, principal)
        item = actions.item(work, inquiry, appeal, principal)
        responses = await reading.responses(work, inquiry, actions.files)
        shown = await actions.files.shown_documents(work, inquiry_id)
        history = await reading.history(work, inquiry, principal)
    if responses:
        async with units.write() as work:
            await reading.record_read(work, principal, [response.response_id for response in responses])
    language = language_of(request)
    offered = {step.action for step in item.next_actions} if principal.is_staff else set()
    may_share = InquiryAction.SHARE_DOCUMENTS in offered
    documents = await appeal_documents(contents, inquiry, principal) if may_share else ()
    page = StaffInquiry(
        item=item,
        status=statuses()[item.status].label.in_(language),
        clock={"kk": item.clock.kk, "ru": item.clock.ru, "en": item.clock.en}[language],
        category=taxonomy().categories[item.category].label.in_(language),
        zone=regions()[item.region].timezone,
        asked=reading.asked_questions(inquiry),
        responses=[_response(response, inquiry_id, request, language) for response in reversed(responses)],
        history=[_line(entry, language) for entry in reversed(history)],
        forms=[_form(action, sent, request, language) for action in item.next_actions if action.action in offered - _ELSEWHERE],
        documents=_choices(documents or (), shown) if may_share else None,
        documents_available=documents is not None,
    )
    return PAGES.render(
        request,
        "inquiry.html",
        200 if refusal is None else refusal.status,
        inquiry=page,
        sent=sent,
        conflict=isinstance(refusal, VersionConflict),
    )


def _choices(documents: Sequence[DocumentView], shown: Sequence[UUID]) -> list[DocumentChoice]:
    return [DocumentChoice(f"{DOCUMENT}{each.attachment_id}", each.name or "–", each.attachment_id in shown) for each in documents]


def _form(action: NextAction, sent: Sent | None, request: Request, language: Language) -> ActionForm:
    is_open = sent is not None and sent.action == action.action
    fields = []
    for each in action.fields:
        hint = _HINTS.get(f"{action.action}.{each.name}")
        fields.append(
            FormField(
                f"{action.action}-{each.name}",
                PAGES.text(request, _FIELDS.get(each.name, each.name)),
                sent.values.get(f"{action.action}-{each.name}", "") if is_open and sent else "",
                _options(each.name, action.action, each.options, request, language),
                each.required,
                each.name in _LONG,
                PAGES.text(request, hint) if hint else None,
                sent.errors.get(each.name) if is_open and sent else None,
            )
        )
    return ActionForm(action.action, Label(action.kk, action.ru, action.en).in_(language), fields, is_open)


def _options(name: str, action: str, codes: Sequence[str] | None, request: Request, language: Language) -> Sequence[tuple[str, str]] | None:
    """Return the choices of a field with their labels, None for a text."""
    if name == "refusal_lawful":
        return [("true", PAGES.text(request, N_("Yes, it was lawful"))), ("false", PAGES.text(request, N_("No, it was not")))]
    if codes is None:
        return None
    labels: Mapping[str, Label] = {"return": return_reasons(), "cancel": cancel_reasons(), "escalate-to": escalation_bodies()}.get(
        action, {}
    )
    return [(code, labels[code].in_(language) if code in labels else code) for code in codes]


def _file(file: AnswerFileView, inquiry_id: UUID, language: Language) -> AnswerFileLine:
    href = f"{PATH}/{inquiry_id}/files/{file.file_id}" if file.available else None
    return AnswerFileLine(file.name or "–", Label(file.kk, file.ru, file.en).in_(language), href)


def _response(response: ResponseView, inquiry_id: UUID, request: Request, language: Language) -> ResponseBlock:
    codes = taxonomy()
    refusal = []
    if response.refusal is not None:
        reason = codes.refusal_reasons.get(response.refusal.reason)
        refusal = [
            (PAGES.text(request, N_("Why care was refused")), reason.label.in_(language) if reason else response.refusal.reason),
            (PAGES.text(request, N_("Legal ground")), response.refusal.rule),
        ]
        if response.refusal.lawful is not None:
            found = N_("lawful") if response.refusal.lawful else N_("not lawful")
            refusal.append((PAGES.text(request, N_("Finding of the Fund")), PAGES.text(request, found)))
    code = codes.response_codes.get(response.code)
    return ResponseBlock(
        round=response.round,
        at=response.at,
        code=code.label.in_(language) if code else response.code,
        text=response.text,
        late=response.late,
        counts=response.counts,
        answers=[_answer(answer, request, language) for answer in response.answers],
        files=[_file(file, inquiry_id, language) for file in response.attachments],
        refusal=refusal,
    )


def _answer(answer: QuestionAnswerView, request: Request, language: Language) -> AnswerLine:
    question = taxonomy().provider_questions.get(answer.question)
    value = answer.value or ""
    if value in {"YES", "NO"}:
        value = PAGES.text(request, N_("Yes") if value == "YES" else N_("No"))
    elif question is not None and value in question.options:
        value = question.options[value].label.in_(language)
    return AnswerLine(question.label.in_(language) if question else answer.question, value, answer.text)


def _line(entry: EntryView, language: Language) -> HistoryLine:
    title = history_label(entry.type, entry.code).in_(language)
    reason = reason_label(entry.type, entry.code) if entry.code else None
    code = reason.in_(language) if reason else ""
    day = _written(entry.day) if entry.day else ""
    spoken = ", ".join(part for part in (entry.spoken_to, entry.position) if part)
    return HistoryLine(entry.at, title, " · ".join(part for part in (code, day, spoken) if part), entry.text)


def _written(day: date) -> str:
    return f"{day:%d.%m.%Y}"

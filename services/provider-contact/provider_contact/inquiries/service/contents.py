"""Reads across services: providers' answers for others, appeals' texts from intake."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypedDict
from uuid import UUID

from provider_contact.inquiries import repository
from provider_contact.inquiries.codes import DisclosureLevel
from provider_contact.inquiries.models import Appeal, Inquiry, ProviderResponse
from provider_contact.inquiries.policy import clocks, content_purposes
from provider_contact.inquiries.schemas import JsonObject
from provider_contact.inquiries.schemas.views import AnswerFileView, CommitmentView, DocumentView, ProposalView
from provider_contact.inquiries.service.disclosure import disclosed_level
from provider_contact.inquiries.service.flags import consent_state
from provider_contact.inquiries.service.ports import InquiryFiles
from provider_contact.inquiries.service.workflow import quick_actions
from shared.auth import Principal
from shared.contents import ContentItem, Contents, ContentsRequest, OwnerUnavailable, entitled
from shared.domain.labels import Label, Language
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

DISCLOSURE_PURPOSE = "provider-disclosure"
DOCUMENTS_PURPOSE = "inquiry-documents"
REQUEST_PURPOSE = "provider-inquiry"
EXCHANGE_PURPOSE = "desk-exchange"
"""The ids of this purpose are those of appeals: the exchange with providers about each, without its texts."""
STATEMENT_PURPOSE = "proposal"
"""The ids of this purpose are those of proposals and of commitments."""


class CandidateContent(TypedDict):
    """A provider that a typed name may mean. `score` is from 0 to 1."""

    provider_id: str
    score: float


class FindCandidates(Protocol):
    """Return the candidates of the names that wait for a clerk, by appeal id; an appeal that waits for none is left out."""

    async def __call__(self, work: UnitOfWork, appeal_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[CandidateContent]]: ...


LabelContent = dict[Language, str]


class DeliveryContent(TypedDict):
    """How a notice of an inquiry went by one method, with labels in three languages. No address.

    `recipient` and `error` are None where there is none; `state` is a code.
    """

    notice: LabelContent
    method: LabelContent
    recipient: LabelContent | None
    state: str
    state_label: LabelContent
    attempts: int
    planned_at: str | None
    next_at: str | None
    delivered_at: str | None
    error: LabelContent | None


class FindDeliveryContents(Protocol):
    """Return the deliveries of inquiries by inquiry id, oldest first; an inquiry without any is left out."""

    async def __call__(self, work: UnitOfWork, inquiry_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[DeliveryContent]]: ...


class StatementContent(TypedDict):
    """What a provider says to the applicant: a proposal or a promise."""

    language: str
    text: str


class FindStatements(Protocol):
    """Return the opened texts of proposals and commitments by id; unknown ids are left out."""

    async def __call__(self, work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, StatementContent]: ...


class Statements(NamedTuple):
    """What a provider says to the applicant about one inquiry, oldest first."""

    proposals: Sequence[ProposalView]
    commitments: Sequence[CommitmentView]


class ReadStatements(Protocol):
    """Return the proposals and promises about an inquiry with their texts."""

    async def __call__(self, work: UnitOfWork, inquiry_id: UUID) -> Statements: ...


class ContentSources(NamedTuple):
    """What the slices above add to the contents that other services read."""

    find_candidates: FindCandidates
    find_deliveries: FindDeliveryContents
    find_statements: FindStatements
    files: InquiryFiles


class DisclosedContent(NamedTuple):
    """What the applicant consented to disclose. `available` is False while intake does not answer."""

    text: str | None = None
    applicant: JsonObject | None = None
    available: bool = True
    documents: Sequence[DocumentView] = ()


class RequestedText(NamedTuple):
    """The clerk's own question. `available` is False while routing does not answer."""

    text: str | None = None
    available: bool = True


async def requested_text(contents: Contents, request_id: UUID, principal: Principal) -> RequestedText:
    """Read the clerk's question from routing, on behalf of the provider's user."""
    try:
        found = await contents.read("routing", [request_id], purpose=REQUEST_PURPOSE, on_behalf_of=principal.subject)
    except OwnerUnavailable:
        return RequestedText(available=False)
    return RequestedText((found.get(request_id) or {}).get("text"))


async def disclosed_content(
    contents: Contents, inquiry: Inquiry, appeal: Appeal, principal: Principal, shown: Sequence[UUID] = ()
) -> DisclosedContent:
    """Read the appeal's text and applicant from intake, on behalf of the provider's user, as far as consent and category allow.

    `shown`: the documents that a clerk chose for the provider. A document names its patient, so it is read like the person.

    Nothing is read once the case has ended or the inquiry is cancelled, and of a category whose complaints protect the applicant the
    person never.
    """
    level = disclosed_level(inquiry, appeal)
    if level is DisclosureLevel.NONE:
        return DisclosedContent()
    appeal_id = inquiry.appeal_id
    try:
        found = await contents.read("intake", [appeal_id], purpose=DISCLOSURE_PURPOSE, on_behalf_of=principal.subject, role=principal.role)
    except OwnerUnavailable:
        return DisclosedContent(available=False)
    content = found.get(appeal_id) or {}
    if level is not DisclosureLevel.PERSON:
        return DisclosedContent(content.get("text"))
    files = {str(file["attachment_id"]): file for file in content.get("attachments", ())}
    documents = [_document(files[str(each)]) for each in shown if str(each) in files]
    return DisclosedContent(content.get("text"), content.get("applicant"), documents=documents)


async def appeal_documents(contents: Contents, inquiry: Inquiry, principal: Principal) -> Sequence[DocumentView] | None:
    """Return the files of the appeal, for a member of staff who chooses what the provider may read; None while intake does not answer."""
    appeal_id = inquiry.appeal_id
    try:
        found = await contents.read("intake", [appeal_id], purpose=DOCUMENTS_PURPOSE, on_behalf_of=principal.subject, role=principal.role)
    except OwnerUnavailable:
        return None
    return [_document(file) for file in (found.get(appeal_id) or {}).get("attachments", ())]


def _document(file: JsonObject) -> DocumentView:
    names = DocumentView.model_fields.keys()
    return DocumentView.model_validate({name: value for name, value in file.items() if name in names})


async def read_contents(work: UnitOfWork, request: ContentsRequest, reader: Principal, sources: ContentSources) -> list[ContentItem]:
    """Return providers' answers, the exchange about appeals, or what providers say to applicants, for another service.

    The read is recorded in the audit log.

    Raises InvalidInput for an unknown purpose or one that lacks its person, Forbidden for a reader that the purpose does not include.
    """
    entitled(request, reader, content_purposes())
    await work.audit.record(reader=reader.subject, on_behalf_of=request.on_behalf_of, purpose=request.purpose, ids=request.ids)
    if request.purpose == EXCHANGE_PURPOSE:
        return await _exchanges(work, request.ids, sources)
    if request.purpose == STATEMENT_PURPOSE:
        statements = await sources.find_statements(work, request.ids)
        return [ContentItem(id=each, found=each in statements, content=_statement(statements.get(each))) for each in request.ids]
    found, attached = await repository.responses(work.session, request.ids), await sources.files.of_answers(work, request.ids)
    return [_content(each, found.get(each), work.sealer, attached.get(each, ())) for each in request.ids]


async def _exchanges(work: UnitOfWork, appeal_ids: Sequence[UUID], sources: ContentSources) -> list[ContentItem]:
    """Return the inquiries of each appeal with their deliveries, oldest first, and the candidates of a name that waits for a clerk.

    None instead of candidates: no name waits.
    """
    waiting = await sources.find_candidates(work, appeal_ids)
    inquiries, now = await repository.inquiries_of(work.session, appeal_ids), work.clock.now()
    deliveries = await sources.find_deliveries(work, [inquiry.inquiry_id for pairs in inquiries.values() for inquiry, _ in pairs])
    return [
        ContentItem(
            id=appeal_id,
            found=True,
            content={
                "candidates": list(waiting[appeal_id]) if appeal_id in waiting else None,
                "inquiries": [
                    _inquiry(inquiry, appeal, now) | {"deliveries": list(deliveries.get(inquiry.inquiry_id, ()))}
                    for inquiry, appeal in inquiries.get(appeal_id, ())
                ],
            },
        )
        for appeal_id in appeal_ids
    ]


def _statement(found: StatementContent | None) -> JsonObject | None:
    return {"language": found["language"], "text": found["text"]} if found else None


def _inquiry(inquiry: Inquiry, appeal: Appeal, now: datetime) -> JsonObject:
    return {
        "inquiry_id": str(inquiry.inquiry_id),
        "provider_id": str(inquiry.provider_id),
        "status": inquiry.status,
        "sent_at": inquiry.sent_at.isoformat(),
        "due_at": inquiry.due_at.isoformat(),
        "overdue": inquiry.overdue,
        "closed": inquiry.closed_at is not None,
        "version": inquiry.version,
        "round": inquiry.round,
        "time_asked_until": inquiry.time_asked_until.isoformat() if inquiry.time_asked_until else None,
        "consent": consent_state(inquiry),
        "clock": _label(clocks()[inquiry.clock].label),
        "actions": [{"action": step.action, **_label(step.label)} for step in quick_actions(inquiry, appeal, now)],
    }


def _label(label: Label) -> JsonObject:
    return {"kk": label.kk, "ru": label.ru, "en": label.en}


def _content(response_id: UUID, response: ProviderResponse | None, sealer: Sealer, files: Sequence[AnswerFileView]) -> ContentItem:
    if response is None:
        return ContentItem(id=response_id, found=False)
    text = sealer.open("response", response_id, "text", response.text).decode()
    content = {
        "language": response.language,
        "code": response.code,
        "text": text,
        "at": response.at.isoformat(),
        "attachments": [file.model_dump(mode="json", exclude={"kk", "ru", "en"}) for file in files],
    }
    return ContentItem(id=response_id, found=True, content=content)

"""Inquiries as they are listed and read, for those who see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from provider_contact.inquiries import repository
from provider_contact.inquiries.models import Appeal, Inquiry, ProviderResponse
from provider_contact.inquiries.policy import ConcernedCare, clocks, question_about, refusal_texts, summary_of
from provider_contact.inquiries.repository import RefusalFilter
from provider_contact.inquiries.schemas import InquiryItem, NextAction
from provider_contact.inquiries.schemas.views import (
    AnswerOption,
    AskedQuestion,
    EntryView,
    InquiryClockView,
    Question,
    RefusalItem,
    ResponseView,
)
from provider_contact.inquiries.service.answers import response_view
from provider_contact.inquiries.service.contents import Statements
from provider_contact.inquiries.service.entries import INTERNAL, entry_view
from provider_contact.inquiries.service.flags import consent_state
from provider_contact.inquiries.service.ports import InquiryFiles
from shared.auth import Principal
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_inquiries

READ_PURPOSE = "inquiry"
"""The purpose in the audit log of staff who read a provider's answers here."""


def inquiry_item(inquiry: Inquiry, appeal: Appeal, next_actions: list[NextAction]) -> InquiryItem:
    """Return the inquiry as it is listed, with the actions of its reader."""
    clock = clocks()[inquiry.clock]
    return InquiryItem(
        inquiry_id=inquiry.inquiry_id,
        appeal_id=inquiry.appeal_id,
        number=appeal.number,
        provider_id=inquiry.provider_id,
        region=appeal.region,
        category=inquiry.category,
        status=inquiry.status,
        overdue=inquiry.overdue,
        closed=inquiry.closed_at is not None,
        sent_at=inquiry.sent_at,
        due_at=inquiry.due_at,
        clock=InquiryClockView(code=clock.code, **clock.label.as_dict()),
        round=inquiry.round,
        time_asked_until=inquiry.time_asked_until,
        consent=consent_state(inquiry),
        version=inquiry.version,
        next_actions=next_actions,
    )


def inquiry_question(inquiry: Inquiry) -> Label:
    """Return the Fund's standing question about the category of an inquiry."""
    return question_about(inquiry.category)


async def visible_inquiry(work: UnitOfWork, inquiry_id: UUID, principal: Principal, *, lock: bool = False) -> tuple[Inquiry, Appeal]:
    """Return an inquiry and its appeal.

    Raises NotFound, with the same answer for an inquiry that does not exist and one that this principal may not see.
    """
    pair = await repository.inquiry(work.session, inquiry_id, visible_inquiries(principal), lock=lock)
    if pair is None:
        raise NotFound
    return pair


def is_addressee(inquiry: Inquiry, principal: Principal) -> bool:
    """Return whether the principal is of the provider that was asked."""
    return principal.has("provider") and principal.provider_id == inquiry.provider_id


def asked_questions(inquiry: Inquiry) -> list[AskedQuestion]:
    """Return the standing questions of an inquiry with their types; a code that is not listed any more is left out."""
    known = taxonomy().provider_questions
    return [
        AskedQuestion(
            code=code,
            answer_type=known[code].answer_type,
            options=[AnswerOption(code=each.code, **each.label.as_dict()) for each in known[code].options.values()] or None,
            **known[code].label.as_dict(),
        )
        for code in inquiry.questions
        if code in known
    ]


def summary(inquiry: Inquiry, appeal: Appeal) -> Question:
    """Return what can be known of the appeal without its text and its applicant."""
    region = regions()[appeal.region]
    care = ConcernedCare(inquiry.service, inquiry.department, inquiry.period_from, inquiry.period_to)
    text = summary_of(inquiry.category, region.label, appeal.received_at.astimezone(region.timezone).date(), care)
    return Question(**text.as_dict())


async def responses(work: UnitOfWork, inquiry: Inquiry, files: InquiryFiles) -> list[ResponseView]:
    """Return the answers to an inquiry, oldest first. Record the read of whoever is not the provider: `record_read`."""
    found = await repository.responses_of(work.session, inquiry.inquiry_id)
    attached = await files.of_answers(work, [response.response_id for response in found])
    return [response_view(response, work.sealer, attached.get(response.response_id, ())) for response in found]


def read_ids(answers: Sequence[ResponseView], statements: Statements) -> list[UUID]:
    """Return the ids of the texts of a provider that are read with an inquiry."""
    return [
        *(response.response_id for response in answers),
        *(proposal.proposal_id for proposal in statements.proposals),
        *(commitment.commitment_id for commitment in statements.commitments),
    ]


async def record_read(work: UnitOfWork, principal: Principal, read: Sequence[UUID]) -> None:
    """Record in the audit log that somebody read these texts."""
    await work.audit.record(reader=principal.subject, purpose=READ_PURPOSE, ids=read)


async def history(work: UnitOfWork, inquiry: Inquiry, principal: Principal) -> list[EntryView]:
    """Return what else happened to an inquiry, oldest first. The provider does not see what is the Fund's own."""
    found = await repository.entries_of(work.session, inquiry.inquiry_id)
    hidden = INTERNAL if is_addressee(inquiry, principal) else frozenset()
    return [entry_view(entry, work.sealer) for entry in found if entry.type not in hidden]


async def refusals(
    work: UnitOfWork, principal: Principal, wanted: RefusalFilter, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[RefusalItem], int]:
    """Return refusals of care in the answers that the principal sees, newest first, and their total number."""
    found, total = await repository.refusals(work.session, visible_inquiries(principal), wanted, after, limit)
    return [_refusal_item(response, inquiry, appeal, work.sealer) for response, inquiry, appeal in found], total


def _refusal_item(response: ProviderResponse, inquiry: Inquiry, appeal: Appeal, sealer: Sealer) -> RefusalItem:
    shown = response_view(response, sealer).refusal
    if shown is None:
        raise ValueError(f"{response.response_id} names no refusal")
    text = None if shown.lawful is None else refusal_texts()[shown.reason if shown.lawful else None]
    return RefusalItem(
        response_id=response.response_id,
        inquiry_id=inquiry.inquiry_id,
        appeal_id=appeal.appeal_id,
        number=appeal.number,
        provider_id=inquiry.provider_id,
        region=appeal.region,
        category=inquiry.category,
        at=response.at,
        reason=shown.reason,
        rule=shown.rule,
        lawful=shown.lawful,
        answer=Question(**text.as_dict()) if text else None,
    )

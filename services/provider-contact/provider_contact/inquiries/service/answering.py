"""What a provider does with an inquiry, and what it may do next."""

from uuid import UUID

from provider_contact.inquiries import events, repository
from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.errors import ActionNotPossible, VersionConflict
from provider_contact.inquiries.models import Appeal, Inquiry, ProviderResponse
from provider_contact.inquiries.policy import action_rules
from provider_contact.inquiries.schemas import ActionField, InquiryItem, NextAction, RespondRequest
from shared.auth import Principal
from shared.domain.labels import LANGUAGES
from shared.domain.taxonomy import taxonomy
from shared.errors import InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_inquiries


def next_actions(inquiry: Inquiry, principal: Principal) -> list[NextAction]:
    """Return what this principal may do now: the provider that was asked answers, everybody else only reads."""
    if inquiry.closed_at is not None or principal.provider_id != inquiry.provider_id:
        return []
    return [
        NextAction(action=rule.action, kk=rule.label.kk, ru=rule.label.ru, en=rule.label.en, fields=_fields(rule.action))
        for rule in action_rules().values()
        if rule.status == inquiry.status and rule.role in principal.roles
    ]


def _fields(action: InquiryAction) -> list[ActionField]:
    if action is not InquiryAction.RESPOND:
        return []
    return [
        ActionField(name="language", required=True, options=list(LANGUAGES)),
        ActionField(name="code", required=True, options=list(taxonomy().response_codes)),
        ActionField(name="text", required=True),
    ]


def inquiry_item(inquiry: Inquiry, appeal: Appeal, principal: Principal) -> InquiryItem:
    """Return the inquiry as it is listed for this principal."""
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
        version=inquiry.version,
        next_actions=next_actions(inquiry, principal),
    )


async def visible_inquiry(work: UnitOfWork, inquiry_id: UUID, principal: Principal, *, lock: bool = False) -> tuple[Inquiry, Appeal]:
    """Return an inquiry and its appeal.

    Raises NotFound, with the same answer for an inquiry that does not exist and one that this principal may not see.
    """
    pair = await repository.inquiry(work.session, inquiry_id, visible_inquiries(principal), lock=lock)
    if pair is None:
        raise NotFound
    return pair


async def acknowledge(work: UnitOfWork, inquiry_id: UUID, expected_version: int, principal: Principal) -> tuple[Inquiry, Appeal]:
    """Record that the provider has received the inquiry. Raises NotFound, VersionConflict, ActionNotPossible."""
    inquiry, appeal = await _apply(work, inquiry_id, InquiryAction.ACKNOWLEDGE, expected_version, principal)
    work.publish(events.inquiry_acknowledged(inquiry))
    return inquiry, appeal


async def respond(work: UnitOfWork, inquiry_id: UUID, answer: RespondRequest, principal: Principal) -> tuple[Inquiry, Appeal]:
    """Store the provider's answer, sealed. Raises NotFound, VersionConflict, ActionNotPossible, and InvalidInput for an unknown code."""
    if answer.code not in taxonomy().response_codes:
        raise InvalidInput.field("code", "unknown-code", "The value is not one of the known codes.")
    inquiry, appeal = await _apply(work, inquiry_id, InquiryAction.RESPOND, answer.expected_version, principal)
    inquiry.settled = True
    response_id, now = work.ids.new(), work.clock.now()
    sealed = work.sealer.seal("response", response_id, "text", answer.text.encode())
    response = ProviderResponse(
        response_id=response_id, inquiry_id=inquiry_id, language=answer.language, code=answer.code, text=sealed, at=now
    )
    work.session.add(response)
    work.publish(events.inquiry_answered(inquiry, response_id, answer.code))
    return inquiry, appeal


async def _apply(
    work: UnitOfWork, inquiry_id: UUID, action: InquiryAction, expected_version: int, principal: Principal
) -> tuple[Inquiry, Appeal]:
    inquiry, appeal = await visible_inquiry(work, inquiry_id, principal, lock=True)
    if inquiry.version != expected_version:
        raise VersionConflict(inquiry.version)
    possible = next_actions(inquiry, principal)
    if action not in {next_action.action for next_action in possible}:
        raise ActionNotPossible(possible)
    inquiry.status = action_rules()[inquiry.status, action].next
    inquiry.version += 1
    return inquiry, appeal

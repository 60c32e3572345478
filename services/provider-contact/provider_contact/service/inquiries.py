"""Questions to providers: when one is sent by itself, what the provider does with it, and when it is late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from provider_contact import events, repository
from provider_contact.errors import ActionNotPossible, VersionConflict
from provider_contact.models import Appeal, ContentRead, Inquiry, Response
from provider_contact.policy import content_purposes, inquiry_actions, inquiry_rule
from provider_contact.repository import Asked
from provider_contact.schemas import ActionField, InquiryItem, NextAction, Respond
from shared.auth import Principal
from shared.clock import Clock
from shared.contents import ContentItem, ContentsRequest, entitled
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.domain.labels import LANGUAGES
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import InvalidInput, NotFound
from shared.ids import Ids, derived
from shared.messaging import outbox
from shared.messaging.envelope import Envelope
from shared.sealing import Sealer
from shared.visibility import visible_inquiries

OVERDUE_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Occasion:
    """An appeal that may now be put to its provider. `seed` makes the inquiry's id, `cause` is the event that brought it."""

    appeal: Appeal | Asked
    seed: UUID
    cause: Envelope | None = None


def addressee(appeal: Appeal | Asked) -> tuple[UUID, str] | None:
    """The provider to ask about this appeal and the category to ask by; None if it is not for the provider.

    Kind and category alone decide; the applicant's consent decides only what the provider is shown.
    """
    if appeal.closed or appeal.provider_id is None or appeal.kind not in inquiry_rule().kinds:
        return None
    category = taxonomy().categories.get(appeal.category or "")
    return (appeal.provider_id, category.code) if category is not None and category.spp_first else None


async def send_inquiries(session: AsyncSession, occasions: Sequence[Occasion], *, clock: Clock) -> dict[UUID, UUID]:
    """Ask the providers of those appeals that are for them and have no inquiry yet; the appeals are locked by the caller.

    Returns inquiry ids by appeal. Three statements, however many. The portal shows an inquiry at once, so it is delivered when sent.
    """
    wanted = [(one, to) for one in occasions if (to := addressee(one.appeal))]
    if not wanted:
        return {}
    asked = await repository.appeals_with_inquiry(session, [one.appeal.appeal_id for one, _ in wanted])
    now = clock.now()
    inquiries, deliveries = [], []
    for one, to in wanted:
        if one.appeal.appeal_id in asked:
            continue
        inquiry = _inquiry(one, to, now)
        inquiries.append(inquiry)
        deliveries.append(_delivery(inquiry, now))
        outbox.append(session, events.inquiry_sent(inquiry), cause=one.cause)
    await repository.add_inquiries(session, inquiries, deliveries)
    return {row["appeal_id"]: row["inquiry_id"] for row in inquiries}


def _inquiry(occasion: Occasion, to: tuple[UUID, str], now: datetime) -> dict[str, Any]:
    appeal, (provider_id, category) = occasion.appeal, to
    asked_on = now.astimezone(regions()[appeal.region].timezone).date()
    last_day = due_on(asked_on, policies()[inquiry_rule().deadline_policy], planning_calendar()).due_on
    return {
        "inquiry_id": derived(occasion.seed, "inquiry"),
        "appeal_id": appeal.appeal_id,
        "provider_id": provider_id,
        "category": category,
        "status": "DELIVERED",
        "discloses": appeal.discloses,
        "due_at": due_at(last_day, appeal.region),
        "overdue": False,
        "settled": False,
        "closed_at": None,
        "sent_at": now,
        "version": 1,
    }


def _delivery(inquiry: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "delivery_id": derived(inquiry["inquiry_id"], "delivery"),
        "inquiry_id": inquiry["inquiry_id"],
        "channel": inquiry_rule().channel,
        "attempts": 1,
        "delivered_at": now,
        "last_error": None,
        "external_id": None,
    }


def next_actions(inquiry: Inquiry, principal: Principal) -> list[NextAction]:
    """What this principal may do now: the provider asked answers, others look."""
    if inquiry.closed_at is not None or principal.provider_id != inquiry.provider_id:
        return []
    return [
        NextAction(action=one.action, kk=one.label.kk, ru=one.label.ru, en=one.label.en, fields=_fields(one.action))
        for one in inquiry_actions().values()
        if one.status == inquiry.status and one.role in principal.roles
    ]


def _fields(action: str) -> list[ActionField]:
    if action != "respond":
        return []
    return [
        ActionField(name="language", required=True, options=list(LANGUAGES)),
        ActionField(name="code", required=True, options=list(taxonomy().response_codes)),
        ActionField(name="text", required=True),
    ]


def inquiry_item(inquiry: Inquiry, appeal: Appeal, principal: Principal) -> InquiryItem:
    return InquiryItem.model_validate(
        inquiry.model_dump(exclude={"closed_at", "settled"})
        | {"number": appeal.number, "region": appeal.region, "closed": inquiry.closed_at is not None}
        | {"next_actions": next_actions(inquiry, principal)}
    )


async def seen_inquiry(session: AsyncSession, inquiry_id: UUID, principal: Principal, *, lock: bool = False) -> tuple[Inquiry, Appeal]:
    """An inquiry and its appeal. Raises NotFound, alike for what does not exist and what this principal does not see."""
    pair = await repository.inquiry(session, inquiry_id, visible_inquiries(principal), lock=lock)
    if pair is None:
        raise NotFound
    return pair


async def acknowledge(session: AsyncSession, inquiry_id: UUID, expected_version: int, principal: Principal) -> tuple[Inquiry, Appeal]:
    """The provider says it has the inquiry. Raises NotFound, VersionConflict, ActionNotPossible."""
    inquiry, appeal = await _moved(session, inquiry_id, "acknowledge", expected_version, principal)
    outbox.append(session, events.inquiry_acknowledged(inquiry))
    return inquiry, appeal


async def respond(
    session: AsyncSession, inquiry_id: UUID, answer: Respond, principal: Principal, *, sealer: Sealer, clock: Clock, ids: Ids
) -> tuple[Inquiry, Appeal]:
    """The provider answers. Raises NotFound, VersionConflict, ActionNotPossible, and InvalidInput for an unknown code."""
    if answer.code not in taxonomy().response_codes:
        raise InvalidInput.field("code", "unknown-code", "The value is not one of the known codes.")
    inquiry, appeal = await _moved(session, inquiry_id, "respond", answer.expected_version, principal)
    inquiry.settled = True
    response_id = ids.new()
    sealed = sealer.seal("response", response_id, "text", answer.text.encode())
    session.add(
        Response(response_id=response_id, inquiry_id=inquiry_id, language=answer.language, code=answer.code, text=sealed, at=clock.now())
    )
    outbox.append(session, events.inquiry_answered(inquiry, response_id, answer.code))
    return inquiry, appeal


async def _moved(
    session: AsyncSession, inquiry_id: UUID, action: str, expected_version: int, principal: Principal
) -> tuple[Inquiry, Appeal]:
    inquiry, appeal = await seen_inquiry(session, inquiry_id, principal, lock=True)
    if inquiry.version != expected_version:
        raise VersionConflict(inquiry.version)
    possible = next_actions(inquiry, principal)
    if action not in {one.action for one in possible}:
        raise ActionNotPossible([one.model_dump() for one in possible])
    inquiry.status = inquiry_actions()[inquiry.status, action].next
    inquiry.version += 1
    return inquiry, appeal


async def mark_overdue(session: AsyncSession, *, clock: Clock) -> int:
    """Flag inquiries whose time is over, the oldest due first, and say so once; returns how many.

    The version stays: what may be done with them is the same as before.
    """
    late = await repository.late_inquiries(session, clock.now(), OVERDUE_AT_ONCE)
    for inquiry in late:
        outbox.append(session, events.inquiry_overdue(inquiry))
    await repository.mark_overdue(session, [inquiry.inquiry_id for inquiry in late])
    return len(late)


async def response_contents(
    session: AsyncSession, request: ContentsRequest, reader: Principal, *, sealer: Sealer, clock: Clock, ids: Ids
) -> list[ContentItem]:
    """Answers of providers for another service, noted in the audit log.

    Raises what `entitled` raises.
    """
    entitled(request, reader, content_purposes())
    found = await repository.responses(session, request.ids)
    session.add(
        ContentRead(
            content_read_id=ids.new(),
            reader=reader.subject,
            on_behalf_of=request.on_behalf_of,
            purpose=request.purpose,
            ids=[str(one) for one in request.ids],
            at=clock.now(),
        )
    )
    return [_content(one, found.get(one), sealer) for one in request.ids]


def _content(response_id: UUID, response: Response | None, sealer: Sealer) -> ContentItem:
    if response is None:
        return ContentItem(id=response_id, found=False)
    text = sealer.open("response", response_id, "text", response.text).decode()
    content = {"language": response.language, "code": response.code, "text": text, "at": response.at.isoformat()}
    return ContentItem(id=response_id, found=True, content=content)

"""Sending inquiries: which appeals are put to their provider, and which inquiries are overdue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from provider_contact.inquiries import events, repository
from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.models import Appeal, DeliveryRow, InquiryRow
from provider_contact.inquiries.policy import inquiry_rule
from provider_contact.inquiries.repository import AppealState
from provider_contact.inquiries.service.appeals import record_requested
from shared.contracts import InquiryRequested
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.ids import derived
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Received
from shared.unit_of_work import UnitOfWork

OVERDUE_BATCH = 200  # inquiries flagged in one transaction


@dataclass(frozen=True, slots=True)
class InquiryCandidate:
    """An appeal that may now be put to its provider. The inquiry's id is derived from `seed`; `cause` is the event being handled."""

    appeal: Appeal | AppealState
    seed: UUID
    cause: Envelope | None = None


def addressee(appeal: Appeal | AppealState) -> tuple[UUID, str] | None:
    """Return the provider to ask about this appeal and the category of the question; None if no provider is to be asked.

    Kind and category alone decide. The applicant's consent decides only what the provider may read.
    """
    if appeal.closed or appeal.provider_id is None or appeal.kind not in inquiry_rule().kinds:
        return None
    category = taxonomy().categories.get(appeal.category or "")
    return (appeal.provider_id, category.code) if category is not None and category.spp_first else None


async def send_inquiries(work: UnitOfWork, candidates: Sequence[InquiryCandidate]) -> dict[UUID, UUID]:
    """Send an inquiry for each candidate that is for its provider and has none yet; the caller has locked the appeals.

    Returns inquiry ids by appeal. Takes three statements for any number of candidates. An inquiry is delivered when it is sent, because
    the portal shows it at once.
    """
    wanted = [(candidate, to) for candidate in candidates if (to := addressee(candidate.appeal))]
    if not wanted:
        return {}
    with_inquiry = await repository.appeals_with_inquiry(work.session, [candidate.appeal.appeal_id for candidate, _ in wanted])
    now = work.clock.now()
    inquiries: list[InquiryRow] = []
    deliveries: list[DeliveryRow] = []
    for candidate, to in wanted:
        if candidate.appeal.appeal_id in with_inquiry:
            continue
        inquiry = _inquiry(candidate, to, now)
        inquiries.append(inquiry)
        deliveries.append(_delivery(inquiry, now))
        work.publish(events.inquiry_sent(inquiry), cause=candidate.cause)
    await repository.insert_inquiries(work.session, inquiries, deliveries)
    return {row["appeal_id"]: row["inquiry_id"] for row in inquiries}


async def open_requested(work: UnitOfWork, requests: Sequence[Received[InquiryRequested]]) -> None:
    """Open the inquiries that clerks asked for, and publish `inquiry-sent` for each. A request that was opened before is skipped.

    An appeal that named no provider is stored now, without consent to disclose it. A closed appeal is not asked about any more.
    """
    await record_requested(work, [received.event for received in requests])
    appeals = await repository.appeals_for_update(work.session, [received.event.appeal_id for received in requests])
    opened = await repository.known_inquiries(work.session, [_requested_id(received) for received in requests])
    now = work.clock.now()
    inquiries: list[InquiryRow] = []
    for received in requests:
        appeal = appeals[received.event.appeal_id]
        if appeal.closed or _requested_id(received) in opened:
            continue
        inquiries.append(_requested(received, appeal, now))
        work.publish(events.inquiry_sent(inquiries[-1]), cause=received.envelope)
    await repository.insert_inquiries(work.session, inquiries, [_delivery(inquiry, now) for inquiry in inquiries])


def _requested_id(received: Received[InquiryRequested]) -> UUID:
    return derived(received.envelope.id, "inquiry")


def _requested(received: Received[InquiryRequested], appeal: AppealState, now: datetime) -> InquiryRow:
    """Return the inquiry. The applicant consented to disclosure to the provider of the appeal, not to any other."""
    event = received.event
    candidate = InquiryCandidate(appeal, received.envelope.id, received.envelope)
    inquiry = _inquiry(candidate, (event.provider_id, event.category), now)
    inquiry["discloses"] = appeal.discloses and appeal.provider_id == event.provider_id
    inquiry["request_id"], inquiry["questions"], inquiry["has_text"] = event.request_id, event.questions, event.has_text
    if event.due_on is not None:
        inquiry["due_at"] = due_at(event.due_on, appeal.region)
    return inquiry


async def assign_provider(work: UnitOfWork, appeal: Appeal, provider_id: UUID, *, seed: UUID) -> UUID | None:
    """Set the provider of a locked appeal and send the inquiry that was waiting for it. Returns the inquiry's id, None if none was sent.

    The inquiry's id is derived from `seed`.
    """
    appeal.provider_id = provider_id
    sent = await send_inquiries(work, [InquiryCandidate(appeal, seed)])
    return sent.get(appeal.appeal_id)


def _inquiry(candidate: InquiryCandidate, to: tuple[UUID, str], now: datetime) -> InquiryRow:
    appeal, (provider_id, category) = candidate.appeal, to
    local_day = now.astimezone(regions()[appeal.region].timezone).date()
    last_day = due_on(local_day, policies()[inquiry_rule().deadline_policy], planning_calendar()).due_on
    return {
        "inquiry_id": derived(candidate.seed, "inquiry"),
        "appeal_id": appeal.appeal_id,
        "provider_id": provider_id,
        "category": category,
        "status": InquiryStatus.DELIVERED,
        "discloses": appeal.discloses,
        "due_at": due_at(last_day, appeal.region),
        "overdue": False,
        "settled": False,
        "closed_at": None,
        "sent_at": now,
        "version": 1,
        "request_id": None,
        "questions": [],
        "has_text": False,
    }


def _delivery(inquiry: InquiryRow, now: datetime) -> DeliveryRow:
    return {
        "delivery_id": derived(inquiry["inquiry_id"], "delivery"),
        "inquiry_id": inquiry["inquiry_id"],
        "channel": inquiry_rule().channel,
        "attempts": 1,
        "delivered_at": now,
        "last_error": None,
        "external_id": None,
    }


async def mark_overdue(work: UnitOfWork) -> int:
    """Flag at most `OVERDUE_BATCH` inquiries past their due date, oldest due date first, and emit `inquiry-overdue` once for each.

    Returns how many were flagged. The version stays, because the same actions are possible as before.
    """
    overdue = await repository.newly_overdue_inquiries(work.session, work.clock.now(), OVERDUE_BATCH)
    for inquiry in overdue:
        work.publish(events.inquiry_overdue(inquiry))
    await repository.flag_overdue(work.session, [inquiry.inquiry_id for inquiry in overdue])
    return len(overdue)

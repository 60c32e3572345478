"""Sending inquiries: which appeals are put to their provider, and until when an answer is expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from provider_contact.inquiries import events, repository
from provider_contact.inquiries.codes import DisclosureLevel, InquiryClock, InquiryStatus, NoticeKind
from provider_contact.inquiries.models import Appeal, InquiryRow
from provider_contact.inquiries.policy import clock_of, inquiry_rule, questions_about
from provider_contact.inquiries.repository import AppealState
from provider_contact.inquiries.service.appeals import record_requested
from provider_contact.inquiries.service.disclosure import allowed_level
from provider_contact.inquiries.service.ports import Notice, Notices
from provider_contact.inquiries.service.steps import clock_due_at, first_step_at
from shared.contracts import InquiryRequested
from shared.domain.deadlines import due_at
from shared.domain.taxonomy import taxonomy
from shared.ids import derived
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Received
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class InquiryCandidate:
    """An appeal that may now be put to its provider. The inquiry's id is derived from `seed`; `cause` is the event being handled."""

    appeal: Appeal | AppealState
    seed: UUID
    cause: Envelope | None = None


def addressee(appeal: Appeal | AppealState) -> tuple[UUID, str] | None:
    """Return the provider to ask about this appeal and the category of the question; None if no provider is to be asked.

    Kind and category alone decide. The applicant's consent decides only what the provider may read.
    Of a protected appeal no provider learns by rule: only a person who may see it asks.
    """
    if appeal.closed or appeal.protection is not None or not appeal.asked_by_rule:
        return None
    if appeal.provider_id is None or appeal.kind not in inquiry_rule().kinds:
        return None
    category = taxonomy().categories.get(appeal.category or "")
    return (appeal.provider_id, category.code) if category is not None and category.spp_first else None


async def send_inquiries(work: UnitOfWork, candidates: Sequence[InquiryCandidate], notices: Notices) -> dict[UUID, UUID]:
    """Send an inquiry for each candidate that is for its provider and has none yet; the caller has locked the appeals.

    Returns inquiry ids by appeal. Takes two statements for any number of candidates, and those of `notices`.
    An inquiry is delivered when it is sent, because the portal shows it at once.
    """
    wanted = [(candidate, to) for candidate in candidates if (to := addressee(candidate.appeal))]
    if not wanted:
        return {}
    with_inquiry = await repository.appeals_with_inquiry(work.session, [candidate.appeal.appeal_id for candidate, _ in wanted])
    now = work.clock.now()
    inquiries: list[InquiryRow] = []
    for candidate, to in wanted:
        if candidate.appeal.appeal_id in with_inquiry:
            continue
        inquiry = _inquiry(candidate, to, now)
        inquiries.append(inquiry)
        work.publish(events.inquiry_sent(inquiry), cause=candidate.cause)
    await repository.insert_inquiries(work.session, inquiries)
    await notices.plan(work, [_notice(inquiry) for inquiry in inquiries])
    return {row["appeal_id"]: row["inquiry_id"] for row in inquiries}


async def open_requested(work: UnitOfWork, requests: Sequence[Received[InquiryRequested]], notices: Notices) -> None:
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
    await repository.insert_inquiries(work.session, inquiries)
    await notices.plan(work, [_notice(inquiry) for inquiry in inquiries])


def _requested_id(received: Received[InquiryRequested]) -> UUID:
    return derived(received.envelope.id, "inquiry")


def _requested(received: Received[InquiryRequested], appeal: AppealState, now: datetime) -> InquiryRow:
    """Return the inquiry. The applicant consented to disclosure to the provider of the appeal, not to any other."""
    event = received.event
    candidate = InquiryCandidate(appeal, received.envelope.id, received.envelope)
    inquiry = _inquiry(candidate, (event.provider_id, event.category), now)
    inquiry["discloses"] = inquiry["discloses"] and appeal.provider_id == event.provider_id
    inquiry["request_id"], inquiry["questions"], inquiry["has_text"] = event.request_id, event.questions, event.has_text
    inquiry["service"], inquiry["department"] = event.service, event.department
    inquiry["period_from"], inquiry["period_to"] = event.period_from, event.period_to
    if event.due_on is not None:
        inquiry["due_at"], inquiry["clock"] = due_at(event.due_on, appeal.region), InquiryClock.CLERK_DAY
        inquiry["next_step_at"] = first_step_at(inquiry["due_at"], appeal.region, now)
    return inquiry


async def assign_provider(work: UnitOfWork, appeal: Appeal, provider_id: UUID, notices: Notices, *, seed: UUID) -> UUID | None:
    """Set the provider of a locked appeal and send the inquiry that was waiting for it. Returns the inquiry's id, None if none was sent.

    The inquiry's id is derived from `seed`.
    """
    appeal.provider_id = provider_id
    sent = await send_inquiries(work, [InquiryCandidate(appeal, seed)], notices)
    return sent.get(appeal.appeal_id)


def _inquiry(candidate: InquiryCandidate, to: tuple[UUID, str], now: datetime) -> InquiryRow:
    appeal, (provider_id, category) = candidate.appeal, to
    clock = clock_of(category, appeal.tier)
    due = clock_due_at(clock, appeal.region, now)
    return {
        "inquiry_id": derived(candidate.seed, "inquiry"),
        "appeal_id": appeal.appeal_id,
        "provider_id": provider_id,
        "category": category,
        "status": InquiryStatus.DELIVERED,
        "discloses": appeal.discloses and allowed_level(category, appeal) is not DisclosureLevel.NONE,
        "due_at": due,
        "overdue": False,
        "settled": False,
        "closed_at": None,
        "sent_at": now,
        "version": 1,
        "request_id": None,
        "questions": list(questions_about(category)),
        "has_text": False,
        "clock": clock.code,
        "next_step_at": first_step_at(due, appeal.region, now),
        "service": None,
        "department": None,
        "period_from": None,
        "period_to": None,
    }


def _notice(inquiry: InquiryRow) -> Notice:
    return Notice(
        derived(inquiry["inquiry_id"], "notice"),
        inquiry["inquiry_id"],
        inquiry["appeal_id"],
        inquiry["provider_id"],
        NoticeKind.INQUIRY,
        1,
        inquiry["due_at"],
    )

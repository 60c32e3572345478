"""Reactions of inquiries to events."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from provider_contact.base import ProviderContactModel
from provider_contact.inquiries import repository
from provider_contact.inquiries.codes import ConsentState, InquiryAction, InquiryFlag, InquiryStatus, NoticeKind
from provider_contact.inquiries.errors import UnknownAppeal
from provider_contact.inquiries.models import AppealChange, EntryRow, Inquiry
from provider_contact.inquiries.schemas import ClosedAppeal
from provider_contact.inquiries.service import Notice, Notices, close_appeals, set_flag
from provider_contact.inquiries.service.flags import consent_state
from provider_contact.inquiries.service.sending import InquiryCandidate, open_requested, send_inquiries
from shared.contracts import (
    AppealRouted,
    AppealWithdrawn,
    CaseClosed,
    CaseForwarded,
    CaseReopened,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ComplaintPassedUp,
    ConsentAnswered,
    ConsentWithdrawn,
    ImportUndone,
    InquiryRequested,
    TierRaised,
)
from shared.messaging.handling import Batch
from shared.projection import protection_after
from shared.removal import remove_appeals
from shared.rows import table_of
from shared.unit_of_work import UnitOfWork

Classified = AppealRouted | ClassificationCorrected
CaseEnded = CaseClosed | CaseForwarded | CaseReturned | CaseTerminated | ComplaintPassedUp | AppealWithdrawn


class InquiryOpening:
    """Opens inquiries on events, and plans the notices of them."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    async def apply_routing(self, work: UnitOfWork, batch: Batch[AppealRouted]) -> None:
        """Store kind, category, tier and region, and send the inquiries that follow from them.

        Raises UnknownAppeal for an appeal about a provider that is not stored: its registration was lost.
        """
        changes: dict[UUID, AppealChange] = {}
        for received in batch.received:
            changes[received.event.appeal_id] = {**_classification(received.event), "region": received.event.region}
        known = await self._apply_classification(work, batch, changes)
        if missing := {received.event.appeal_id for received in batch.received if received.event.concerns_provider} - known:
            raise UnknownAppeal(f"{len(missing)} appeals about a provider were never registered here")

    async def apply_correction(self, work: UnitOfWork, batch: Batch[ClassificationCorrected]) -> None:
        """Store the corrected kind, category and tier; the appeal may now be for its provider."""
        changes: dict[UUID, AppealChange] = {received.event.appeal_id: _classification(received.event) for received in batch.received}
        await self._apply_classification(work, batch, changes)

    async def open_requested(self, work: UnitOfWork, batch: Batch[InquiryRequested]) -> None:
        """Open the inquiries that clerks asked for at the desk."""
        await open_requested(work, batch.received, self._notices)

    async def _apply_classification(
        self, work: UnitOfWork, batch: Batch[AppealRouted] | Batch[ClassificationCorrected], changes: Mapping[UUID, AppealChange]
    ) -> set[UUID]:
        """Update the appeals that are stored, and send their inquiries. Return which those are: an appeal without a provider is none."""
        stored = await repository.appeals_for_update(work.session, changes)
        for received in batch.received:
            if (known := stored.get(received.event.appeal_id)) is not None:
                changes[known.appeal_id]["protection"] = protection_after(known.protection, received.event)
        await repository.update_appeals(work.session, {appeal_id: changes[appeal_id] for appeal_id in stored})
        candidates = []
        for received in batch.received:
            appeal_id = received.event.appeal_id
            if appeal_id in stored:
                state = stored[appeal_id]._replace(**changes[appeal_id])
                candidates.append(InquiryCandidate(state, received.envelope.id, received.envelope))
        await send_inquiries(work, candidates, self._notices)
        return set(stored)


def _classification(event: Classified) -> AppealChange:
    return {"kind": event.kind, "category": event.category, "tier": event.tier}


async def apply_tier(work: UnitOfWork, batch: Batch[TierRaised]) -> None:
    """Store the case's tier, which decides who may see the inquiry."""
    await repository.update_appeals(work.session, {received.event.appeal_id: {"tier": received.event.tier} for received in batch.received})


async def apply_consents(work: UnitOfWork, batch: Batch[ConsentAnswered], *, notices: Notices) -> None:
    """Open the applicant to the provider that was asked, if the applicant said yes, and notify the provider of a yes and of a no.

    A yes to the provider of the appeal also counts for later inquiries to it. An answer that comes again changes nothing,
    nor one about an inquiry that was cancelled.
    """
    answers = {received.event.inquiry_id: received.event for received in batch.received}
    appeals = await repository.appeals_for_update(work.session, {event.appeal_id for event in answers.values()})
    inquiries = await repository.lock_inquiries(work.session, list(answers), skip_locked=False)
    opened: dict[UUID, AppealChange] = {}
    answered = list[Inquiry]()
    for inquiry_id, inquiry in inquiries.items():
        event, appeal = answers[inquiry_id], appeals.get(inquiry.appeal_id)
        if consent_state(inquiry) is not ConsentState.REQUESTED or inquiry.status is InquiryStatus.CANCELLED:
            continue
        inquiry.discloses = event.given
        set_flag(inquiry, InquiryFlag.CONSENT_REFUSED, value=not event.given)
        inquiry.version += 1
        answered.append(inquiry)
        if event.given and appeal is not None and appeal.provider_id == inquiry.provider_id:
            opened[appeal.appeal_id] = {"discloses": True}
    await repository.update_appeals(work.session, opened)
    await repository.insert_entries(work.session, [_consent_entry(work, inquiry) for inquiry in answered])
    await notices.plan(work, [_consent_notice(work, inquiry) for inquiry in answered if inquiry.closed_at is None])


async def apply_withdrawn_consents(work: UnitOfWork, batch: Batch[ConsentWithdrawn], *, notices: Notices) -> None:
    """Close the applicants to every provider, and notify those whose inquiry is open. The inquiries go on without the person.

    Inquiries that are sent later disclose nothing either. The same event again finds nothing that discloses.
    """
    appeal_ids = sorted({received.event.appeal_id for received in batch.received})
    appeals = await repository.appeals_for_update(work.session, appeal_ids)
    ids = await repository.disclosing_inquiries(work.session, appeal_ids)
    inquiries = (await repository.lock_inquiries(work.session, ids, skip_locked=False)).values() if ids else ()
    for inquiry in inquiries:
        inquiry.discloses = False
        for flag in (InquiryFlag.CONSENT_REQUESTED, InquiryFlag.CONSENT_REFUSED):
            set_flag(inquiry, flag, value=False)
        set_flag(inquiry, InquiryFlag.CONSENT_WITHDRAWN, value=True)
        inquiry.version += 1
    await repository.update_appeals(work.session, {appeal_id: {"discloses": False} for appeal_id in appeals})
    concerned = [inquiry for inquiry in inquiries if inquiry.status is not InquiryStatus.CANCELLED]
    await repository.insert_entries(work.session, [_consent_entry(work, inquiry) for inquiry in concerned])
    await notices.plan(work, [_consent_notice(work, inquiry) for inquiry in concerned if inquiry.closed_at is None])


_NOTICES: Final[Mapping[ConsentState | None, NoticeKind]] = {
    ConsentState.GIVEN: NoticeKind.CONSENT_GIVEN,
    ConsentState.REFUSED: NoticeKind.CONSENT_REFUSED,
    ConsentState.WITHDRAWN: NoticeKind.CONSENT_WITHDRAWN,
}
"""What a provider is notified of, by what has become of the consent."""


def _consent_entry(work: UnitOfWork, inquiry: Inquiry) -> EntryRow:
    return {
        "entry_id": work.ids.new(),
        "inquiry_id": inquiry.inquiry_id,
        "at": work.clock.now(),
        "type": InquiryAction.ANSWER_CONSENT,
        "round": inquiry.round,
        "actor_role": None,
        "actor": None,
        "code": consent_state(inquiry),
        "day": None,
        "content": None,
    }


def _consent_notice(work: UnitOfWork, inquiry: Inquiry) -> Notice:
    kind = _NOTICES[consent_state(inquiry)]
    return Notice(work.ids.new(), inquiry.inquiry_id, inquiry.appeal_id, inquiry.provider_id, kind, inquiry.round, inquiry.due_at)


async def reopen_cases(work: UnitOfWork, batch: Batch[CaseReopened]) -> None:
    """Open the appeals of reopened cases again, on their new tier. Their inquiries stay closed: a clerk asks anew."""
    changes: dict[UUID, AppealChange] = {
        received.event.appeal_id: {"tier": received.event.tier, "closed": False} for received in batch.received
    }
    await repository.update_appeals(work.session, changes)


async def remove_undone(work: UnitOfWork, batch: Batch[ImportUndone]) -> None:
    """Remove the appeals whose import was undone, with their inquiries and everything about them. Again it finds nothing."""
    appeal_ids = [received.event.appeal_id for received in batch.received]
    through = {"inquiry_id": table_of(Inquiry).c.inquiry_id}
    await remove_appeals(work.session, ProviderContactModel.metadata, appeal_ids, through=through)


async def close_ended_cases(work: UnitOfWork, batch: Batch[CaseEnded]) -> Mapping[UUID, ClosedAppeal]:
    """Close the appeals of ended cases and their open inquiries; return those that were open."""
    return await close_appeals(work, [received.event.appeal_id for received in batch.received])

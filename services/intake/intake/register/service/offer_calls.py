"""The call of the contact centre to an applicant whom no message about an offer of a provider reached."""

from typing import Final, NamedTuple
from uuid import UUID

from intake.register.models import ProviderOffer
from intake.register.repository import applicant as records
from intake.register.repository import offers as repository
from intake.register.service.offers import can_answer, recipient_of
from intake.register.service.sealed_fields import open_field
from shared.auth import Principal
from shared.domain.labels import Label
from shared.errors import NotFound
from shared.sealing import SealError
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

CALL_PURPOSE: Final = "question-call"


class OfferToCall(NamedTuple):
    """A question for a call, with what is needed for it; None: the applicant did not give it."""

    offer: ProviderOffer
    number: str
    region: str
    full_name: str | None
    phone: str | None
    recipient: Label | None
    """The provider that a consent opens the appeal to."""


async def read_for_call(work: UnitOfWork, offer_id: UUID, reader: Principal) -> OfferToCall:
    """Return a question that waits for the applicant, and the number to call; the access is recorded in the audit log.

    Raises NotFound for one that the reader does not see, or that waits no longer.
    """
    offer = await visible_offer(work, offer_id, reader)
    tracking, appeal = await records.tracking_of(work.session, offer.appeal_id), await records.whole_appeal(work.session, offer.appeal_id)
    if not can_answer(offer, tracking["status"], work.clock.now()) or offer.answer is not None:
        raise NotFound
    await work.audit.record(reader=reader.subject, purpose=CALL_PURPOSE, ids=[appeal.id], appeal_id=appeal.id, role=reader.role)
    try:
        applicant = open_field(work.sealer, appeal.id, "applicant", appeal.applicant) or {}
    except SealError:  # erased
        raise NotFound from None
    recipient = await recipient_of(work, offer)
    return OfferToCall(offer, appeal.number, tracking["region"], applicant.get("full_name"), applicant.get("phone"), recipient)


async def visible_offer(work: UnitOfWork, offer_id: UUID, reader: Principal) -> ProviderOffer:
    """Return an offer about an appeal that the reader sees. Raises NotFound."""
    offer = await repository.offer(work.session, offer_id)
    if offer is None:
        raise NotFound
    tracking = await records.tracking_of(work.session, offer.appeal_id)
    if not visible_cases(reader).allows(tracking["region"], tracking["tier"], tracking["provider_id"], tracking["protection"]):
        raise NotFound
    return offer


async def not_reached(work: UnitOfWork, offer_id: UUID, reader: Principal) -> None:
    """Count a call that nobody answered. Raises NotFound for an offer that the reader does not see."""
    await visible_offer(work, offer_id, reader)
    offer = await repository.lock_offer(work.session, offer_id)
    if offer is not None:
        offer.attempts, offer.called_at = offer.attempts + 1, work.clock.now()

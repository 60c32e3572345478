"""The consent to be named to a medical organisation: which appeals have it now, and its withdrawal (Law No. 94-V art. 8)."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.codes import DISCLOSURE, AnswerMethod, OfferStatus
from intake.register.errors import NoConsent
from intake.register.models import Appeal, ProviderOffer
from intake.register.repository import applicant as records
from intake.register.repository.offers import appeals_with_consent, appeals_with_withdrawal, lock_consents
from intake.register.schemas.offers import ConsentWithdrawalResult
from intake.register.service.progress import lock_appeal, publish_change
from shared.auth import Principal
from shared.contracts import ConsentWithdrawn
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

PURPOSE: Final = "consent-withdrawal"


async def disclosing(session: AsyncSession, given: Mapping[UUID, Sequence[str]]) -> frozenset[UUID]:
    """Return those of the appeals whose applicants consent to disclosure to a provider now. `given`: the consents of each appeal."""
    with_appeal = {appeal_id for appeal_id, consents in given.items() if DISCLOSURE in consents}
    withdrawn = await appeals_with_withdrawal(session, with_appeal) if with_appeal else frozenset()
    return await appeals_with_consent(session, given.keys()) | (with_appeal - withdrawn)


async def discloses_now(session: AsyncSession, appeal: Appeal, *, has_offers: bool) -> bool:
    """Return whether the applicant consents to disclosure; without a consent at filing and an offer nothing is looked up."""
    is_possible = has_offers or DISCLOSURE in appeal.consents
    return is_possible and appeal.id in await disclosing(session, {appeal.id: appeal.consents})


async def discloses_to_provider(work: UnitOfWork, appeal_id: UUID) -> bool:
    """Return whether the applicant consents to disclosure to the provider now, with the appeal or later."""
    row = (await repository.sealed_contents(work.session, [appeal_id], ("consents",))).get(appeal_id)
    return row is not None and appeal_id in await disclosing(work.session, {appeal_id: row.consents})


async def inherited_consents(work: UnitOfWork, appeal: Appeal) -> list[str]:
    """Return the consents with which an appeal that continues this one is filed: a withdrawn one is not among them."""
    if DISCLOSURE not in appeal.consents or not await appeals_with_withdrawal(work.session, [appeal.id]):
        return list(appeal.consents)
    return [consent for consent in appeal.consents if consent != DISCLOSURE]


class ConsentToWithdraw(NamedTuple):
    """What the staff of the Fund sees before it records a withdrawal."""

    appeal_id: UUID
    number: str
    is_given: bool
    is_withdrawn: bool
    """It was withdrawn, and no later one was given."""


async def read_consent(work: UnitOfWork, appeal_id: UUID, reader: Principal) -> ConsentToWithdraw:
    """Return the state of the consent. Raises NotFound for an appeal that the reader does not see."""
    tracking = await records.tracking_of(work.session, appeal_id)
    number = await records.number_of_appeal(work.session, appeal_id)
    if number is None or not visible_cases(reader).allows(
        tracking["region"], tracking["tier"], tracking["provider_id"], tracking["protection"]
    ):
        raise NotFound
    is_given = await discloses_to_provider(work, appeal_id)
    is_withdrawn = not is_given and bool(await appeals_with_withdrawal(work.session, [appeal_id]))
    return ConsentToWithdraw(appeal_id, number, is_given, is_withdrawn)


async def record_withdrawal(work: UnitOfWork, appeal_id: UUID, recorder: Principal) -> ConsentWithdrawalResult:
    """Withdraw the consent at the word of the applicant to an employee, which is recorded in the audit log.

    Raises what `read_consent` and `withdraw_consent` raise.
    """
    await read_consent(work, appeal_id, recorder)
    await work.audit.record(reader=recorder.subject, purpose=PURPOSE, ids=[appeal_id], role=recorder.role)
    return await withdraw_consent(work, appeal_id, AnswerMethod.CALL)


async def withdraw_consent(work: UnitOfWork, appeal_id: UUID, method: AnswerMethod) -> ConsentWithdrawalResult:
    """Withdraw the consent and publish it once; withdrawn again it has the same result. A yes that is not published yet becomes a no.

    The appeal goes on. Raises NotFound, and NoConsent where none was ever given.
    """
    tracking = await lock_appeal(work, appeal_id)
    offers = await lock_consents(work.session, appeal_id)
    unpublished = [offer for offer in offers if offer.status is OfferStatus.REQUESTED and offer.answer]
    for offer in unpublished:
        offer.answer = False
    if await discloses_to_provider(work, appeal_id):
        _end(offers)
        await publish_change(work, tracking, ConsentWithdrawn(appeal_id=appeal_id, method=method), timeline_type=ConsentWithdrawn.FACT)
    elif not unpublished and not await appeals_with_withdrawal(work.session, [appeal_id]):
        raise NoConsent
    number = await records.number_of_appeal(work.session, appeal_id)
    return ConsentWithdrawalResult(number=number or "", status=tracking["status"])


def _end(offers: Sequence[ProviderOffer]) -> None:
    for offer in offers:
        if offer.status is OfferStatus.GIVEN:
            offer.status = OfferStatus.WITHDRAWN

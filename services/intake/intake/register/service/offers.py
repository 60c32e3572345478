"""Offers of providers: proposals ("solved here and now"), commitments and requests for consent, and what the applicant answers.

Only the applicant decides whether an offer holds, and who learns of the applicant. An answer by the pages or the bot may be changed for a
minute, as a button is easily missed: until then it is stored and not published. Every other answer is published at once.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from intake.register.codes import MessageKind, OfferKind, OfferStatus
from intake.register.errors import AppealFinished, CommitmentAnswered, CommitmentNotDue, ConsentAnswered, ProposalAnswered
from intake.register.models import ProviderOffer
from intake.register.policy import policy
from intake.register.repository import applicant as records
from intake.register.repository import offers as repository
from intake.register.repository.appeals import provider_names
from intake.register.schemas.offers import CommitmentOut, ConsentRequestOut, OfferAnswer, OfferAnswered, ProposalOut
from intake.register.schemas.rows import OfferRow, TrackingRow
from intake.register.service.progress import lock_appeal, publish_change, store_message
from intake.register.service.rights import is_finished
from shared import contracts
from shared.contents import Contents, OwnerUnavailable
from shared.contracts import (
    AppealEvent,
    CommitmentDue,
    CommitmentEnded,
    CommitmentMade,
    ConsentRequested,
    InquiryCancelled,
    OutcomeVerified,
    ProposalUnanswered,
    SolutionProposed,
)
from shared.database import Database
from shared.domain.labels import Label
from shared.errors import DomainError, NotFound
from shared.messaging.handling import Received
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork

OWNER: Final = "provider-contact"
PURPOSE: Final = "proposal"
"""The purpose for which the texts of proposals and commitments are read from their owner."""
PUBLISH_BATCH: Final = 100
_TOKEN_BYTES: Final = 16
TOKEN_LENGTH: Final = 22  # base64 of the bytes
OFFER_FACTS: Final = frozenset({SolutionProposed.FACT, CommitmentMade.FACT, ConsentRequested.FACT})
"""The types of timeline entries by which an appeal is known to have offers: most have none, and are read without looking for them."""
_ANSWERED_AS: Final[Mapping[tuple[OfferKind, bool], tuple[OfferStatus, str]]] = {
    (OfferKind.PROPOSAL, True): (OfferStatus.CONFIRMED, "proposal-confirmed"),
    (OfferKind.PROPOSAL, False): (OfferStatus.DENIED, "proposal-denied"),
    (OfferKind.COMMITMENT, True): (OfferStatus.KEPT, "commitment-kept"),
    (OfferKind.COMMITMENT, False): (OfferStatus.BROKEN, "commitment-broken"),
    (OfferKind.CONSENT, True): (OfferStatus.GIVEN, "consent-given"),
    (OfferKind.CONSENT, False): (OfferStatus.REFUSED, "consent-refused"),
}
"""The status of an answered offer and the type of its timeline entry, by kind and answer."""
ANSWERABLE: Final[Mapping[OfferKind, frozenset[OfferStatus]]] = {
    OfferKind.PROPOSAL: frozenset({OfferStatus.PROPOSED, OfferStatus.NO_ANSWER}),
    OfferKind.COMMITMENT: frozenset({OfferStatus.DUE, OfferStatus.NO_ANSWER}),
    OfferKind.CONSENT: frozenset({OfferStatus.REQUESTED}),
}
ANSWER_CALLS: Final[Mapping[OfferKind, str]] = {
    OfferKind.PROPOSAL: "proposal-answers",
    OfferKind.COMMITMENT: "commitment-answers",
    OfferKind.CONSENT: "consent-answers",
}
"""The call by which the applicant answers, by the kind of the offer."""
_ANSWERED: Final[Mapping[OfferKind, type[DomainError]]] = {
    OfferKind.PROPOSAL: ProposalAnswered,
    OfferKind.COMMITMENT: CommitmentAnswered,
    OfferKind.CONSENT: ConsentAnswered,
}
_ENDS_WITH_APPEAL: Final = frozenset({OfferKind.PROPOSAL, OfferKind.CONSENT})
"""What is not asked any more once the appeal is finished."""
_CHECKED: Final = {"VERIFIED": OfferStatus.VERIFIED, "REFUTED": OfferStatus.REFUTED}


# what other services publish


async def record_events(work: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
    """Store what the events of a batch say of offers. Most batches have no such event and cost nothing."""
    for received in batch:
        apply = _EFFECTS.get(type(received.event))
        if apply is not None:
            await apply(work, received)


async def _propose(work: UnitOfWork, received: Received[SolutionProposed]) -> None:
    event = received.event
    row = _new_offer(work.pepper, received, OfferKind.PROPOSAL, event.proposal_id, OfferStatus.PROPOSED)
    row["asked_by"], row["answer_until"] = received.envelope.id, event.answer_until
    await repository.add_offers(work.session, [row])


async def _promise(work: UnitOfWork, received: Received[CommitmentMade]) -> None:
    row = _new_offer(work.pepper, received, OfferKind.COMMITMENT, received.event.commitment_id, OfferStatus.OPEN)
    row["due_on"] = received.event.due_on
    await repository.add_offers(work.session, [row])


async def _request_consent(work: UnitOfWork, received: Received[ConsentRequested]) -> None:
    """Ask for the consent about one inquiry, whose id is that of the offer. A consent that was withdrawn may be asked for again."""
    event = received.event
    row = _new_offer(work.pepper, received, OfferKind.CONSENT, event.inquiry_id, OfferStatus.REQUESTED)
    row["asked_by"], row["answer_until"] = received.envelope.id, event.answer_until
    await repository.request_again(work.session, row)
    await repository.add_offers(work.session, [row])


async def _end_request(work: UnitOfWork, received: Received[InquiryCancelled]) -> None:
    """Ask no longer for the consent about a cancelled inquiry: nobody would read what it opens."""
    await repository.end_request(work.session, received.event.inquiry_id)


async def _leave_unanswered(work: UnitOfWork, received: Received[ProposalUnanswered]) -> None:
    await repository.set_status(work.session, received.event.proposal_id, OfferStatus.NO_ANSWER, was=[OfferStatus.PROPOSED])


async def _fall_due(work: UnitOfWork, received: Received[CommitmentDue]) -> None:
    event = received.event
    await repository.ask_about(work.session, event.commitment_id, received.envelope.id, event.answer_until)


async def _end(work: UnitOfWork, received: Received[CommitmentEnded]) -> None:
    await repository.set_status(work.session, received.event.commitment_id, OfferStatus(received.event.result), was=list(OfferStatus))


async def _verify(work: UnitOfWork, received: Received[OutcomeVerified]) -> None:
    event = received.event
    status = _CHECKED.get(event.result)
    if event.proposal_id is not None and status is not None:
        await repository.set_status(work.session, event.proposal_id, status, was=list(OfferStatus))


_EFFECTS: Final[Mapping[type[AppealEvent], Callable[[UnitOfWork, Received[Any]], Any]]] = {
    SolutionProposed: _propose,
    ProposalUnanswered: _leave_unanswered,
    CommitmentMade: _promise,
    CommitmentDue: _fall_due,
    CommitmentEnded: _end,
    OutcomeVerified: _verify,
    ConsentRequested: _request_consent,
    InquiryCancelled: _end_request,
}
OFFER_EVENTS: Final = tuple(_EFFECTS)


def _new_offer(pepper: Pepper, received: Received[Any], kind: OfferKind, offer_id: UUID, status: OfferStatus) -> OfferRow:
    event = received.event
    return {
        "id": offer_id,
        "appeal_id": event.appeal_id,
        "kind": kind,
        "status": status,
        "provider_id": event.provider_id,
        "language": getattr(event, "language", ""),  # a request for consent has no text of the provider
        "at": received.envelope.time,
        "due_on": None,
        "asked_by": None,
        "answer_until": None,
        "link_key": _link_key(pepper, link_token(pepper, offer_id)),
        "answer": None,
        "answered_at": None,
        "method": None,
        "publish_at": None,
        "attempts": 0,
        "called_at": None,
    }


# the applicant's answer


async def answer(work: UnitOfWork, appeal_id: UUID, given: OfferAnswer) -> OfferAnswered:
    """Store the applicant's answer to an offer about an appeal that the applicant has opened, and publish it unless it may be changed.

    A late answer counts.

    Raises NotFound, ProposalAnswered, CommitmentAnswered, CommitmentNotDue, ConsentAnswered, AppealFinished and TooMany.
    """
    tracking, now = await lock_appeal(work, appeal_id), work.clock.now()
    offer = await repository.lock_offer(work.session, given.offer_id)
    if offer is None or (offer.appeal_id, offer.kind) != (appeal_id, given.kind):
        raise NotFound
    _check_open(offer, tracking, now)
    if given.comment is not None:
        await store_message(work, appeal_id, MessageKind.COMMENT if given.answer else MessageKind.REASON, given.comment)
    hold = policy().offers.hold(given.method)
    offer.answer, offer.answered_at, offer.method = given.answer, now, given.method
    if not hold:
        await _publish(work, tracking, offer)
    elif offer.publish_at is None:  # a change gets no further time
        offer.publish_at = now + hold
    number = await records.number_of_appeal(work.session, appeal_id)
    return OfferAnswered(
        number=number or "", status=tracking["status"], answer=given.answer, answered_at=now, changeable_until=offer.publish_at
    )


def _check_open(offer: ProviderOffer, tracking: TrackingRow, now: datetime) -> None:
    """Raise unless the offer can be answered, or its answer changed, now."""
    if offer.answer is not None and (offer.publish_at is None or offer.publish_at <= now):
        raise _ANSWERED[offer.kind]
    if offer.status is OfferStatus.OPEN:
        raise CommitmentNotDue
    if offer.status not in ANSWERABLE[offer.kind]:  # decided without the applicant, as by an excuse
        raise _ANSWERED[offer.kind]
    if offer.kind in _ENDS_WITH_APPEAL and is_finished(tracking["status"]):
        raise AppealFinished


async def _publish(work: UnitOfWork, tracking: TrackingRow, offer: ProviderOffer) -> None:
    """Publish the answer of a locked offer."""
    yes, method = bool(offer.answer), str(offer.method)
    event: AppealEvent
    if offer.kind is OfferKind.PROPOSAL:
        event = contracts.ProposalAnswered(appeal_id=offer.appeal_id, proposal_id=offer.id, confirmed=yes, method=method)
    elif offer.kind is OfferKind.COMMITMENT:
        event = contracts.CommitmentAnswered(appeal_id=offer.appeal_id, commitment_id=offer.id, fulfilled=yes, method=method)
    else:
        event = contracts.ConsentAnswered(
            appeal_id=offer.appeal_id, inquiry_id=offer.id, provider_id=offer.provider_id, given=yes, method=method
        )
    offer.status, timeline_type = _ANSWERED_AS[offer.kind, yes]
    offer.publish_at = None
    await publish_change(work, tracking, event, timeline_type=timeline_type)


async def note_unclear(work: UnitOfWork, offer_id: UUID) -> None:
    """Have the contact centre call about an offer whose question got a reply that says neither yes nor no: once, however many replies."""
    await repository.note_unclear(work.session, offer_id, work.clock.now())


async def has_due_answers(database: Database, now: datetime) -> bool:
    """Return whether an answer can no longer be changed and is to be published."""
    return await repository.has_due_answers(database, now)


async def publish_due_answers(work: UnitOfWork) -> int:
    """Publish the answers that can no longer be changed, up to PUBLISH_BATCH. Return how many there were."""
    now = work.clock.now()
    due = await repository.due_answers(work.session, now, PUBLISH_BATCH)
    for appeal_id, offer_id in due:
        tracking = await lock_appeal(work, appeal_id)
        offer = await repository.lock_offer(work.session, offer_id)
        if offer is not None and offer.publish_at is not None and offer.publish_at <= now:
            await _publish(work, tracking, offer)
    return len(due)


# what is read


async def find_offer(work: UnitOfWork, offer_id: UUID) -> ProviderOffer | None:
    return await repository.offer(work.session, offer_id)


async def offer_asked_by(work: UnitOfWork, event_id: UUID) -> ProviderOffer | None:
    """Return the offer about which an event asks the applicant."""
    return await repository.offer_asked_by(work.session, event_id)


async def recipient_of(work: UnitOfWork, offer: ProviderOffer) -> Label | None:
    """Return the provider that a consent opens the appeal to; None for any other offer, and for a provider that is not known here."""
    if offer.kind is not OfferKind.CONSENT:
        return None
    names = (await provider_names(work.session, [offer.provider_id])).get(offer.provider_id)
    return Label(names[0], names[1], names[1]) if names is not None else None


def can_answer(offer: ProviderOffer, appeal_status: str, now: datetime) -> bool:
    """Return whether the applicant may answer, or change the answer, now."""
    if offer.answer is not None and (offer.publish_at is None or offer.publish_at <= now):
        return False
    is_over = offer.kind in _ENDS_WITH_APPEAL and is_finished(appeal_status)
    return offer.status in ANSWERABLE[offer.kind] and not is_over


async def offer_texts(contents: Contents, offers: Sequence[ProviderOffer], on_behalf_of: str) -> Mapping[UUID, str]:
    """Return the texts of offers by id, as far as their owner replies. Call it while no unit of work is open."""
    ids = [offer.id for offer in offers if offer.kind is not OfferKind.CONSENT]
    if not ids:
        return {}
    try:
        found = await contents.read(OWNER, ids, purpose=PURPOSE, on_behalf_of=on_behalf_of)
    except OwnerUnavailable:
        return {}
    return {offer_id: text for offer_id, content in found.items() if content and isinstance(text := content.get("text"), str)}


def proposals(offers: Sequence[ProviderOffer], texts: Mapping[UUID, str]) -> list[ProposalOut]:
    """Return the proposals among the offers as the applicant reads them."""
    return [ProposalOut(proposal_id=offer.id, at=offer.at, **_shared(offer, texts)) for offer in offers if offer.kind is OfferKind.PROPOSAL]


def commitments(offers: Sequence[ProviderOffer], texts: Mapping[UUID, str]) -> list[CommitmentOut]:
    """Return the commitments among the offers as the applicant reads them."""
    return [
        CommitmentOut(commitment_id=offer.id, at=offer.at, due_on=offer.due_on, **_shared(offer, texts))
        for offer in offers
        if offer.due_on is not None
    ]


def consent_requests(offers: Sequence[ProviderOffer]) -> list[ConsentRequestOut]:
    """Return the requests for consent among the offers as the applicant reads them."""
    return [
        ConsentRequestOut(
            request_id=offer.id,
            at=offer.at,
            status=offer.status,
            provider_id=offer.provider_id,
            answer_until=offer.answer_until,
            answer=offer.answer,
            changeable_until=offer.publish_at,
        )
        for offer in offers
        if offer.kind is OfferKind.CONSENT
    ]


def _shared(offer: ProviderOffer, texts: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "status": offer.status,
        "text": texts.get(offer.id),
        "language": offer.language,
        "provider_id": offer.provider_id,
        "answer_until": offer.answer_until,
        "answer": offer.answer,
        "changeable_until": offer.publish_at,
    }


# the link in a mail or SMS


def link_token(pepper: Pepper, offer_id: UUID) -> str:
    """Return the token of the link by which an offer may be answered once: 22 characters, derived by the secret of the installation."""
    return urlsafe_b64encode(pepper.keyed_hmac("answer-link", offer_id.bytes)[:_TOKEN_BYTES]).rstrip(b"=").decode()


def _link_key(pepper: Pepper, token: str) -> bytes:
    return pepper.keyed_hmac("answer-link-key", token.encode("utf-8", "replace"))


class LinkedQuestion(NamedTuple):
    """The question that a link opens: the appeal's number, what is asked, and the applicant's answer so far."""

    offer_id: UUID
    appeal_id: UUID
    number: str
    kind: OfferKind
    answer: bool | None
    is_open: bool
    """It can be answered now."""
    recipient: Label | None
    """The provider that a consent opens the appeal to."""


async def question_of_link(work: UnitOfWork, token: str) -> LinkedQuestion | None:
    """Return the question of a link; None for an unknown token, and for a link that is too old. Nothing is changed."""
    offer = await repository.offer_by_link(work.session, _link_key(work.pepper, token[:TOKEN_LENGTH]))
    if offer is None or len(token) != TOKEN_LENGTH:
        return None
    now = work.clock.now()
    number, status = await records.number_of_appeal(work.session, offer.appeal_id), await records.status_of(work.session, offer.appeal_id)
    if number is None or status is None or now >= (offer.answer_until or offer.at) + policy().offers.link_life:
        return None
    is_open = can_answer(offer, status, now) and offer.answer is None
    return LinkedQuestion(offer.id, offer.appeal_id, number, offer.kind, offer.answer, is_open, await recipient_of(work, offer))

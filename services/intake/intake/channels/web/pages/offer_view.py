"""What providers say they have solved or promise, as the applicant reads it on the page of the appeal."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from intake.register.codes import WAITING_OFFERS, OfferKind, OfferStatus
from intake.register.schemas import Tracked
from intake.register.schemas.offers import CommitmentOut, ConsentRequestOut, ProposalOut
from intake.register.service.offers import ANSWER_CALLS
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.web.i18n import N_

ASKED: Final = frozenset({*WAITING_OFFERS, OfferStatus.NO_ANSWER})


class OfferWording(NamedTuple):
    """What the pages say of an offer by its kind: the question, its heading once it is answered, what is asked, and why it matters."""

    question: str
    heading: str
    explanation: str
    hint: str


WORDING: Final[Mapping[OfferKind, OfferWording]] = {
    OfferKind.PROPOSAL: OfferWording(
        N_("Is your problem solved?"),
        N_("The organisation says that it is solved"),
        N_(
            "The medical organisation says that your problem is solved. Only you can say whether it is: without your answer it does not "
            "count as solved."
        ),
        N_("Only you can say so; silence does not count as settled."),
    ),
    OfferKind.COMMITMENT: OfferWording(
        N_("Was the promise kept?"),
        N_("The organisation's promise"),
        N_(
            "The day of the promise that the medical organisation made you has come. If it was not kept, the Fund takes your case up "
            "again; you need not appeal anew."
        ),
        N_("If it was not kept, the Fund takes your case up again; you need not appeal anew."),
    ),
    OfferKind.CONSENT: OfferWording(
        N_("May the medical organisation know who you are?"),
        N_("The organisation asked who you are"),
        N_(
            "The medical organisation cannot answer the Fund without knowing who appealed. If you agree, it gets your name, IIN, birth "
            "date, contacts, the text of the appeal and the documents that the Fund attaches: it alone, and for this appeal alone."
        ),
        N_("Without a yes nothing is passed on. The law forbids harming you because you complained."),
    ),
}
_SOLVED: Final = N_("You answered: the problem is solved.")
_UNSOLVED: Final = N_("You answered: the problem is not solved. A specialist of the Fund goes on with your appeal.")
_REFUTED: Final = N_("You told the Fund by phone that the problem is not solved. A specialist goes on with your appeal.")
_FULFILLED: Final = N_("You answered: the promise was kept.")
_BROKEN: Final = N_("You answered: the promise was not kept. The Fund takes your case up again; you need not appeal anew.")
_LATER: Final = N_("On the day of the promise we will ask you whether it was kept.")
_EXCUSED: Final = N_("The Fund has released the organisation from this promise.")
_UNANSWERED: Final = N_("You have not answered yet. You may still do so.")
_CONSENTED: Final = N_("You agreed that the medical organisation knows who you are and reads the appeal.")
_LAPSED: Final = N_("The question has lapsed: the Fund no longer asks this organisation. It does not learn who you are.")
_WITHHELD: Final = N_("You did not agree: the medical organisation does not learn who you are. The review of your appeal goes on.")
_TAKEN_BACK: Final = N_("You withdrew this consent: the medical organisation no longer sees who you are and what you wrote.")
OFFER_STATES: Final[Mapping[tuple[OfferKind, str], str]] = {
    (OfferKind.PROPOSAL, OfferStatus.CONFIRMED): _SOLVED,
    (OfferKind.PROPOSAL, OfferStatus.VERIFIED): _SOLVED,
    (OfferKind.PROPOSAL, OfferStatus.DENIED): _UNSOLVED,
    (OfferKind.PROPOSAL, OfferStatus.REFUTED): _REFUTED,
    (OfferKind.PROPOSAL, OfferStatus.NO_ANSWER): _UNANSWERED,
    (OfferKind.COMMITMENT, OfferStatus.OPEN): _LATER,
    (OfferKind.COMMITMENT, OfferStatus.KEPT): _FULFILLED,
    (OfferKind.COMMITMENT, OfferStatus.BROKEN): _BROKEN,
    (OfferKind.COMMITMENT, OfferStatus.EXCUSED): _EXCUSED,
    (OfferKind.COMMITMENT, OfferStatus.NO_ANSWER): _UNANSWERED,
    (OfferKind.CONSENT, OfferStatus.GIVEN): _CONSENTED,
    (OfferKind.CONSENT, OfferStatus.REFUSED): _WITHHELD,
    (OfferKind.CONSENT, OfferStatus.EXCUSED): _LAPSED,
    (OfferKind.CONSENT, OfferStatus.WITHDRAWN): _TAKEN_BACK,
}


_BY_ANSWER: Final[Mapping[OfferKind, tuple[OfferStatus, OfferStatus]]] = {
    OfferKind.PROPOSAL: (OfferStatus.DENIED, OfferStatus.CONFIRMED),
    OfferKind.COMMITMENT: (OfferStatus.BROKEN, OfferStatus.KEPT),
    OfferKind.CONSENT: (OfferStatus.REFUSED, OfferStatus.GIVEN),
}
"""The status that a no and a yes lead to."""
AnyOffer = ProposalOut | CommitmentOut | ConsentRequestOut


class ShownOffer(NamedTuple):
    """An offer of a provider.

    `text`: in its own words, None while their owner does not reply. `state`: what has become of it; None: it waits for the applicant.
    """

    id: UUID
    kind: OfferKind
    provider: str | None
    at: datetime
    text: str | None
    language: str
    due_on: date | None
    answer: bool | None
    state: str | None
    may_answer: bool
    changeable_until: str | None
    """The local time of day."""

    @property
    def wording(self) -> OfferWording:
        return WORDING[self.kind]

    @property
    def has_text(self) -> bool:
        """Whether the provider wrote something: a request for consent is worded by the Fund."""
        return self.kind is not OfferKind.CONSENT


def answered_state(kind: OfferKind, *, yes: bool) -> str:
    """Return the sentence that repeats an answer to the applicant."""
    return OFFER_STATES[kind, _BY_ANSWER[kind][yes]]


def shown_offers(case: Tracked, language: Language, now: datetime) -> list[ShownOffer]:
    """Return what providers say they have solved, promise or ask for: what waits for the applicant first, then the latest first."""
    provider, zone = case.provider, regions()[case.region].timezone
    rows: list[tuple[OfferKind, UUID, date | None, AnyOffer]] = []
    rows += [(OfferKind.PROPOSAL, each.proposal_id, None, each) for each in case.proposals]
    rows += [(OfferKind.COMMITMENT, each.commitment_id, each.due_on, each) for each in case.commitments]
    rows += [(OfferKind.CONSENT, each.request_id, None, each) for each in case.consent_requests]
    shown = []
    for kind, offer_id, promised_by, offer in rows:
        is_held = offer.changeable_until is not None and now < offer.changeable_until
        may_answer = ANSWER_CALLS[kind] in case.actions and (is_held or (offer.answer is None and offer.status in ASKED))
        is_known = provider is not None and provider.provider_id == offer.provider_id
        shown.append(
            ShownOffer(
                id=offer_id,
                kind=kind,
                provider=(provider.name_kk if language == "kk" else provider.name_ru) if provider is not None and is_known else None,
                at=offer.at,
                text=None if isinstance(offer, ConsentRequestOut) else offer.text,
                language="" if isinstance(offer, ConsentRequestOut) else offer.language,
                due_on=promised_by,
                answer=offer.answer,
                state=OFFER_STATES.get((kind, _status_of(kind, offer))),
                may_answer=may_answer,
                changeable_until=f"{offer.changeable_until.astimezone(zone):%H:%M:%S}" if offer.changeable_until else None,
            )
        )
    return sorted(shown, key=lambda offer: (not (offer.may_answer and offer.answer is None), -offer.at.timestamp()))


def _status_of(kind: OfferKind, offer: AnyOffer) -> str:
    """Return the status that the answer leads to: one that may still be changed is shown as given."""
    if offer.changeable_until is None or offer.answer is None:
        return offer.status
    return _BY_ANSWER[kind][offer.answer]

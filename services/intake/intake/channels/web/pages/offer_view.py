"""What providers say they have solved or promise, as the applicant reads it on the page of the appeal."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from intake.register.codes import OfferKind, OfferStatus
from intake.register.schemas import Tracked
from intake.register.schemas.offers import CommitmentOut, ProposalOut
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.web.i18n import N_

ANSWER_CALLS: Final[Mapping[OfferKind, str]] = {OfferKind.PROPOSAL: "proposal-answers", OfferKind.COMMITMENT: "commitment-answers"}
ASKED: Final = frozenset({OfferStatus.PROPOSED, OfferStatus.DUE, OfferStatus.NO_ANSWER})
_SOLVED: Final = N_("You answered: the problem is solved.")
_UNSOLVED: Final = N_("You answered: the problem is not solved. A specialist of the Fund goes on with your appeal.")
_REFUTED: Final = N_("You told the Fund by phone that the problem is not solved. A specialist goes on with your appeal.")
_FULFILLED: Final = N_("You answered: the promise was kept.")
_BROKEN: Final = N_("You answered: the promise was not kept. The Fund takes your case up again; you need not appeal anew.")
_LATER: Final = N_("On the day of the promise we will ask you whether it was kept.")
_EXCUSED: Final = N_("The Fund has released the organisation from this promise.")
_UNANSWERED: Final = N_("You have not answered yet. You may still do so.")
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
}


class ShownOffer(NamedTuple):
    """A proposal or a commitment of a provider. `state`: what has become of it; None: it waits for the applicant."""

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
    def is_proposal(self) -> bool:
        return self.kind is OfferKind.PROPOSAL


def shown_offers(case: Tracked, language: Language, now: datetime) -> list[ShownOffer]:
    """Return what providers say they have solved or promise: what waits for the applicant first, then the latest first."""
    provider, zone = case.provider, regions()[case.region].timezone
    rows: list[tuple[OfferKind, UUID, date | None, ProposalOut | CommitmentOut]] = []
    rows += [(OfferKind.PROPOSAL, each.proposal_id, None, each) for each in case.proposals]
    rows += [(OfferKind.COMMITMENT, each.commitment_id, each.due_on, each) for each in case.commitments]
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
                text=offer.text,
                language=offer.language,
                due_on=promised_by,
                answer=offer.answer,
                state=OFFER_STATES.get((kind, _status_of(kind, offer))),
                may_answer=may_answer,
                changeable_until=f"{offer.changeable_until.astimezone(zone):%H:%M:%S}" if offer.changeable_until else None,
            )
        )
    return sorted(shown, key=lambda offer: (not (offer.may_answer and offer.answer is None), -offer.at.timestamp()))


def _status_of(kind: OfferKind, offer: ProposalOut | CommitmentOut) -> str:
    """Return the status that the answer leads to: one that may still be changed is shown as given."""
    if offer.changeable_until is None or offer.answer is None:
        return offer.status
    by_answer = {OfferKind.PROPOSAL: ("DENIED", "CONFIRMED"), OfferKind.COMMITMENT: ("BROKEN", "KEPT")}
    return by_answer[kind][offer.answer]

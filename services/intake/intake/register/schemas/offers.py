"""Requests and responses about what a provider says it has solved or promises."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from intake.register.codes import AnswerMethod, OfferKind
from shared.http import StrictModel, Text

OfferComment = Annotated[str, Text(2000)]


class OfferAnswer(StrictModel):
    """The applicant's answer to an offer of a provider, from any channel."""

    kind: OfferKind
    offer_id: UUID
    answer: bool
    method: AnswerMethod
    comment: str | None = None


class ProposalAnswerIn(StrictModel):
    proposal_id: UUID = Field(strict=False)
    confirmed: bool = Field(description="the subject of the appeal is solved")
    comment: OfferComment | None = None

    def by(self, method: AnswerMethod) -> OfferAnswer:
        """Return the answer as given by a method."""
        return OfferAnswer(kind=OfferKind.PROPOSAL, offer_id=self.proposal_id, answer=self.confirmed, method=method, comment=self.comment)


class CommitmentAnswerIn(StrictModel):
    commitment_id: UUID = Field(strict=False)
    fulfilled: bool = Field(alias="kept", description="the promise was fulfilled")
    comment: OfferComment | None = None

    def by(self, method: AnswerMethod) -> OfferAnswer:
        """Return the answer as given by a method."""
        return OfferAnswer(
            kind=OfferKind.COMMITMENT, offer_id=self.commitment_id, answer=self.fulfilled, method=method, comment=self.comment
        )


class ProposalOut(BaseModel):
    """A provider's statement that the subject is solved here and now. It counts only when the applicant confirms it."""

    proposal_id: UUID
    status: str = Field(description="PROPOSED, CONFIRMED, DENIED, NO_ANSWER; after a call of the Fund VERIFIED or REFUTED")
    at: datetime
    text: str | None = Field(description="in the provider's own words; null while their owner does not reply")
    language: str
    provider_id: UUID
    answer_until: datetime | None = Field(description="a later answer still counts")
    answer: bool | None
    changeable_until: datetime | None = Field(description="until then the answer may be changed and does not count yet")


class CommitmentOut(BaseModel):
    """A provider's promise by a day."""

    commitment_id: UUID
    status: str = Field(description="OPEN, DUE, KEPT, BROKEN, EXCUSED or NO_ANSWER")
    at: datetime
    due_on: date
    text: str | None = Field(description="as in a proposal, and so are the next ones")
    language: str
    provider_id: UUID
    answer_until: datetime | None
    answer: bool | None
    changeable_until: datetime | None


class ConsentAnswerIn(StrictModel):
    request_id: UUID = Field(strict=False)
    given: bool = Field(description="the medical organisation may know who you are and read the appeal")
    comment: OfferComment | None = None

    def by(self, method: AnswerMethod) -> OfferAnswer:
        """Return the answer as given by a method."""
        return OfferAnswer(kind=OfferKind.CONSENT, offer_id=self.request_id, answer=self.given, method=method, comment=self.comment)


class ConsentRequestOut(BaseModel):
    """A provider's request to be told who the applicant is. Only a yes opens the name and the text to it; silence never does."""

    request_id: UUID
    status: str = Field(description="REQUESTED, GIVEN, REFUSED, WITHDRAWN, or EXCUSED if the question has lapsed")
    at: datetime
    provider_id: UUID
    answer_until: datetime | None = Field(description="a later answer still counts")
    answer: bool | None
    changeable_until: datetime | None = Field(description="until then the answer may be changed and does not count yet")


class ConsentWithdrawalIn(StrictModel):
    """The applicant no longer agrees to be named to a medical organisation."""


class ConsentWithdrawalResult(BaseModel):
    """Number and status of the appeal, which goes on without the consent."""

    number: str
    status: str


class OfferAnswered(BaseModel):
    """The answer as it is stored; number and status of the appeal after it."""

    number: str
    status: str
    answer: bool
    answered_at: datetime
    changeable_until: datetime | None

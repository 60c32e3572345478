"""Requests and responses of checks."""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from provider_contact.checks.codes import CheckResult, CheckStatus, CheckSubject
from provider_contact.inquiries.schemas import AppealStatement
from shared.http import StrictModel, Text


class CheckItem(BaseModel):
    """A confirmation or a withdrawal with its check, as it is listed."""

    check_id: UUID
    about: CheckSubject
    proposal_id: UUID | None
    appeal_id: UUID
    number: str
    region: str
    category: str | None
    provider_id: UUID | None
    reason: str | None
    """Of a withdrawal: a code of intake."""
    stated_at: datetime
    status: CheckStatus
    attempts: int
    call_from: datetime
    """The earliest time of the next call."""
    checked_at: datetime | None


class VerifyRequest(StrictModel):
    """The result of one call, and what the applicant said."""

    result: CheckResult
    text: Annotated[str, Text(4_000)]


class Statement(NamedTuple):
    """What an applicant said: a confirmation of a proposal or of an answer, or a withdrawal for `reason`.

    `begun_at`: when it could first be said; None: speed says nothing of it. `kind`: of the appeal, for an answer. `appeal`: the
    event that has the codes of an appeal that this service does not know.
    """

    check_id: UUID
    about: CheckSubject
    proposal_id: UUID | None
    appeal_id: UUID
    provider_id: UUID | None
    reason: str | None
    begun_at: datetime | None
    stated_at: datetime
    answer_id: UUID | None = None
    kind: str | None = None
    appeal: AppealStatement | None = None

    @property
    def is_stored_undrawn(self) -> bool:
        """Return whether a row counts the statement among those of its provider, also if it is not drawn."""
        return self.provider_id is not None and self.about is not CheckSubject.ANSWER

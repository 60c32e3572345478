"""Requests and responses of checks."""

from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from provider_contact.checks.codes import CheckResult, CheckStatus, CheckSubject
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
    """What an applicant said of a solution: a confirmation of a proposal, or a withdrawal for `reason`.

    `begun_at`: when it could first be said.
    """

    check_id: UUID
    about: CheckSubject
    proposal_id: UUID | None
    appeal_id: UUID
    provider_id: UUID | None
    reason: str | None
    begun_at: datetime
    stated_at: datetime

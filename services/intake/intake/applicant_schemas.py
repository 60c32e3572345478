"""What applicants tell after filing, and what they are answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from intake.schemas import Code, Registered
from shared.http import StrictModel, Text, Text20k, code_text

CodeText = Annotated[str, BeforeValidator(code_text), StringConstraints(pattern=r"^[0-9]{4,10}$")]
ContactKind = Literal["phone", "email"]
CodePurpose = Literal["contact-confirmation", "withdrawal"]
"""The call that the code goes with; for any other it is wrong."""
Verdict = Literal["RESOLVED", "NOT_RESOLVED"]


class UploadIn(StrictModel):
    """A finished upload, with its secret."""

    upload_id: UUID = Field(strict=False)
    token: Annotated[str, Text(200)]


class MessageIn(StrictModel):
    text: Text20k
    attachments: list[UploadIn] = Field(default=[], max_length=10)


class VerificationIn(StrictModel):
    contact: ContactKind | None = Field(None, description="where to; without it to the telephone, else by e-mail")
    purpose: CodePurpose = Field("contact-confirmation", description="the call that the code goes with; for any other it is wrong")


class ContactIn(StrictModel):
    code: CodeText


class WithdrawalIn(StrictModel):
    statement: Text20k
    reason: Code
    code: CodeText = Field(description="as `verification` with the purpose `withdrawal` sent it")


class ConfirmationIn(StrictModel):
    outcome: Verdict
    reason: Text20k | None = None


class FeedbackIn(StrictModel):
    score: int = Field(ge=1, le=5)
    comment: Annotated[str, Text(2000)] | None = None


class ReopeningIn(StrictModel):
    reason: Text20k


class CallBackIn(StrictModel):
    confirmed: bool = Field(description="the applicant says in the call that the withdrawal is their own free wish")
    note: Annotated[str, Text(2000)] | None = None


class Added(BaseModel):
    """`number` and `status` stand in each of these: of the appeal after what was done."""

    number: str
    status: str


class MessageAddedOut(Added):
    message_id: UUID
    at: datetime


class CodeSent(Added):
    contact: ContactKind
    expires_at: datetime


class ContactConfirmed(Added):
    contact: ContactKind
    confirmed_at: datetime


class WithdrawalTold(Added):
    """PENDING: the Fund calls back first."""

    withdrawal: Literal["PENDING", "DONE", "REFUSED"]


class OutcomeTold(Added):
    """`followed_by`: the talon of the new appeal in which the matter goes on."""

    outcome: Verdict
    followed_by: Registered | None = None


class Reopened(Added):
    """Without `followed_by` a consultation goes on in the same case."""

    followed_by: Registered | None = None


class Rated(Added):
    score: int


class WithdrawalItem(BaseModel):
    """A withdrawal that waits for the Fund's call; its words are read at the desk."""

    appeal_id: UUID
    number: str
    region: str
    kind: str | None
    status: str
    reason: str
    asked_at: datetime

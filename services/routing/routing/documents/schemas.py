"""Letters as the service stores and prints them, and what a check of one answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from routing.documents.codes import Comparison, LetterState
from shared.http import StrictModel, code_text

CODE_DIGITS = 20  # 66 bits. Digits, because they read the same in every script and can be dictated


@dataclass(frozen=True, slots=True)
class IssuedLetter:
    """A letter as it is stored."""

    answer_id: UUID
    code: str
    issued_at: datetime
    sha256: Sequence[str]


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a letter is addressed to, printed in the letter and stored nowhere. None: not known."""

    name: str | None
    address: str | None


class LetterCheckIn(StrictModel):
    """A verification code as printed, and the SHA-256 of a document to compare, in hexadecimal digits."""

    code: Annotated[
        str,
        BeforeValidator(code_text),
        Field(min_length=CODE_DIGITS, max_length=CODE_DIGITS, pattern=r"^[0-9]+$", description="20 digits; spaces and hyphens are ignored"),
    ]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class LetterCheckOut(BaseModel):
    """What anybody may know of a letter. `document` is None unless a document was compared."""

    number_tail: str
    answered_on: date
    language: str
    state: Annotated[LetterState, WithJsonSchema({"type": "string"})]
    document: Annotated[Comparison, WithJsonSchema({"type": "string"})] | None

"""The table of letters. It holds codes, ids and hashes; the text of a letter is the sealed answer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field

from routing.base import RoutingModel


class AnswerLetter(RoutingModel, table=True):
    """The verification code of an answer that was issued as a letter, and the SHA-256 of the files that were issued under it.

    The files of one answer differ only after a change of the addressee, of the pages' address or of the typesetting; the hashes of the
    newest twenty are kept.
    """

    __tablename__ = "answer_letter"

    answer_id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, index=True)
    issued_at: datetime
    sha256: list[str] = Field(sa_column=Column(JSON, nullable=False))

"""The queries of the letters."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.documents.models import AnswerLetter
from routing.documents.schemas import IssuedLetter
from shared.rows import columns_of, upsert


async def letter_of(session: AsyncSession, answer_id: UUID) -> IssuedLetter | None:
    """Return the letter of an answer, None before its first issue."""
    query = select(*columns_of(AnswerLetter, IssuedLetter)).where(col(AnswerLetter.answer_id) == answer_id).with_for_update()
    row = (await session.execute(query)).one_or_none()
    return IssuedLetter(*row) if row is not None else None


async def letter_with_code(session: AsyncSession, code: str) -> IssuedLetter | None:
    """Return the letter with a verification code, None for an unknown code."""
    row = (await session.execute(select(*columns_of(AnswerLetter, IssuedLetter)).where(col(AnswerLetter.code) == code))).one_or_none()
    return IssuedLetter(*row) if row is not None else None


async def add_letter(session: AsyncSession, letter: IssuedLetter) -> None:
    """Insert a letter, unless the answer has one already."""
    await session.execute(upsert(session, AnswerLetter).values(**asdict(letter)).on_conflict_do_nothing(index_elements=["answer_id"]))


async def store_hashes(session: AsyncSession, letter: IssuedLetter) -> None:
    """Store the hashes of a letter's files."""
    await session.execute(update(AnswerLetter).where(col(AnswerLetter.answer_id) == letter.answer_id).values(sha256=list(letter.sha256)))

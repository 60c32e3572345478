"""The queries of files and shown documents."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.attachments.models import AnswerFile, ShownDocument
from provider_contact.inquiries.models import Inquiry
from shared.database import among
from shared.files.codes import AttachmentState
from shared.files.repository import FileTable

FILES: Final = FileTable(AnswerFile, "response_id")
_ORDER: Final = (col(AnswerFile.created_at), col(AnswerFile.id))


async def files_of_answers(session: AsyncSession, response_ids: Collection[UUID]) -> Sequence[AnswerFile]:
    """Return the files of answers, oldest first."""
    query = select(AnswerFile).where(among(session, AnswerFile.response_id, response_ids)).order_by(*_ORDER)
    return (await session.execute(query)).scalars().all()


async def waiting_files(session: AsyncSession, inquiry_id: UUID, owner: bytes) -> Sequence[AnswerFile]:
    """Return the accepted files that their sender has uploaded for an inquiry and not sent yet, oldest first."""
    own = (col(AnswerFile.owner) == owner, col(AnswerFile.inquiry_id) == inquiry_id, FILES.is_unclaimed)
    accepted = (col(AnswerFile.kind).is_not(None), col(AnswerFile.state) != AttachmentState.DROPPED)
    return (await session.execute(select(AnswerFile).where(*own, *accepted).order_by(*_ORDER))).scalars().all()


async def appeal_of(session: AsyncSession, inquiry_id: UUID) -> UUID | None:
    """Return the appeal of an inquiry; None if there is no such inquiry."""
    return (await session.execute(select(col(Inquiry.appeal_id)).where(col(Inquiry.inquiry_id) == inquiry_id))).scalar_one_or_none()


async def shown_documents(session: AsyncSession, inquiry_id: UUID) -> Sequence[ShownDocument]:
    """Return the documents that are shown with an inquiry, in the order of choice."""
    order = (col(ShownDocument.chosen_at), col(ShownDocument.attachment_id))
    return (
        (await session.execute(select(ShownDocument).where(col(ShownDocument.inquiry_id) == inquiry_id).order_by(*order))).scalars().all()
    )


async def hide_documents(session: AsyncSession, inquiry_id: UUID, attachment_ids: Collection[UUID]) -> None:
    """Show these documents no more."""
    hidden = (col(ShownDocument.inquiry_id) == inquiry_id, among(session, ShownDocument.attachment_id, attachment_ids))
    await session.execute(delete(ShownDocument).where(*hidden))

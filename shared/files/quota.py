"""Quotas of unclaimed files, of one sender and of all together, so that no stranger can fill the store."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.files.errors import UnclaimedTooMany, UploadsFull
from shared.files.policy import AttachmentLimits
from shared.files.repository import FileTable


async def check_owner(session: AsyncSession, table: FileTable[Any], limits: AttachmentLimits, owner: bytes, expected: int) -> None:
    """Check whether the owner may begin one more file of `expected` bytes, and lock the quota. Raises UnclaimedTooMany."""
    await table.lock_owner(session, owner)
    files, total = await table.unclaimed_of(session, owner, most=limits.file_bytes)
    if files >= limits.unclaimed_files or total + expected > limits.unclaimed_bytes:
        raise UnclaimedTooMany


async def check_all(session: AsyncSession, table: FileTable[Any], limits: AttachmentLimits) -> None:
    """Check the quota of all senders. Files that are being received may exceed it. Raises UploadsFull."""
    files, total = await table.unclaimed_totals(session)
    if files >= limits.all_unclaimed_files or total >= limits.all_unclaimed_bytes:
        raise UploadsFull

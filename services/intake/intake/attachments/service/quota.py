"""Quotas of unclaimed files, of one sender and of all together, so that no stranger can fill the store."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from intake.attachments import repository
from intake.attachments.errors import UnclaimedTooMany, UploadsFull
from intake.attachments.policy import AttachmentLimits
from shared.auth import Principal
from shared.budget import client_network
from shared.sealing import Pepper

FOR_MANY: Final = ("channel", "operator", "partner")
"""Roles that file for others: one of their tokens uploads the files of many people."""


def owner_of(pepper: Pepper, sender: Principal, address: str) -> bytes | None:
    """Return the key of the sender's quota, by the token's subject or else the network; None for a role that files for many people."""
    if sender.has(*FOR_MANY):
        return None
    who = client_network(address) if sender.is_anonymous else sender.identity
    return pepper.keyed_hmac("upload-owner", who.encode())


async def check_owner(session: AsyncSession, limits: AttachmentLimits, owner: bytes, expected: int) -> None:
    """Check whether the owner may begin one more file of `expected` bytes, and lock the quota. Raises UnclaimedTooMany."""
    await repository.lock_uploads_of(session, owner)
    files, total = await repository.unclaimed_of(session, owner, most=limits.file_bytes)
    if files >= limits.unclaimed_files or total + expected > limits.unclaimed_bytes:
        raise UnclaimedTooMany


async def check_all(session: AsyncSession, limits: AttachmentLimits) -> None:
    """Check the quota of all senders. Files that are being received may exceed it. Raises UploadsFull."""
    files, total = await repository.unclaimed_totals(session)
    if files >= limits.all_unclaimed_files or total >= limits.all_unclaimed_bytes:
        raise UploadsFull

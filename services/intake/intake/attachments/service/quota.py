"""How much may wait here for an appeal, of one sender and of all together, so that no stranger fills the store."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from intake.attachments import repository
from intake.attachments.service.policy import RECEIVING, Limits, UnclaimedTooMany, UploadsFull
from shared.auth import Principal
from shared.budget import client_network
from shared.sealing import Pepper

FOR_MANY: Final = ("channel", "operator", "partner")
"""Roles that file for others: what one of their tokens uploads is many people's."""


def owner_of(pepper: Pepper, sender: Principal, address: str) -> bytes | None:
    """Whose unclaimed files count together: a token's subject's, or a network's. None: no one person's."""
    if sender.has(*FOR_MANY):
        return None
    who = client_network(address) if sender.is_anonymous else f"{sender.issuer}\n{sender.subject}"
    return pepper.keyed_hmac("upload-owner", who.encode())


async def check_owner(session: AsyncSession, limits: Limits, owner: bytes, coming: int) -> None:
    """Whether one more file of `coming` bytes may be begun; the owner's others wait until the transaction ends. Raises UnclaimedTooMany."""
    await repository.lock_uploads_of(session, owner)
    files, total = await repository.unclaimed_of(session, owner, receiving=RECEIVING, most=limits.file_bytes)
    if files >= limits.unclaimed_files or total + coming > limits.unclaimed_bytes:
        raise UnclaimedTooMany


async def check_all(session: AsyncSession, limits: Limits) -> None:
    """Whether there is room at all; what is on its way at once may go beyond it by that much. Raises UploadsFull."""
    files, total = await repository.unclaimed_totals(session)
    if files >= limits.all_unclaimed_files or total >= limits.all_unclaimed_bytes:
        raise UploadsFull

"""Queries about open appeals that were imported from a former register."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.models import Appeal, ConfirmedContact
from shared.database import among
from shared.rows import insert_rows, update_rows


async def confirm_contacts(session: AsyncSession, contacts: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Insert contacts of new appeals as confirmed."""
    if contacts:
        rows = [{"appeal_id": appeal_id, "kind": kind, "at": now} for appeal_id, kind in contacts]
        await insert_rows(session, ConfirmedContact, rows, sliced=True)


async def set_pins(session: AsyncSession, pins: Mapping[UUID, bytes | None]) -> None:
    """Replace the keyed hashes of PINs; None: the appeal has no PIN."""
    await update_rows(session, Appeal, [{"id": appeal_id, "pin": pin} for appeal_id, pin in pins.items()], key=("id",))


async def numbers_of(session: AsyncSession, appeal_ids: Sequence[UUID]) -> list[str]:
    """Return registration numbers in their order."""
    query = select(col(Appeal.number)).where(among(session, Appeal.id, appeal_ids)).order_by(col(Appeal.number))
    return list((await session.execute(query)).scalars())


async def remove(session: AsyncSession, appeal_ids: Sequence[UUID]) -> None:
    """Delete appeals."""
    await session.execute(delete(Appeal).where(among(session, Appeal.id, appeal_ids)))

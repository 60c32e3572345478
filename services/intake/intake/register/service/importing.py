"""Storing appeals of a former register, and removing those whose import was undone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.repository import imported
from intake.register.schemas.rows import NewAppealRow, NewTrackingRow, TimelineRow
from intake.register.service.registration import PIN_DIGITS, hashed_pin
from shared.ids import random_digits
from shared.sealing import Pepper


async def draw_sequences(session: AsyncSession, count: int) -> Sequence[int]:
    """Return unused sequence numbers of registration numbers. One that is not used is lost."""
    return await repository.next_sequences(session, count)


async def imported_before(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, tuple[bytes | None, str]]:
    """Return fingerprint and channel of the appeals that were imported before, by id."""
    return await repository.imported_appeals(session, ids)


async def store_imported(
    session: AsyncSession, appeals: Sequence[NewAppealRow], trackings: Sequence[NewTrackingRow], timeline: Sequence[TimelineRow]
) -> None:
    """Store closed appeals with their tracking rows and timelines. Raises IntegrityError if another import stored one of them first."""
    await repository.add_imported(session, appeals, trackings, timeline)


async def confirm_contacts(session: AsyncSession, contacts: Sequence[tuple[UUID, str]], now: datetime) -> None:
    """Store contacts of new appeals as confirmed, each an appeal and its kind (phone, email): the former register has confirmed them."""
    await imported.confirm_contacts(session, contacts, now)


async def close_to_applicants(session: AsyncSession, appeal_ids: Sequence[UUID]) -> None:
    """Take the PINs of these appeals away: while they are being removed, nobody opens them by one."""
    await imported.set_pins(session, dict.fromkeys(appeal_ids))


async def open_to_applicants(session: AsyncSession, pepper: Pepper, appeal_ids: Sequence[UUID]) -> None:
    """Give these appeals PINs that nobody knows; the applicant may have one replaced."""
    pins = {appeal_id: hashed_pin(pepper, appeal_id, random_digits(PIN_DIGITS)) for appeal_id in appeal_ids}
    await imported.set_pins(session, pins)


async def numbers_of(session: AsyncSession, appeal_ids: Sequence[UUID]) -> list[str]:
    """Return the registration numbers of these appeals in their order."""
    return await imported.numbers_of(session, appeal_ids)


async def remove_imported(session: AsyncSession, appeal_ids: Sequence[UUID]) -> None:
    """Delete these appeals themselves; what belongs to them is deleted already."""
    await imported.remove(session, appeal_ids)

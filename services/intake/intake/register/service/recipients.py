"""Limits on what one recipient is sent in a day, whoever asks for it: a telephone that strangers name must not be flooded."""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.repository import recipients as repository
from shared.budget import client_network
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import TooMany
from shared.sealing import Pepper
from shared.service import Parts

NOTICES: Final = "notice"
CODES: Final = "code"


def recipient_key(pepper: Pepper, what: str, channel: str, address: str) -> bytes:
    """Return the key of a recipient's counter: a keyed hash. `what`: NOTICES or CODES."""
    return pepper.keyed_hmac("recipient", f"{what}/{channel}/{address}".encode())


def day_of(now: datetime) -> date:
    return now.astimezone(regions()[CENTRAL_OFFICE].timezone).date()


def next_day(now: datetime) -> datetime:
    """When the counters start anew."""
    zone = regions()[CENTRAL_OFFICE].timezone
    return datetime.combine(day_of(now) + timedelta(days=1), datetime.min.time(), zone)


async def spend(session: AsyncSession, parts: Parts, key: bytes, limit: int) -> None:
    """Count one more under a key today. Raises TooMany until the next day when `limit` is reached."""
    now = parts.clock.now()
    if not await repository.count_one(session, key, day_of(now), limit):
        raise TooMany(int((next_day(now) - now).total_seconds()) + 1)


def asker_key(pepper: Pepper, asker: str) -> bytes:
    """Return the key of whoever asks for codes: an address, or a token's subject."""
    return pepper.keyed_hmac("code-asker", client_network(asker).encode("utf-8", "replace"))


async def count_today(session: AsyncSession, key: bytes, day: date, limit: int) -> bool:
    """Count one more under a key on a day, atomically; False, and nothing counted, if the limit is reached."""
    return await repository.count_one(session, key, day, limit)


async def uncount(session: AsyncSession, key: bytes, day: date) -> None:
    """Take back what `count_today` counted: nothing was sent."""
    await repository.uncount_one(session, key, day)


async def purge_counts(session: AsyncSession, before: date) -> None:
    await repository.forget_counts(session, before)

"""Daily limits on what one recipient is sent, so that strangers cannot flood a phone number that they name."""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.repository import recipients as repository
from shared.budget import client_network
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import TooMany
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork

NOTICES: Final = "notice"
CODES: Final = "code"
RECOVERY_CODES: Final = "pin-code"
"""Counted apart: a stranger may ask for codes for a new PIN, and must neither use up nor learn from the counts of other codes."""

RATING_CODES: Final = "rating-code"
RATINGS: Final = "rating"
"""Ratings of one person in a day."""


def recipient_key(pepper: Pepper, what: str, channel: str, address: str) -> bytes:
    """Return the key of a recipient's counter: a keyed hash. `what`: NOTICES, CODES, RECOVERY_CODES or RATING_CODES."""
    return pepper.keyed_hmac("recipient", f"{what}/{channel}/{address}".encode())


def day_of(now: datetime) -> date:
    return now.astimezone(regions()[CENTRAL_OFFICE].timezone).date()


def next_day(now: datetime) -> datetime:
    """Return when the counters are reset."""
    zone = regions()[CENTRAL_OFFICE].timezone
    return datetime.combine(day_of(now) + timedelta(days=1), datetime.min.time(), zone)


async def spend(work: UnitOfWork, key: bytes, limit: int) -> None:
    """Add one to the count of a key today. Raises TooMany until the next day when `limit` is reached."""
    now = work.clock.now()
    if not await repository.count_one(work.session, key, day_of(now), limit):
        raise TooMany(int((next_day(now) - now).total_seconds()) + 1)


def asker_key(pepper: Pepper, what: str, asker: str) -> bytes:
    """Return the counter key of an address or a token's subject that asks for codes. `what`: a kind of codes, or RATINGS."""
    return pepper.keyed_hmac("code-asker", f"{what}/{client_network(asker)}".encode("utf-8", "replace"))


async def count_today(session: AsyncSession, key: bytes, day: date, limit: int) -> bool:
    """Add one to the count of a key on a day, atomically. Return False and count nothing if the limit is reached."""
    return await repository.count_one(session, key, day, limit)


async def uncount(session: AsyncSession, key: bytes, day: date) -> None:
    """Subtract what `count_today` added: nothing was sent."""
    await repository.uncount_one(session, key, day)


async def purge_counts(session: AsyncSession, before: date) -> None:
    """Delete the counts of days before a date."""
    await repository.purge_counts(session, before)

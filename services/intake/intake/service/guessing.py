"""Numbers can be guessed, so wrong PINs cost time: a growing delay per number and address, and a budget per address.

Numbers that do not exist count alike. A right PIN costs nothing, and is never kept waiting by what others try from other addresses.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from intake import repository
from intake.models import WrongAttempt
from intake.service.budget import place
from intake.settings import Settings
from shared.clock import Clock
from shared.database import Database
from shared.errors import TooMany
from shared.sealing import Pepper

FORGOTTEN_AFTER: Final = timedelta(days=1)  # longer than the longest delay, so that waiting it out does not start the count anew


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt to open a case, under keyed hashes: the number at an address, and the address."""

    pair: bytes
    address: bytes

    @property
    def keys(self) -> tuple[bytes, bytes]:
        return self.pair, self.address


class Guesses:
    def __init__(self, database: Database, pepper: Pepper, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._pepper = pepper
        self._settings = settings
        self._clock = clock
        self._locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    def attempt(self, number: str, address: str) -> Try:
        origin = place(address)
        pair = self._pepper.keyed_hmac("attempt", f"{origin}\n{number}".encode("utf-8", "replace"))
        return Try(pair, self._pepper.keyed_hmac("attempt", origin.encode("utf-8", "replace")))

    def one_at_a_time(self, attempt: Try) -> asyncio.Lock:
        """Held round look and verdict: parallel guesses from one address would otherwise all pass before the first is counted."""
        return self._locks.setdefault(attempt.address, asyncio.Lock())

    def check(self, attempt: Try, known: Mapping[bytes, WrongAttempt]) -> None:
        """Raises TooMany while the number at this address, or the address, has to wait."""
        now = self._clock.now()
        pair, address = known.get(attempt.pair), known.get(attempt.address)
        until = max(pair.last_at + self._delay(pair.count) if pair else now, self._rested(address) if address else now)
        if until > now:
            raise TooMany(math.ceil((until - now).total_seconds()))

    async def note(self, attempt: Try) -> None:
        """Count a wrong attempt."""
        now = self._clock.now()
        silence = {attempt.pair: FORGOTTEN_AFTER, attempt.address: timedelta(seconds=self._settings.wrong_pins_rest)}
        async with self._database.write() as session:
            known = await repository.wrong_attempts(session, attempt.keys, lock=True)
            over = [key for key in attempt.keys if key in known and now >= known[key].last_at + silence[key]]
            await repository.drop_wrong_attempts(session, over)
            await repository.count_wrong_attempts(session, attempt.keys, now)

    def _delay(self, count: int) -> timedelta:
        over = count - self._settings.wrong_pins_free
        return timedelta(seconds=min(2 ** min(over, 30), self._settings.wrong_pins_longest_delay) if over >= 0 else 0)

    def _rested(self, row: WrongAttempt) -> datetime:
        return row.last_at + timedelta(seconds=self._settings.wrong_pins_rest if row.count >= self._settings.wrong_pins_per_address else 0)


async def forget(database: Database, clock: Clock) -> None:
    """Drop attempts that no longer count."""
    async with database.write() as session:
        await repository.forget_wrong_attempts(session, clock.now() - FORGOTTEN_AFTER)

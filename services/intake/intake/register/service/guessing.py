"""Limits on guessing PINs.

A guess by a stranger, an address that never opened the case, passes three limits: a delay per number and address that doubles, a
budget per address that refills evenly, and a ceiling per number over all strangers together. A guess keyed in on a telephone passes
a fourth, the budget of its exchange. An address that opened the case before has a budget of its own, so that no stranger locks it out; the
applicant's own token passes no limit, as it is no guess. Numbers that do not exist count alike.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.models import WrongAttempt
from intake.register.repository import guesses as repository
from intake.settings import Settings
from shared.budget import client_network
from shared.clock import Clock
from shared.database import Database
from shared.errors import TooMany
from shared.sealing import Pepper
from shared.telemetry import Metrics

FORGOTTEN_AFTER: Final = timedelta(days=1)  # longer than the longest delay, so that waiting it out does not start the count anew
HOUR: Final = timedelta(hours=1)
OPENED_FOR: Final = timedelta(days=180)  # an appeal with its complaint and a reopening is over in that time
RENEWED_AFTER: Final = timedelta(days=1)  # the memory is written once a day at most

log = structlog.get_logger()


class TooManyGuesses(TooMany):
    title = "Too many wrong attempts. Try again later."

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            retry_after,
            "Sign in with the token that filed the appeal, use the device that opened it before, or wait for as long as Retry-After says.",
        )


class Limit(Protocol):
    """How many wrong attempts one row allows."""

    @property
    def name(self) -> str: ...

    def free_at(self, row: WrongAttempt, now: datetime) -> datetime:
        """When the next attempt is allowed; not after `now`: at once."""
        ...

    def counted(self, row: WrongAttempt, now: datetime) -> dict[str, Any]:
        """The row's values after one more wrong attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Delay:
    """After `free` wrong attempts each doubles the wait, up to `longest`; a day of silence starts anew."""

    name: str
    free: int
    longest: timedelta

    def free_at(self, row: WrongAttempt, now: datetime) -> datetime:  # noqa: ARG002 - the protocol's
        over = row.count - self.free
        return row.last_at + min(timedelta(seconds=2 ** min(over, 30)), self.longest) if over >= 0 else row.last_at

    def counted(self, row: WrongAttempt, now: datetime) -> dict[str, Any]:
        return {"count": 1 if now >= row.last_at + FORGOTTEN_AFTER else row.count + 1, "last_at": now}


@dataclass(frozen=True, slots=True)
class Refill:
    """A bucket of `size` attempts that refills by one every `interval`: whoever shares it with a guesser waits one interval, not all."""

    name: str
    size: int
    interval: timedelta

    def free_at(self, row: WrongAttempt, now: datetime) -> datetime:
        spent, since = self._now(row, now)
        return since + self.interval if spent >= self.size else now

    def counted(self, row: WrongAttempt, now: datetime) -> dict[str, Any]:
        spent, since = self._now(row, now)
        return {"count": spent + 1, "last_at": since}

    def _now(self, row: WrongAttempt, now: datetime) -> tuple[int, datetime]:
        """How much is spent now, and when the last whole interval ended."""
        refilled = max(0, (now - row.last_at) // self.interval)
        if refilled >= row.count:
            return 0, now
        return row.count - refilled, row.last_at + refilled * self.interval


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` attempts in any `span`, exactly."""

    name: str
    most: int
    span: timedelta

    def free_at(self, row: WrongAttempt, now: datetime) -> datetime:
        recent = self._recent(row, now)
        return datetime.fromtimestamp(recent[-self.most], now.tzinfo) + self.span if len(recent) >= self.most else now

    def counted(self, row: WrongAttempt, now: datetime) -> dict[str, Any]:
        return {"count": row.count + 1, "last_at": now, "recent": [*self._recent(row, now), now.timestamp()]}

    def _recent(self, row: WrongAttempt, now: datetime) -> list[float]:
        oldest = (now - self.span).timestamp()
        return [at for at in row.recent if at > oldest]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A PIN given for a number, under keyed hashes: of both with the origin, and of each limit that a stranger passes."""

    pair: bytes
    known: bytes
    strangers: Mapping[bytes, Limit]


class Guesses:
    """Evaluates PINs within the limits, of all processes together."""

    def __init__(self, database: Database, pepper: Pepper, settings: Settings, clock: Clock, metrics: Metrics) -> None:
        self._database = database
        self._pepper = pepper
        self._clock = clock
        self._metrics = metrics
        longest, rest = timedelta(seconds=settings.wrong_pins_longest_delay), timedelta(seconds=settings.wrong_pins_rest)
        self._pair = Delay("address-and-number", settings.wrong_pins_free, longest)
        self._address = Refill("address", settings.wrong_pins_per_address, rest / settings.wrong_pins_per_address)
        self._number = Window("number", settings.wrong_pins_per_number, HOUR)
        self._exchange = Refill("exchange", settings.wrong_pins_per_exchange, HOUR / settings.wrong_pins_per_exchange)
        self._locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    def attempt(self, number: str, origin: str, exchange: str | None = None) -> Attempt:
        """`origin`: the address, the token or the caller that guesses; `exchange`: the subject of the telephone exchange's token."""
        origin = client_network(origin)
        pair = self._key("attempt", f"{origin}\n{number}")
        strangers: dict[bytes, Limit] = {
            pair: self._pair,
            self._key("attempt", origin): self._address,
            self._key("attempt-number", number): self._number,
        }
        if exchange is not None:
            strangers[self._key("attempt-exchange", exchange)] = self._exchange
        return Attempt(pair, self._key("attempt-known", f"{origin}\n{number}"), strangers)

    def one_at_a_time(self, attempt: Attempt) -> asyncio.Lock:
        """Held while a PIN is evaluated: else parallel guesses from a known address would all pass before the first is counted.

        As many locks exist as requests are inside.
        """
        return self._locks.setdefault(attempt.pair, asyncio.Lock())

    async def evaluate(self, attempt: Attempt, *, is_right: bool) -> bool:
        """Give `is_right` away and count it if it is wrong, or raise TooManyGuesses and give nothing away.

        The caller has computed `is_right` already, with the same work for every number, so that the time says nothing.
        """
        now = self._clock.now()
        async with self.one_at_a_time(attempt):
            async with self._database.read() as session:
                until = await repository.was_opened(session, attempt.known, now)
                limits: Mapping[bytes, Limit] = attempt.strangers if until is None else {attempt.known: self._pair}
                self._check(limits, await repository.wrong_attempts(session, limits.keys()), now)
            if is_right and until is not None and until - OPENED_FOR > now - RENEWED_AFTER:
                return True
            reached = await self._count(attempt, limits, now, is_right=is_right)
        for name in reached:
            self._metrics.guess_limit_reached(name)
            log.warning("guesses have reached a limit", limit=name)  # no number, no address: neither is anybody's business here
        return is_right

    async def _count(self, attempt: Attempt, limits: Mapping[bytes, Limit], now: datetime, *, is_right: bool) -> Sequence[str]:
        """Check again with the rows locked, then count, or remember the address. Returns the limits that this attempt used up."""
        async with self._database.write() as session:
            rows = await repository.lock_wrong_attempts(session, limits.keys(), now)
            self._check(limits, rows, now)
            if is_right:
                await repository.remember_opened(session, attempt.known, now + OPENED_FOR)
                await repository.drop_uncounted(session, limits.keys())
                return []
            return await self._add(session, limits, rows, now)

    async def _add(
        self, session: AsyncSession, limits: Mapping[bytes, Limit], rows: Mapping[bytes, WrongAttempt], now: datetime
    ) -> Sequence[str]:
        counted = {key: {"recent": rows[key].recent} | limit.counted(rows[key], now) for key, limit in limits.items()}
        await repository.put_wrong_attempts(session, [{"key": key, **values} for key, values in sorted(counted.items())])
        return [
            limit.name
            for key, limit in limits.items()
            if not isinstance(limit, Delay) and limit.free_at(WrongAttempt(key=key, **counted[key]), now) > now
        ]

    def _check(self, limits: Mapping[bytes, Limit], rows: Mapping[bytes, WrongAttempt], now: datetime) -> None:
        waits = [(limit.free_at(rows[key], now), limit.name) for key, limit in limits.items() if key in rows]
        until, name = max(waits, default=(now, ""))
        if until > now:
            self._metrics.guess_refused(name)
            raise TooManyGuesses(math.ceil((until - now).total_seconds()))

    def _key(self, purpose: str, text: str) -> bytes:
        return self._pepper.keyed_hmac(purpose, text.encode("utf-8", "replace"))


async def forget(database: Database, clock: Clock) -> None:
    """Delete attempts that no longer count, and addresses that did not come back."""
    async with database.write() as session:
        now = clock.now()
        await repository.forget_attempts(session, now - FORGOTTEN_AFTER, now)

"""Limits on guessing PINs.

A guess from an unknown address (one that never opened the appeal) passes three limits: a doubling delay per number and address, a budget
per address that refills evenly, and a ceiling per number over all unknown addresses. A guess from a telephone keypad passes a fourth limit,
the budget of its exchange. An address that opened the appeal before has its own budget, so that no stranger can lock it out. The
applicant's own token is no guess and passes no limit. Numbers that do not exist are counted in the same way.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from weakref import WeakValueDictionary

import structlog

from intake.register.repository import guesses as repository
from intake.register.schemas.rows import WrongAttemptRecord, WrongAttemptRow
from intake.settings import Settings
from shared.budget import client_network
from shared.errors import TooMany
from shared.sealing import Pepper
from shared.telemetry import Metrics
from shared.unit_of_work import UnitOfWork

EXPIRES_AFTER: Final = timedelta(days=1)  # longer than the longest delay: waiting for its end does not reset the count
HOUR: Final = timedelta(hours=1)
OPENED_FOR: Final = timedelta(days=180)  # longer than an appeal with its complaint and a reopening lasts
RENEWED_AFTER: Final = timedelta(days=1)  # written once a day at most

log = structlog.get_logger()


class TooManyGuesses(TooMany):
    title = "Too many wrong attempts. Try again later."

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            retry_after,
            "Sign in with the token that filed the appeal, use the device that opened it before, or wait for as long as Retry-After says.",
        )


class Limit(Protocol):
    """The number of wrong attempts that one row allows."""

    @property
    def name(self) -> str: ...

    def free_at(self, row: WrongAttemptRecord, now: datetime) -> datetime:
        """Return when the next attempt is allowed; a time not after `now` means at once."""
        ...

    def counted(self, row: WrongAttemptRecord, now: datetime) -> WrongAttemptRow:
        """Return the row after one more wrong attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Delay:
    """After `free` wrong attempts each one doubles the delay, up to `longest`; a day without attempts resets the count."""

    name: str
    free: int
    longest: timedelta

    def free_at(self, row: WrongAttemptRecord, now: datetime) -> datetime:  # noqa: ARG002 - the protocol's
        over = row.count - self.free
        return row.last_at + min(timedelta(seconds=2 ** min(over, 30)), self.longest) if over >= 0 else row.last_at

    def counted(self, row: WrongAttemptRecord, now: datetime) -> WrongAttemptRow:
        count = 1 if now >= row.last_at + EXPIRES_AFTER else row.count + 1
        return {"key": row.key, "count": count, "last_at": now, "recent": row.recent}


@dataclass(frozen=True, slots=True)
class Refill:
    """A bucket of `size` attempts that refills by one every `interval`: those who share it with a guesser wait one interval."""

    name: str
    size: int
    interval: timedelta

    def free_at(self, row: WrongAttemptRecord, now: datetime) -> datetime:
        spent, since = self._current(row, now)
        return since + self.interval if spent >= self.size else now

    def counted(self, row: WrongAttemptRecord, now: datetime) -> WrongAttemptRow:
        spent, since = self._current(row, now)
        return {"key": row.key, "count": spent + 1, "last_at": since, "recent": row.recent}

    def _current(self, row: WrongAttemptRecord, now: datetime) -> tuple[int, datetime]:
        """Return how much is spent now, and when the last whole interval ended."""
        refilled = max(0, (now - row.last_at) // self.interval)
        if refilled >= row.count:
            return 0, now
        return row.count - refilled, row.last_at + refilled * self.interval


@dataclass(frozen=True, slots=True)
class Window:
    """At most `most` attempts in any period of length `span`."""

    name: str
    most: int
    span: timedelta

    def free_at(self, row: WrongAttemptRecord, now: datetime) -> datetime:
        recent = self._recent(row, now)
        return datetime.fromtimestamp(recent[-self.most], now.tzinfo) + self.span if len(recent) >= self.most else now

    def counted(self, row: WrongAttemptRecord, now: datetime) -> WrongAttemptRow:
        return {"key": row.key, "count": row.count + 1, "last_at": now, "recent": [*self._recent(row, now), now.timestamp()]}

    def _recent(self, row: WrongAttemptRecord, now: datetime) -> list[float]:
        oldest = (now - self.span).timestamp()
        return [at for at in row.recent if at > oldest]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A PIN given for a number. The keys are keyed hashes: of number and origin, and of each limit for unknown addresses."""

    pair: bytes
    known: bytes
    strangers: Mapping[bytes, Limit]


@dataclass(frozen=True, slots=True)
class AllowedAttempt:
    """An attempt that is within its limits, and the limits under which it is counted if it is wrong."""

    attempt: Attempt
    limits: Mapping[bytes, Limit]
    is_known_today: bool
    """The address opened the appeal within the last day: a right PIN is not recorded again."""


class Guesses:
    """The limits on guessing PINs, which all processes share."""

    def __init__(self, pepper: Pepper, settings: Settings, metrics: Metrics) -> None:
        self._pepper = pepper
        self._metrics = metrics
        longest, rest = timedelta(seconds=settings.wrong_pins_longest_delay), timedelta(seconds=settings.wrong_pins_rest)
        self._pair = Delay("address-and-number", settings.wrong_pins_free, longest)
        self._address = Refill("address", settings.wrong_pins_per_address, rest / settings.wrong_pins_per_address)
        self._number = Window("number", settings.wrong_pins_per_number, HOUR)
        self._exchange = Refill("exchange", settings.wrong_pins_per_exchange, HOUR / settings.wrong_pins_per_exchange)
        self._locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    def attempt(self, number: str, origin: str, exchange: str | None = None) -> Attempt:
        """Return the keys of an attempt.

        `origin`: the address, token or caller that guesses. `exchange`: the subject of the telephone exchange's token.
        """
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
        """Return the lock to hold while a PIN is evaluated: parallel guesses must not pass before the first is counted.

        A lock exists as long as a request uses it.
        """
        return self._locks.setdefault(attempt.pair, asyncio.Lock())

    async def check(self, work: UnitOfWork, attempt: Attempt) -> AllowedAttempt:
        """Return the limits that the attempt is within. Raises TooManyGuesses, before anything depends on the PIN.

        Hold `one_at_a_time` until the attempt is recorded.
        """
        now = work.clock.now()
        until = await repository.was_opened(work.session, attempt.known, now)
        limits: Mapping[bytes, Limit] = attempt.strangers if until is None else {attempt.known: self._pair}
        self._check(limits, await repository.wrong_attempts(work.session, limits.keys()), now)
        return AllowedAttempt(attempt, limits, is_known_today=until is not None and until - OPENED_FOR > now - RENEWED_AFTER)

    async def record(self, work: UnitOfWork, allowed: AllowedAttempt, *, is_right: bool) -> Sequence[str]:
        """Check again with the rows locked, then count a wrong attempt or store the address that opened the appeal.

        Return the names of the limits that are used up now. Raises TooManyGuesses.
        """
        now, limits = work.clock.now(), allowed.limits
        rows = await repository.lock_wrong_attempts(work.session, limits.keys(), now)
        self._check(limits, rows, now)
        if is_right:
            await repository.remember_opened(work.session, allowed.attempt.known, now + OPENED_FOR)
            await repository.delete_uncounted(work.session, limits.keys())
            return []
        return await self._add(work, limits, rows, now)

    def report(self, reached: Sequence[str]) -> None:
        """Count and log the limits that `record` returned, once they are stored."""
        for name in reached:
            self._metrics.guess_limit_reached(name)
            log.warning("guesses have reached a limit", limit=name)  # neither number nor address: both are personal data

    async def _add(
        self, work: UnitOfWork, limits: Mapping[bytes, Limit], rows: Mapping[bytes, WrongAttemptRecord], now: datetime
    ) -> Sequence[str]:
        counted = {key: limit.counted(rows[key], now) for key, limit in limits.items()}
        await repository.update_wrong_attempts(work.session, [row for _, row in sorted(counted.items())])
        return [
            limit.name
            for key, limit in limits.items()
            if not isinstance(limit, Delay) and limit.free_at(WrongAttemptRecord(**counted[key]), now) > now
        ]

    def _check(self, limits: Mapping[bytes, Limit], rows: Mapping[bytes, WrongAttemptRecord], now: datetime) -> None:
        waits = [(limit.free_at(rows[key], now), limit.name) for key, limit in limits.items() if key in rows]
        until, name = max(waits, default=(now, ""))
        if until > now:
            self._metrics.guess_refused(name)
            raise TooManyGuesses(math.ceil((until - now).total_seconds()))

    def _key(self, purpose: str, text: str) -> bytes:
        return self._pepper.keyed_hmac(purpose, text.encode("utf-8", "replace"))


async def purge_attempts(work: UnitOfWork) -> None:
    """Delete attempts that no longer count and addresses whose period is over."""
    now = work.clock.now()
    await repository.purge_attempts(work.session, now - EXPIRES_AFTER, now)

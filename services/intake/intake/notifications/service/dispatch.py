"""The worker's part: due notices leave, each on its way, none waiting for another's trouble.

A notice is taken in hand by putting off its due time; a worker that is lost lets it come back. So each goes out at least once, twice under
the same id when a worker was lost between sending and noting it.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Row

from intake.notifications import repository
from intake.notifications.models import CODES
from intake.notifications.service.composition import answer_of, written
from intake.notifications.service.contacts import TELEGRAM, contacts, has_unconfirmed, way
from intake.notifications.service.planning import ANY, Told, new_row
from intake.notifications.service.policy import Policy, Route, policy, routes
from intake.notifications.service.senders import Hung, Later, Message, NoReply, NotYet, Refused, Sender
from intake.notifications.service.texts import texts
from intake.register.service import recipients
from intake.register.service.recipients import NOTICES, day_of, next_day, recipient_key
from intake.register.service.registration import phone_key
from shared.contents import OwnerUnavailable
from shared.domain.regions import regions
from shared.errors import where
from shared.ids import derived
from shared.sealing import SealError
from shared.service import Parts

BATCH: Final = 50
AT_ONCE: Final = 4  # messages under way on one channel
HUNG_AT_MOST: Final = 3  # messages over which a server may fall silent, ten seconds each, before others are no longer tried with it
NEWS: Final = "news"
FORGET_AFTER: Final = timedelta(days=30)
COUNTED_FOR: Final = timedelta(days=2)

log = structlog.get_logger()


class Dispatcher:
    """Sends what is due through `senders`, the ways out by channel."""

    def __init__(self, parts: Parts, senders: Mapping[str, Sender], public_url: str, *, quiet_hours: bool = True) -> None:
        """`quiet_hours` False: notices leave at night too. Raises ReferenceDataError when a reviewed file of the notices is wrong."""
        texts()  # read and checked before anything is sent
        self._parts = parts
        self._senders = senders
        self._public_url = public_url
        self._quiet_hours = quiet_hours
        self._policy: Policy = policy()

    async def run_once(self) -> int:
        """One handful; returns how many were taken in hand."""
        now = self._parts.clock.now()
        async with self._parts.database.read() as session:
            if not await repository.is_any_due(session, now):
                return 0
        async with self._parts.database.write() as session:
            rows = await repository.claim(session, now, now + self._policy.lease, BATCH)
        hand = _Hand(now + self._policy.lease / 2)
        by_appeal = [list(group) for _, group in groupby(sorted(rows, key=attrgetter("appeal_id")), key=attrgetter("appeal_id"))]
        ends = await asyncio.gather(*(self._in_turn(group, hand) for group in by_appeal), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return len(rows)

    async def _in_turn(self, rows: list[Row[Any]], hand: "_Hand") -> None:
        for row in rows:
            await self._one(row, hand)

    async def _one(self, row: Row[Any], hand: "_Hand") -> None:
        try:
            known = contacts(self._parts.sealer, row)
        except SealError:
            await self._settle(row.id, {"state": "FAILED", "reason": "UNREADABLE"})
            return
        channel = row.channel if row.channel != ANY else way(row, known, self._usable, await self._tried(row))
        if channel is None or channel not in known or channel not in self._usable:
            lacking = "UNCONFIRMED" if has_unconfirmed(self._parts.sealer, row) else "NO_WAY"
            if channel is None:
                await self._settle(row.id, {"state": "FAILED", "reason": lacking})
            else:
                await self._give_up(row, channel, lacking, known)
            return
        route = routes().get((row.fact, row.recipient, channel))
        if route is None:  # the reviewed files have changed since it was planned
            await self._give_up(row, channel, "NO_WAY", known)
        elif channel in self._policy.by_hand:
            await self._settle(row.id, {"state": "BY_HAND", "channel": channel})
        elif not await self._put_off(row, route):
            await self._send_once(row, channel, route, known, hand)

    async def _tried(self, row: Row[Any]) -> set[str]:
        """On which channels this was told or failed before it was made one of several."""
        async with self._parts.database.read() as session:
            return await repository.tried_channels(session, row.event_id, row.recipient)

    @property
    def _usable(self) -> frozenset[str]:
        return self._policy.by_hand | self._senders.keys()

    async def _put_off(self, row: Row[Any], route: Route) -> bool:
        """Whether it has to wait: for the morning, or because its appeal was told enough in the last hour."""
        if route.urgent:
            return False
        now = self._parts.clock.now()
        opens = waking(now, regions()[row.region].timezone, self._policy) if self._quiet_hours else now
        if opens > now:
            await self._settle(row.id, {"due_at": opens, "attempts": row.attempts - 1})
            return True
        async with self._parts.database.read() as session:
            told = await repository.sent_since(session, row.appeal_id, now - self._policy.window)
        if len(told) < self._policy.limit:
            return False
        later = {"due_at": told[-self._policy.limit] + self._policy.window, "attempts": row.attempts - 1, "reason": "LIMIT"}
        async with self._parts.database.write() as session:
            if row.fact != NEWS:
                folded = await repository.waiting_news(session, row.appeal_id)
                later = later | {"fact": NEWS, "channel": ANY} if folded is None else {"state": "FOLDED", "reason": "LIMIT"}
            await repository.settle(session, row.id, later, among_states=("PLANNED",))
        return True

    async def _send_once(self, row: Row[Any], channel: str, route: Route, known: Mapping[str, str], hand: "_Hand") -> None:
        """Send it, unless its recipient was sent enough today, by whatever appeals: then it waits for the next day."""
        if row.fact in CODES:  # counted when they are asked for
            await self._send(row, channel, route, known, hand)
            return
        now = self._parts.clock.now()
        who = f"{row.owner.hex()}" if channel == TELEGRAM and row.owner is not None else known[channel]
        key, day = recipient_key(self._parts.pepper, NOTICES, channel, who), day_of(now)
        async with self._parts.database.write() as session:
            is_allowed = await recipients.count_today(session, key, day, self._policy.recipient_limit)
        if not is_allowed:
            await self._settle(row.id, {"due_at": next_day(now), "attempts": row.attempts - 1, "reason": "LIMIT"})
        elif not await self._send(row, channel, route, known, hand):
            async with self._parts.database.write() as session:
                await recipients.uncount(session, key, day)

    async def _send(self, row: Row[Any], channel: str, route: Route, known: Mapping[str, str], hand: "_Hand") -> bool:
        """Says whether it was sent; what else came of it is stored."""
        try:
            message = await self._message(row, channel, route, known[channel])
            async with hand.gate(channel):
                if self._parts.clock.now() >= hand.until:
                    return False  # it comes back when the lease ends; sent now, another worker could be sending it too
                reference = await self._handed_over(channel, message, hand)
        except SealError:
            await self._settle(row.id, {"state": "FAILED", "reason": "UNREADABLE"})
        except OwnerUnavailable:
            await self._again(row, channel, "ANSWER_AWAY", known)
        except Refused:
            await self._give_up(row, channel, "REFUSED", known)
        except Later:
            await self._again(row, channel, "NOT_NOW", known)
        except _HeldBack:
            await self._again(row, channel, "NO_REPLY", known, is_charged=False)
        except NoReply:
            await self._again(row, channel, "NO_REPLY", known)
        else:
            await self._settle(row.id, self._sent(row, channel, known[channel], reference))
            return True
        return False

    async def _message(self, row: Row[Any], channel: str, route: Route, address: str) -> Message:
        """Raises SealError, and OwnerUnavailable while it is worth waiting for the answer's words; after that it goes without them."""
        answer = None
        if route.with_answer and row.answer_by == channel:
            try:
                answer = await answer_of(self._parts.contents, row, reader="applicant")
            except OwnerUnavailable:
                if row.attempts <= len(self._policy.retries):
                    raise
        subject, text = written(self._parts.sealer, row, route, channel=channel, public_url=self._public_url, answer=answer)
        return Message(row.id, row.appeal_id, address, subject, text, self._parts.clock.now())

    async def _handed_over(self, channel: str, message: Message, hand: "_Hand") -> str | None:
        """Raises what a sender raises, and _HeldBack after a failure of the server: nobody of this handful waits for it again."""
        if channel in hand.down:
            raise _HeldBack
        try:
            return await self._senders[channel].send(message)
        except Hung:
            hand.hung[channel] += 1
            if hand.hung[channel] >= HUNG_AT_MOST:
                hand.down.add(channel)
            raise
        except (Refused, Later, NotYet):
            raise
        except NoReply:
            hand.down.add(channel)
            raise
        except Exception as error:  # noqa: BLE001 - whatever one message runs into, the others leave
            log.error("a notice cannot be sent", error=type(error).__name__, where=where(error))  # noqa: TRY400 - its text may hold an address
            raise Later from None

    def _sent(self, row: Row[Any], channel: str, address: str, reference: str | None) -> dict[str, Any]:
        return {
            "state": "SENT",
            "channel": channel,
            "reason": None,
            "sent_at": self._parts.clock.now(),
            "address": self._parts.sealer.seal("notice", row.id, "address", address.encode()),
            "phone_key": phone_key(self._parts.pepper, address) if channel == "SMS" else None,
            "provider_ref": reference,
            "secret": None,
        }

    async def _again(self, row: Row[Any], channel: str, reason: str, known: Mapping[str, str], *, is_charged: bool = True) -> None:
        """Plan the next attempt, with a backoff of the notice's own; after the last the next channel, where there is one.

        Where there is none it is tried until the policy's days are over. `is_charged` False: it was not tried, so that no attempt is used
        up and it comes before those that were.
        """
        now, retries = self._parts.clock.now(), self._policy.retries
        if row.fact in CODES and now >= row.planned_at + self._policy.code_life:
            await self._give_up(row, channel, reason, known)
            return
        is_over = is_charged and row.attempts > len(retries)
        if is_over and (row.fact in CODES or now >= row.planned_at + self._policy.longest or await self._has_other(row, channel, known)):
            await self._give_up(row, channel, reason, known)
            return
        wait = retries[min(row.attempts, len(retries)) - 1] if is_charged else retries[0]
        values = {"channel": channel, "reason": reason, "due_at": now + wait}
        await self._settle(row.id, values if is_charged else values | {"attempts": row.attempts - 1})

    async def _has_other(self, row: Row[Any], channel: str, known: Mapping[str, str]) -> bool:
        return way(row, known, self._usable, await self._tried(row) | {channel}) is not None

    async def _give_up(self, row: Row[Any], channel: str, reason: str, known: Mapping[str, str]) -> None:
        """Not on this channel: the next one that is known takes over."""
        await fall_back(self._parts, row, channel, reason, known, self._usable, among_states=("PLANNED",))

    async def _settle(self, notice_id: UUID, values: Mapping[str, Any]) -> None:
        async with self._parts.database.write() as session:
            await repository.settle(session, notice_id, values, among_states=("PLANNED",))

    async def forget(self) -> None:
        """Drop the marks of messages that will not come again."""
        async with self._parts.database.write() as session:
            await repository.forget_messages(session, self._parts.clock.now() - FORGET_AFTER)
            await recipients.purge_counts(session, day_of(self._parts.clock.now() - COUNTED_FOR))


class _HeldBack(Exception):
    """Not tried, because the server failed for another message just now."""


class _Hand:
    """What is shared by the notices of one handful: the channels that turned out to be down, and how many messages are under way."""

    def __init__(self, until: datetime) -> None:
        self.until = until  # a message that leaves later may not be noted before the lease ends
        self.down: set[str] = set()
        self.hung: Counter[str] = Counter()
        self._gates: dict[str, asyncio.Semaphore] = {}

    def gate(self, channel: str) -> asyncio.Semaphore:
        return self._gates.setdefault(channel, asyncio.Semaphore(AT_ONCE))


async def fall_back(
    parts: Parts,
    row: Row[Any],
    channel: str,
    reason: str,
    known: Mapping[str, str],
    usable: frozenset[str],
    *,
    among_states: tuple[str, ...],
) -> None:
    """It failed on this channel; planned on the next one known, if there is one. A code is for its own address alone."""
    async with parts.database.write() as session:
        failed = {"state": "FAILED", "channel": channel, "reason": reason, "secret": None}
        if not await repository.settle(session, row.id, failed, among_states=among_states) or row.fact in CODES:
            return
        tried = await repository.tried_channels(session, row.event_id, row.recipient)
        following = way(row, known, usable, tried | {channel})
        if following is not None:
            told = Told(row.event_id, row.appeal_id, row.fact)
            await repository.add(
                session, [new_row(derived(row.event_id, f"{row.recipient}/{following}"), told, following, parts.clock.now())]
            )


def waking(now: datetime, zone: ZoneInfo, hours: Policy) -> datetime:
    """`now` within the hours in which people may be written to, else when they begin."""
    local = now.astimezone(zone)
    if hours.opens <= local.time() < hours.closes:
        return now
    day = local.date() if local.time() < hours.opens else local.date() + timedelta(days=1)
    return datetime.combine(day, hours.opens, zone)

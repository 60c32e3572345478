"""Webhooks on their way: signed by Standard Webhooks, in order under each appeal, tried again with patience, each noted once.

A delivery is taken for a while (its `next_at` moves on), sent outside any transaction, and then noted. A process that ends in between sends
it again later under the same `webhook-id`, by which the receiver knows it. A slow receiver keeps nobody else waiting.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, cast
from uuid import UUID

import httpx
from pydantic_core import to_json
from standardwebhooks import Webhook

from intake.channels.partner import repository
from intake.channels.partner.models import Delivery, Subscription, UpdateEntry
from intake.channels.partner.service import feed, policy
from intake.channels.partner.service.addresses import Guard, PinnedTransport, RefusedAddress
from intake.channels.partner.service.webhooks import TABLE
from intake.settings import Settings
from shared.messaging.runtime import finish
from shared.sealing import SealError
from shared.service import Parts

PAUSE_SECONDS: Final = 0.5
GONE: Final = 410
ROUND: Final = 20  # deliveries taken at once


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the receiver's status, or why there is none."""

    status: int | None
    error: str | None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own class of success


class Sender:
    """Delivers what is due. Any number of processes may do it beside each other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._guard = Guard.of(cast("Settings", parts.settings))
        self._policy = policy.webhooks()
        self._under_way: dict[UUID, asyncio.Task[int]] = {}

    async def run(self) -> None:
        """Until cancelled. Raises what the first delivery that fell raised: the runtime knows a database that is away by its error."""
        try:
            await self._run()
        except ExceptionGroup as fallen:
            raise fallen.exceptions[0] from fallen

    async def _run(self) -> None:
        async with self._client() as client, asyncio.TaskGroup() as group:
            while True:
                async with self._parts.database.read() as session:
                    due = await repository.subscriptions_with_due(session, self._parts.clock.now())
                for subscription_id in set(due) - self._under_way.keys():
                    task = group.create_task(finish(self.serve(client, subscription_id)))
                    self._under_way[subscription_id] = task
                    task.add_done_callback(lambda _, name=subscription_id: self._under_way.pop(name))  # type: ignore[misc]
                await asyncio.sleep(PAUSE_SECONDS)

    async def round(self) -> int:
        """Everything that is due now, once. Returns how many attempts were made."""
        async with self._client() as client:
            async with self._parts.database.read() as session:
                due = await repository.subscriptions_with_due(session, self._parts.clock.now())
            return sum(await asyncio.gather(*(self.serve(client, one) for one in due)))

    async def serve(self, client: httpx.AsyncClient, subscription_id: UUID) -> int:
        """One subscriber's deliveries, the first that waits of each appeal, a round at a time while it takes them."""
        attempts = 0
        while taken := await self._take(subscription_id):
            subscription, deliveries = taken
            attempts += len(deliveries)
            turn = asyncio.Semaphore(self._policy.at_once)

            async def attempt(delivery: Delivery, update: UpdateEntry, turn: asyncio.Semaphore = turn) -> bool:
                async with turn:
                    outcome = await self._send(client, subscription, delivery, update)  # noqa: B023 - gathered within the round
                await self._note(subscription, delivery, outcome)  # noqa: B023
                return outcome.is_delivered

            if not all(await asyncio.gather(*(attempt(*one) for one in deliveries))):
                break
        return attempts

    def _client(self) -> httpx.AsyncClient:
        headers = {"Content-Type": "application/json", "User-Agent": "Aryz-Webhooks/1"}
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # a receiver must not make this process remember anything
        return httpx.AsyncClient(
            transport=PinnedTransport(self._guard),
            timeout=self._policy.timeout_seconds,
            headers=headers,
            cookies=no_cookies,
            follow_redirects=False,
        )

    async def _take(self, subscription_id: UUID) -> tuple[Subscription, Sequence[tuple[Delivery, UpdateEntry]]] | None:
        now = self._parts.clock.now()
        async with self._parts.database.write() as session:
            subscription = await session.get(Subscription, subscription_id)
            if subscription is None or subscription.disabled_at is not None:
                return None
            found = await repository.due_deliveries(session, subscription_id, now, ROUND)
            if not found:
                return None
            until = now + timedelta(seconds=self._policy.claim_seconds)
            await repository.postpone(session, [one.id for one, _ in found], until)
        return subscription, found

    async def _send(self, client: httpx.AsyncClient, subscription: Subscription, delivery: Delivery, update: UpdateEntry) -> Outcome:
        try:
            url, headers, body = await self._composed(subscription, delivery, update)
            async with asyncio.timeout(self._policy.timeout_seconds), client.stream("POST", url, content=body, headers=headers) as answer:
                await self._read_some(answer)
                return Outcome(answer.status_code, None if answer.is_success else "refused")
        except SealError:
            return Outcome(None, "unreadable")
        except RefusedAddress:
            return Outcome(None, "refused-address")
        except TimeoutError:
            return Outcome(None, "timeout")
        except httpx.TimeoutException:
            return Outcome(None, "timeout")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):  # the last for a name that is none
            return Outcome(None, "unreachable")

    async def _composed(self, subscription: Subscription, delivery: Delivery, update: UpdateEntry) -> tuple[str, dict[str, str], str]:
        """Where it goes, its headers and its body. Raises SealError."""
        async with self._parts.database.read() as session:
            [told] = await feed.as_updates(self._parts, session, [update], subscription.subscriber)
        body = to_json({"type": told.type, "timestamp": told.at, "data": told.model_dump(exclude={"type", "at"})}).decode()
        url = self._parts.sealer.open(TABLE, subscription.id, "url", subscription.url).decode()
        return url, self._signed(subscription, delivery, body), body

    async def _read_some(self, answer: httpx.Response) -> None:
        """As far as a polite receiver writes; the rest is cut off with the connection."""
        left = self._policy.answer_bytes
        async with aclosing(answer.aiter_raw()) as chunks:  # type: ignore[type-var]  # it is a generator; httpx declares less
            async for chunk in chunks:
                left -= len(chunk)
                if left <= 0:
                    return

    def _signed(self, subscription: Subscription, delivery: Delivery, body: str) -> dict[str, str]:
        """By each secret that holds now."""
        now, name = self._parts.clock.now(), f"msg_{delivery.id.hex}"
        held = [self._parts.sealer.open(TABLE, subscription.id, "secret", subscription.secret)]
        if subscription.former_secret is not None and subscription.former_until is not None and now < subscription.former_until:
            held.append(self._parts.sealer.open(TABLE, subscription.id, "former_secret", subscription.former_secret))
        signatures = [Webhook(secret.decode()).sign(name, now, body) for secret in held]
        return {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": " ".join(signatures)}

    async def _note(self, subscription: Subscription, delivery: Delivery, outcome: Outcome) -> None:
        now = self._parts.clock.now()
        wait = self._policy.wait(delivery.attempts + 1)
        async with self._parts.database.write() as session:
            said = {"last_status": outcome.status, "last_error": outcome.error}
            if outcome.is_delivered:
                await repository.note_attempt(session, delivery.id, **said, delivered_at=now)
            else:
                await repository.note_attempt(session, delivery.id, **said, next_at=now + (wait or timedelta()))
            if outcome.status == GONE:
                await repository.disable(session, subscription.id, "GONE", now)
            elif not outcome.is_delivered and wait is None:
                await repository.disable(session, subscription.id, "FAILING", now)


async def forget(parts: Parts) -> None:
    """Drop the log of what was delivered long ago."""
    before: datetime = parts.clock.now() - timedelta(days=policy.webhooks().kept_days)
    async with parts.database.write() as session:
        await repository.forget_deliveries(session, before)

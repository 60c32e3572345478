"""Delivery of webhooks: signed by Standard Webhooks, in the order of each appeal's updates, retried by a schedule.

A delivery is claimed by a lease (`shared.leases`), sent outside any transaction, and its result is recorded. If the process ends in
between, the delivery is sent again after the lease under the same `webhook-id`, by which the receiver detects the repeat. Each subscriber
has its own task, so that a slow receiver delays nobody else.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx
from pydantic_core import to_json

from intake.channels.partner import policy, repository
from intake.channels.partner.models import Delivery, Subscription, UpdateEntry
from intake.channels.partner.repository import UpdateDelivery
from intake.channels.partner.schemas import DisabledReason, TestDelivered
from intake.channels.partner.service import feed
from intake.channels.partner.service.webhooks import TABLE
from intake.settings import Settings
from shared.leases import Lease
from shared.messaging.runtime import finish
from shared.outgoing.addresses import AddressGuard
from shared.outgoing.signatures import sign_headers
from shared.outgoing.webhooks import AttemptError, AttemptResult, post_webhook, webhook_client
from shared.sealing import SealError
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

PAUSE_SECONDS: Final = 0.5
GONE: Final = 410
TEST: Final = "test"  # the type of a test update, which no subscription can choose
ROUND: Final = 20  # deliveries claimed at once


class WebhookSender:
    """Sends the deliveries that are due. Several processes may run one at the same time."""

    def __init__(self, parts: Parts[Settings]) -> None:
        self._parts = parts
        self._guard = AddressGuard.of(parts.settings)
        self._policy = policy.webhooks()
        self._running: dict[UUID, asyncio.Task[int]] = {}

    async def run(self) -> None:
        """Send until cancelled. Raises the first error of a task: the runtime recognises an unavailable database by it."""
        try:
            await self._run()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _run(self) -> None:
        async with self.client() as client, asyncio.TaskGroup() as group:
            while True:
                due = await repository.subscriptions_with_due_deliveries(self._parts.database, self._parts.clock.now())
                for subscription_id in set(due) - self._running.keys():
                    task = group.create_task(finish(self.serve(client, subscription_id)))
                    self._running[subscription_id] = task
                    task.add_done_callback(lambda _, name=subscription_id: self._running.pop(name))  # type: ignore[misc]
                await asyncio.sleep(PAUSE_SECONDS)

    async def serve(self, client: httpx.AsyncClient, subscription_id: UUID) -> int:
        """Send the deliveries of one subscription in rounds until a round fails or none is due. Return how many attempts were made."""
        attempts = 0
        while claimed := await self._claim(subscription_id):
            subscription, deliveries = claimed
            attempts += len(deliveries)
            slots = asyncio.Semaphore(self._policy.at_once)

            async def attempt(delivery: Delivery, update: UpdateEntry, slots: asyncio.Semaphore = slots) -> bool:
                async with slots:
                    result = await self._send(client, subscription, delivery, update)  # noqa: B023 - gathered within the round
                await self._record(subscription, delivery, result)  # noqa: B023
                return result.is_delivered

            if not all(await asyncio.gather(*(attempt(*claimed_delivery) for claimed_delivery in deliveries))):
                break
        return attempts

    def client(self) -> httpx.AsyncClient:
        """Return the HTTP client of deliveries."""
        return webhook_client(self._guard, self._policy.timeout_seconds)

    async def _claim(self, subscription_id: UUID) -> tuple[Subscription, Sequence[UpdateDelivery]] | None:
        """Claim the next deliveries of a subscription, at most ROUND; None if it is disabled or nothing is due."""
        now = self._parts.clock.now()
        async with self._parts.units.write() as work:
            subscription = await work.session.get(Subscription, subscription_id)
            if subscription is None or subscription.disabled_at is not None:
                return None
            lease = Lease(work.ids.new(), now + timedelta(seconds=self._policy.claim_seconds))
            found = await repository.claim_deliveries(work.session, subscription_id, lease, now, ROUND)
        return (subscription, found) if found else None

    async def _send(self, client: httpx.AsyncClient, subscription: Subscription, delivery: Delivery, update: UpdateEntry) -> AttemptResult:
        try:
            url, headers, body = await self._request(subscription, delivery, update)
        except SealError:
            return AttemptResult(None, AttemptError.UNREADABLE)
        return await self._post(client, url, headers, body)

    async def send_test(self, subscription: Subscription) -> TestDelivered:
        """Send a test update at once, signed as any other, and return how the receiver answered. Nothing is stored or repeated."""
        now, name = self._parts.clock.now(), f"msg_{self._parts.ids.new().hex}"
        body = to_json({"type": TEST, "timestamp": now, "data": {"subscription_id": subscription.id}})
        try:
            url, headers = self._url(subscription), self._signed_headers(subscription, name, body)
        except SealError:
            return TestDelivered(webhook_id=name, delivered=False, status=None, error=AttemptError.UNREADABLE)
        async with self.client() as client:
            result = await self._post(client, url, headers, body)
        return TestDelivered(webhook_id=name, delivered=result.is_delivered, status=result.status, error=result.error)

    async def _post(self, client: httpx.AsyncClient, url: str, headers: dict[str, str], body: bytes) -> AttemptResult:
        limits = {"timeout_seconds": self._policy.timeout_seconds, "answer_bytes": self._policy.answer_bytes}
        return await post_webhook(client, url, headers, body, **limits)

    async def _request(self, subscription: Subscription, delivery: Delivery, update: UpdateEntry) -> tuple[str, dict[str, str], bytes]:
        """Return URL, headers and body of a delivery. Raises SealError."""
        async with self._parts.units.read() as work:
            [shown] = await feed.to_updates(work, [update], subscription.subscriber)
        body = to_json({"type": shown.type, "timestamp": shown.at, "data": shown.model_dump(exclude={"type", "at"})})
        return self._url(subscription), self._signed_headers(subscription, f"msg_{delivery.id.hex}", body), body

    def _url(self, subscription: Subscription) -> str:
        return self._parts.sealer.open(TABLE, subscription.id, "url", subscription.url).decode()

    def _signed_headers(self, subscription: Subscription, name: str, body: bytes) -> dict[str, str]:
        """Return the headers of Standard Webhooks for the message `name`, with a signature by each valid secret. Raises SealError."""
        now = self._parts.clock.now()
        valid = [self._parts.sealer.open(TABLE, subscription.id, "secret", subscription.secret)]
        if subscription.former_secret is not None and subscription.former_until is not None and now < subscription.former_until:
            valid.append(self._parts.sealer.open(TABLE, subscription.id, "former_secret", subscription.former_secret))
        return sign_headers([secret.decode() for secret in valid], name, body, now)

    async def _record(self, subscription: Subscription, delivery: Delivery, result: AttemptResult) -> None:
        """Record the result of an attempt, and disable the subscription after 410 or after the last failed attempt.

        If another worker has claimed the delivery meanwhile, that worker's attempt is recorded instead.
        """
        now = self._parts.clock.now()
        wait = self._policy.wait(delivery.attempts + 1)
        async with self._parts.units.write() as work:
            if result.is_delivered:
                is_recorded = await repository.record_success(work.session, delivery, result.status, now)
            else:
                next_at = now + (wait or timedelta())
                is_recorded = await repository.record_failure(work.session, delivery, result.status, result.error, next_at)
            if not is_recorded:
                return
            if result.status == GONE:
                await repository.disable_subscription(work.session, subscription.id, DisabledReason.GONE, now)
            elif not result.is_delivered and wait is None:
                await repository.disable_subscription(work.session, subscription.id, DisabledReason.FAILING, now)


async def purge_deliveries(work: UnitOfWork) -> None:
    """Delete the log of deliveries that arrived more than `kept_days` ago."""
    before = work.clock.now() - timedelta(days=policy.webhooks().kept_days)
    await repository.delete_deliveries_made_before(work.session, before)

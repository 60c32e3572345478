"""Webhooks to providers' own systems: signed by Standard Webhooks, in the order of each inquiry's notices, retried by a schedule.

A delivery is claimed by a lease (`shared.leases`), sent outside any transaction, and its result is recorded. If the process ends in
between, it is sent again after the lease under the same `webhook-id`, by which the receiver detects the repeat. Each provider has its own
task, so that a slow system delays nobody else.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import httpx
from pydantic_core import to_json

from provider_contact.deliveries import repository
from provider_contact.deliveries.models import ProviderWebhook
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.deliveries.repository import NotifiedDelivery
from provider_contact.deliveries.schemas import WebhookTested
from provider_contact.deliveries.service import recording
from provider_contact.deliveries.service.composition import TEST, webhook_body
from provider_contact.deliveries.service.webhooks import TABLE
from provider_contact.settings import Settings
from shared.leases import Lease
from shared.messaging.runtime import finish
from shared.outgoing.addresses import AddressGuard
from shared.outgoing.signatures import sign_headers
from shared.outgoing.webhooks import AttemptError, AttemptResult, post_webhook, webhook_client
from shared.sealing import SealError
from shared.service import Parts

PAUSE_SECONDS: Final = 0.5
ROUND: Final = 20  # deliveries claimed at once


class ProviderWebhookSender:
    """Sends the webhooks that are due. Several processes may run one at the same time."""

    def __init__(self, parts: Parts[Settings]) -> None:
        self._parts = parts
        self._guard = AddressGuard.of(parts.settings)
        self._limits = delivery_policy().webhooks
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
                due = await repository.providers_with_due_webhooks(self._parts.database, self._parts.clock.now())
                for provider_id in set(due) - self._running.keys():
                    task = group.create_task(finish(self.serve(client, provider_id)))
                    self._running[provider_id] = task
                    task.add_done_callback(lambda _, name=provider_id: self._running.pop(name))  # type: ignore[misc]
                await asyncio.sleep(PAUSE_SECONDS)

    async def serve(self, client: httpx.AsyncClient, provider_id: UUID) -> int:
        """Send the webhooks of one provider in rounds until a round fails or none is due. Return how many attempts were made."""
        attempts = 0
        while claimed := await self._claim(provider_id):
            webhook, items = claimed
            attempts += len(items)
            slots = asyncio.Semaphore(self._limits.at_once)

            async def attempt(item: NotifiedDelivery, slots: asyncio.Semaphore = slots) -> bool:
                async with slots:
                    result = await self._send(client, webhook, item)  # noqa: B023 - gathered within the round
                await self._record(item, result)
                return result.is_delivered

            if not all(await asyncio.gather(*(attempt(item) for item in items))):
                break
        return attempts

    def client(self) -> httpx.AsyncClient:
        """Return the HTTP client of webhooks."""
        return webhook_client(self._guard, self._limits.timeout_seconds)

    async def _claim(self, provider_id: UUID) -> tuple[ProviderWebhook, Sequence[NotifiedDelivery]] | None:
        """Claim the next webhooks of a provider, at most ROUND; None if its webhook is disabled or nothing is due."""
        now = self._parts.clock.now()
        async with self._parts.units.write() as work:
            webhook = await repository.webhook_of(work.session, provider_id)
            if webhook is None or webhook.disabled_at is not None:
                return None
            lease = Lease(work.ids.new(), now + timedelta(seconds=self._limits.claim_seconds))
            found = await repository.claim_webhooks(work.session, provider_id, lease, now, ROUND)
        return (webhook, found) if found else None

    async def _send(self, client: httpx.AsyncClient, webhook: ProviderWebhook, item: NotifiedDelivery) -> AttemptResult:
        return await self._post(client, webhook, f"msg_{item.delivery.delivery_id.hex}", webhook_body(item))

    async def send_test(self, webhook: ProviderWebhook) -> WebhookTested:
        """Send a test message at once, signed as any other, and return how the receiver answered. Nothing is stored or repeated."""
        name = f"msg_{self._parts.ids.new().hex}"
        body = to_json({"type": TEST, "timestamp": self._parts.clock.now(), "data": {"provider_id": webhook.provider_id}})
        async with self.client() as client:
            result = await self._post(client, webhook, name, body)
        return WebhookTested(webhook_id=name, delivered=result.is_delivered, status=result.status, error=result.error)

    async def _post(self, client: httpx.AsyncClient, webhook: ProviderWebhook, name: str, body: bytes) -> AttemptResult:
        """Sign and post a message once."""
        limits, provider_id, open_ = self._limits, webhook.provider_id, self._parts.sealer.open
        now = self._parts.clock.now()
        try:
            url = open_(TABLE, provider_id, "url", webhook.url).decode()
            valid = [open_(TABLE, provider_id, "secret", webhook.secret).decode()]
            if webhook.former_secret is not None and webhook.former_until is not None and now < webhook.former_until:
                valid.append(open_(TABLE, provider_id, "former_secret", webhook.former_secret).decode())
        except SealError:
            return AttemptResult(None, AttemptError.UNREADABLE)
        headers = sign_headers(valid, name, body, now)
        return await post_webhook(client, url, headers, body, timeout_seconds=limits.timeout_seconds, answer_bytes=limits.answer_bytes)

    async def _record(self, item: NotifiedDelivery, result: AttemptResult) -> None:
        """Record the result of an attempt, unless another worker has claimed the delivery meanwhile."""
        async with self._parts.units.write() as work:
            if result.is_delivered:
                await recording.record_delivered(work, item, status=result.status)
            else:
                await recording.record_webhook_failure(work, item, result)

"""Delivery of webhooks: signed by Standard Webhooks, in the order of each appeal's updates, retried by a schedule."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import to_json

from intake.channels.partner import policy, repository
from intake.channels.partner.models import Subscription
from intake.channels.partner.repository import UpdateDelivery
from intake.channels.partner.schemas import DisabledReason, TestDelivered
from intake.channels.partner.service import feed
from intake.channels.partner.service.webhooks import TABLE
from intake.settings import Settings
from shared.leases import Lease
from shared.outgoing.webhooks import GONE, AttemptResult, WebhookTarget, WebhookWorker, open_target
from shared.service import Parts
from shared.unit_of_work import UnitOfWork


class WebhookSender(WebhookWorker[Subscription, UpdateDelivery]):
    """Sends the deliveries of subscriptions that are due."""

    def __init__(self, parts: Parts[Settings]) -> None:
        self._policy = policy.webhooks()
        super().__init__(parts, self._policy)

    async def send_test(self, subscription: Subscription) -> TestDelivered:
        """Send a test update at once, and return how the receiver answered."""
        name, result = await self.post_test(subscription, {"subscription_id": subscription.id})
        return TestDelivered(webhook_id=name, delivered=result.is_delivered, status=result.status, error=result.error)

    async def _due(self, now: datetime) -> Sequence[UUID]:
        return await repository.subscriptions_with_due_deliveries(self._parts.database, now)

    async def _claim_round(
        self, work: UnitOfWork, receiver_id: UUID, lease: Lease, now: datetime, limit: int
    ) -> tuple[Subscription, Sequence[UpdateDelivery]] | None:
        subscription = await work.session.get(Subscription, receiver_id)
        if subscription is None or subscription.disabled_at is not None:
            return None
        return subscription, await repository.claim_deliveries(work.session, receiver_id, lease, now, limit)

    def _target(self, receiver: Subscription, now: datetime) -> WebhookTarget:
        return open_target(self._parts.sealer, TABLE, receiver.id, receiver, now)

    async def _message(self, receiver: Subscription, item: UpdateDelivery) -> tuple[UUID, bytes]:
        async with self._parts.units.read() as work:
            [shown] = await feed.to_updates(work, [item.update], receiver.subscriber)
        data = shown.model_dump(exclude={"type", "at"})
        return item.delivery.id, to_json({"type": shown.type, "timestamp": shown.at, "data": data})

    async def _record_result(self, work: UnitOfWork, receiver: Subscription, item: UpdateDelivery, result: AttemptResult) -> None:
        """Record the result of an attempt, and disable the subscription after 410 or after the last failed attempt."""
        now = self._parts.clock.now()
        wait = self._policy.wait(item.delivery.attempts + 1)
        if result.is_delivered:
            is_recorded = await repository.record_success(work.session, item.delivery, result.status, now)
        else:
            next_at = now + (wait or timedelta())
            is_recorded = await repository.record_failure(work.session, item.delivery, result.status, result.error, next_at)
        if not is_recorded:
            return
        if result.status == GONE:
            await repository.disable_subscription(work.session, receiver.id, DisabledReason.GONE, now)
        elif not result.is_delivered and wait is None:
            await repository.disable_subscription(work.session, receiver.id, DisabledReason.FAILING, now)


async def purge_deliveries(work: UnitOfWork) -> None:
    """Delete the log of deliveries that arrived more than `kept_days` ago."""
    before = work.clock.now() - timedelta(days=policy.webhooks().kept_days)
    await repository.delete_deliveries_made_before(work.session, before)

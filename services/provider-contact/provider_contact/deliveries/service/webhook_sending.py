"""Webhooks to providers' own systems: signed by Standard Webhooks, in the order of each inquiry's notices, retried by a schedule."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from provider_contact.deliveries import repository
from provider_contact.deliveries.models import ProviderWebhook
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.deliveries.repository import NotifiedDelivery
from provider_contact.deliveries.schemas import WebhookTested
from provider_contact.deliveries.service import recording
from provider_contact.deliveries.service.composition import webhook_body
from provider_contact.deliveries.service.senders import can_mail
from provider_contact.deliveries.service.webhooks import TABLE
from provider_contact.settings import Settings
from shared.leases import Lease
from shared.outgoing.webhooks import AttemptResult, WebhookTarget, WebhookWorker, open_target
from shared.service import Parts
from shared.unit_of_work import UnitOfWork


class ProviderWebhookSender(WebhookWorker[ProviderWebhook, NotifiedDelivery]):
    """Sends the webhooks of providers that are due."""

    _parts: Parts[Settings]

    def __init__(self, parts: Parts[Settings]) -> None:
        super().__init__(parts, delivery_policy().webhooks)

    async def send_test(self, webhook: ProviderWebhook) -> WebhookTested:
        """Send a test message at once, and return how the receiver answered."""
        name, result = await self.post_test(webhook, {"provider_id": webhook.provider_id})
        return WebhookTested(webhook_id=name, delivered=result.is_delivered, status=result.status, error=result.error)

    async def _due(self, now: datetime) -> Sequence[UUID]:
        return await repository.providers_with_due_webhooks(self._parts.database, now)

    async def _claim_round(
        self, work: UnitOfWork, receiver_id: UUID, lease: Lease, now: datetime, limit: int
    ) -> tuple[ProviderWebhook, Sequence[NotifiedDelivery]] | None:
        webhook = await repository.webhook_of(work.session, receiver_id)
        if webhook is None or webhook.disabled_at is not None:
            return None
        return webhook, await repository.claim_webhooks(work.session, receiver_id, lease, now, limit)

    def _target(self, receiver: ProviderWebhook, now: datetime) -> WebhookTarget:
        return open_target(self._parts.sealer, TABLE, receiver.provider_id, receiver, now)

    async def _message(self, _receiver: ProviderWebhook, item: NotifiedDelivery) -> tuple[UUID, bytes]:
        return item.delivery.delivery_id, webhook_body(item)

    async def _record_result(self, work: UnitOfWork, _receiver: ProviderWebhook, item: NotifiedDelivery, result: AttemptResult) -> None:
        if result.is_delivered:
            await recording.record_delivered(work, item, status=result.status)
        else:
            await recording.record_webhook_failure(work, item, result, mail=can_mail(self._parts.settings))

"""The webhook of a provider's own system: its URL and secrets, the log of its deliveries, and replay."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from provider_contact.deliveries import repository
from provider_contact.deliveries.models import ProviderWebhook
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.deliveries.repository import NotifiedDelivery
from provider_contact.deliveries.schemas import (
    NewWebhookSecret,
    ReplayRequest,
    WebhookDelivery,
    WebhookReplayed,
    WebhookRequest,
    WebhookView,
    WebhookWithSecret,
)
from provider_contact.deliveries.service.composition import TYPES
from shared.errors import InvalidInput, NotFound
from shared.http import Cursor, ListResponse, keyset_page
from shared.outgoing.signatures import new_secret
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

TABLE: Final = "provider_webhook"
_EITHER: Final = "Either days or ids are given."
_TOO_MANY: Final = "Too many deliveries; choose fewer days."


async def set_webhook(work: UnitOfWork, provider_id: UUID, wanted: WebhookRequest) -> WebhookWithSecret:
    """Set the URL of a provider's webhook, whose address was checked, and make the webhook active. A new one gets a secret."""
    webhook, secret = await repository.webhook_of(work.session, provider_id, lock=True), None
    url = work.sealer.seal(TABLE, provider_id, "url", wanted.url.encode())
    if webhook is None:
        secret = new_secret()
        webhook = ProviderWebhook(
            provider_id=provider_id,
            url=url,
            secret=work.sealer.seal(TABLE, provider_id, "secret", secret.encode()),
            former_secret=None,
            former_until=None,
            disabled_at=None,
            disabled_because=None,
            created_at=work.clock.now(),
        )
        work.session.add(webhook)
    else:
        webhook.url, webhook.disabled_at, webhook.disabled_because = url, None, None
        await repository.restart_webhooks(work.session, provider_id, [], work.clock.now())
    return WebhookWithSecret(**_view(work.sealer, webhook).model_dump(), secret=secret)


async def read_webhook(work: UnitOfWork, provider_id: UUID) -> WebhookView:
    """Return a provider's webhook. Raises NotFound."""
    return _view(work.sealer, await own_webhook(work, provider_id))


async def own_webhook(work: UnitOfWork, provider_id: UUID, *, lock: bool = False) -> ProviderWebhook:
    """Return the row of a provider's webhook. Raises NotFound."""
    webhook = await repository.webhook_of(work.session, provider_id, lock=lock)
    if webhook is None:
        raise NotFound
    return webhook


async def delete_webhook(work: UnitOfWork, provider_id: UUID) -> None:
    """Delete a provider's webhook; what waits for it goes by the next method. Raises NotFound."""
    await own_webhook(work, provider_id, lock=True)
    await repository.delete_webhook(work.session, provider_id, work.clock.now())


async def renew_secret(work: UnitOfWork, provider_id: UUID) -> NewWebhookSecret:
    """Give the webhook a new secret; the former one also signs for a while. Raises NotFound."""
    webhook, secret = await own_webhook(work, provider_id, lock=True), new_secret()
    former = work.sealer.open(TABLE, provider_id, "secret", webhook.secret)
    webhook.former_secret = work.sealer.seal(TABLE, provider_id, "former_secret", former)
    webhook.former_until = work.clock.now() + timedelta(hours=delivery_policy().webhooks.former_secret_hours)
    webhook.secret = work.sealer.seal(TABLE, provider_id, "secret", secret.encode())
    return NewWebhookSecret(secret=secret, former_valid_until=webhook.former_until)


async def delivery_log(work: UnitOfWork, provider_id: UUID, cursor: str | None, limit: int) -> ListResponse[WebhookDelivery]:
    """Return the webhook deliveries of a provider, newest first. Raises InvalidInput `bad-cursor`."""
    before = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    found, total = await repository.delivery_log(work.session, provider_id, before, limit + 1)
    return keyset_page(found, limit, total, item=_delivery, key=lambda sent: (_planned_at(sent), sent.delivery.delivery_id))


async def replay(work: UnitOfWork, provider_id: UUID, wanted: ReplayRequest) -> WebhookReplayed:
    """Send deliveries again under the ids they had. A disabled webhook becomes active, and what waits for it is due now.

    Raises NotFound, and InvalidInput for both or neither of `days` and `ids`, and for too many deliveries.
    """
    if (wanted.days is None) == (wanted.ids is None):
        raise InvalidInput.field("days", "days-or-ids", _EITHER)
    now, most = work.clock.now(), delivery_policy().webhooks.replayed_at_most
    webhook = await own_webhook(work, provider_id, lock=True)
    since = now - timedelta(days=wanted.days) if wanted.days is not None else None
    chosen = await repository.deliveries_to_replay(work.session, provider_id, since=since, ids=wanted.ids or [], limit=most + 1)
    if len(chosen) > most:
        raise InvalidInput.field("days", "too-many", _TOO_MANY)
    webhook.disabled_at = webhook.disabled_because = None
    await repository.restart_webhooks(work.session, provider_id, chosen, now)
    return WebhookReplayed(replayed=len(chosen))


def _view(sealer: Sealer, webhook: ProviderWebhook) -> WebhookView:
    return WebhookView(
        url=sealer.open(TABLE, webhook.provider_id, "url", webhook.url).decode(),
        active=webhook.disabled_at is None,
        disabled_because=webhook.disabled_because,
        created_at=webhook.created_at,
        former_secret_until=webhook.former_until,
    )


def _planned_at(sent: NotifiedDelivery) -> datetime:
    return sent.delivery.planned_at or sent.inquiry.due_at


def _delivery(sent: NotifiedDelivery) -> WebhookDelivery:
    delivery, inquiry = sent
    return WebhookDelivery(
        delivery_id=delivery.delivery_id,
        inquiry_id=inquiry.inquiry_id,
        number=inquiry.number,
        type=TYPES[delivery.notice],
        state=delivery.state,
        attempts=delivery.attempts,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        planned_at=_planned_at(sent),
        next_at=delivery.next_at,
        delivered_at=delivery.delivered_at,
    )

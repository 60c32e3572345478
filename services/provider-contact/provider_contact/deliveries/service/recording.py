"""The result of an attempt: delivered, to be repeated, or failed, and what follows for the notice and its inquiry."""

from datetime import datetime, timedelta
from uuid import UUID

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import DeliveryError, DeliveryMethod, DeliveryState, WebhookDisabledReason
from provider_contact.deliveries.models import Delivery
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.deliveries.repository import DeliveryChanges, NotifiedDelivery, NotifiedInquiry
from provider_contact.deliveries.service.provider_mails import plan_webhook_disabled
from shared.contracts import InquiryDelivered
from shared.outgoing.webhooks import GONE, AttemptError, AttemptResult
from shared.unit_of_work import UnitOfWork


async def record_delivered(work: UnitOfWork, sent: NotifiedDelivery, *, status: int | None = None, external_id: str | None = None) -> bool:
    """Record that the receiver accepted a notice. Return False if another worker has claimed the delivery meanwhile.

    `inquiry-delivered` is published once for an inquiry: the first time that a method other than the portal reaches its provider.
    """
    delivery, now = sent.delivery, work.clock.now()
    await repository.lock_inquiry(work.session, delivery.inquiry_id)
    reached = await repository.was_reached(work.session, delivery.inquiry_id)
    changes: DeliveryChanges = {
        "state": DeliveryState.DELIVERED,
        "delivered_at": now,
        "last_status": status,
        "last_error": None,
        "external_id": external_id,
        "next_at": None,
    }
    if not await repository.record(work.session, delivery, **changes):
        return False
    await _finish(work, delivery, sent.inquiry, was_reached=reached, now=now)
    return True


async def record_call(work: UnitOfWork, inquiry_id: UUID) -> None:
    """Record that staff spoke to the provider: the calls that the inquiry waits for are done. The caller has locked the inquiry."""
    now = work.clock.now()
    waiting = await repository.waiting_calls(work.session, inquiry_id)
    if not waiting:
        return
    inquiry = (await repository.notified_inquiries(work.session, [inquiry_id]))[inquiry_id]
    for call in waiting:
        reached = await repository.was_reached(work.session, inquiry_id)
        call.state, call.delivered_at, call.attempts = DeliveryState.DELIVERED, now, call.attempts + 1
        await work.session.flush()
        await _finish(work, call, inquiry, was_reached=reached, now=now)


async def _finish(work: UnitOfWork, delivery: Delivery, inquiry: NotifiedInquiry, *, was_reached: bool, now: datetime) -> None:
    """End the route of a delivered notice, make its one-time link valid, and publish that the provider was reached first."""
    route = await repository.route_of(work.session, delivery.route_id) if delivery.route_id is not None else None
    if route is not None:
        await repository.finish_route(work.session, route.route_id, now)
    if delivery.channel == DeliveryMethod.EMAIL:
        await repository.finish_link(work.session, delivery.delivery_id, now + delivery_policy().replies.life)
    if route is None or route.body is not None or was_reached:
        return
    event = InquiryDelivered(
        appeal_id=inquiry.appeal_id, inquiry_id=inquiry.inquiry_id, provider_id=inquiry.provider_id, method=delivery.channel.value
    )
    work.publish(event)


async def record_webhook_failure(work: UnitOfWork, sent: NotifiedDelivery, result: AttemptResult, *, mail: bool) -> bool:
    """Record a failed attempt at a webhook. After 410 or the last attempt the webhook is disabled, and notices go their next step.

    Whoever answers for the provider's system is notified, if this installation sends `mail`.

    Return False if another worker has claimed the delivery meanwhile.
    """
    delivery, now = sent.delivery, work.clock.now()
    wait = delivery_policy().webhooks.wait(delivery.attempts + 1)
    is_over = wait is None or result.status == GONE
    changes: DeliveryChanges = {"last_status": result.status, "last_error": result.error, "next_at": now + (wait or timedelta())}
    if not await repository.record(work.session, delivery, **changes):
        return False
    if is_over and delivery.provider_id is not None:
        reason = WebhookDisabledReason.GONE if result.status == GONE else WebhookDisabledReason.FAILING
        if await repository.disable_webhook(work.session, delivery.provider_id, reason, now) and mail:
            await plan_webhook_disabled(work, delivery.provider_id, reason)
        await repository.hasten_routes_of_webhooks(work.session, delivery.provider_id, now)
    return True


async def record_mail_deferred(work: UnitOfWork, sent: NotifiedDelivery, error: DeliveryError, *, is_charged: bool = True) -> None:
    """Plan the next attempt at a mail with its own backoff; after the longest time it has failed.

    `is_charged` False: it was not tried, so that it uses up no attempt and is due before those that were.
    """
    delivery, now, limits = sent.delivery, work.clock.now(), delivery_policy().mail
    if is_charged and delivery.planned_at is not None and now >= delivery.planned_at + limits.longest:
        await record_failed(work, sent, error)
        return
    wait = limits.wait(delivery.attempts + 1) if is_charged else limits.wait(1)
    await repository.record(work.session, delivery, is_charged=is_charged, last_error=error, next_at=now + wait)


async def record_failed(work: UnitOfWork, sent: NotifiedDelivery, error: DeliveryError | AttemptError) -> None:
    """Record that a delivery has failed for good: the next step of its route is begun at once."""
    delivery, now = sent.delivery, work.clock.now()
    if not await repository.record(work.session, delivery, state=DeliveryState.FAILED, last_error=error, next_at=None):
        return
    if delivery.channel == DeliveryMethod.EMAIL:
        await repository.finish_link(work.session, delivery.delivery_id, None)
    await repository.hasten_route_of(work.session, delivery.delivery_id, now)


async def record_dropped(work: UnitOfWork, sent: NotifiedDelivery) -> None:
    """Record that a notice is not needed any more."""
    changes: DeliveryChanges = {"state": DeliveryState.DROPPED, "next_at": None}
    if await repository.record(work.session, sent.delivery, is_charged=False, **changes):
        await repository.finish_link(work.session, sent.delivery.delivery_id, None)

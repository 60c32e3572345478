"""Delivery receipts: whether a sent notification arrived, as the SMS gateway or Telegram reports later."""

from typing import Final, cast
from uuid import UUID

from intake.notifications import repository
from intake.notifications.models import NotificationReason, NotificationState
from intake.notifications.service.contacts import contacts
from intake.notifications.service.delivery_methods import usable_methods
from intake.notifications.service.dispatch import fall_back
from intake.settings import Settings
from shared.sealing import SealError
from shared.service import Parts

DELIVERABLE: Final = (NotificationState.SENT, NotificationState.FAILED)  # a late receipt corrects a failure that was assumed
UNDELIVERABLE: Final = (NotificationState.SENT,)


async def record_delivered(parts: Parts, notification_id: UUID) -> None:
    """Record that a notification arrived; an unknown id is ignored."""
    async with parts.database.write() as session:
        await repository.change_notification(
            session,
            notification_id,
            was=DELIVERABLE,
            state=NotificationState.DELIVERED,
            reason=None,
            delivered_at=parts.clock.now(),
        )


async def record_undelivered(parts: Parts, notification_id: UUID) -> None:
    """Record that a notification did not arrive, and plan it by the next method. Repeated, or after a delivery, it changes nothing."""
    async with parts.database.read() as session:
        found = await repository.addressed_notifications(session, [notification_id])
    if not found or found[0].notification.state not in UNDELIVERABLE:
        return
    item = found[0]
    try:
        addresses = contacts(parts.sealer, item)
    except SealError:
        addresses = {}
    usable = usable_methods(cast("Settings", parts.settings))
    await fall_back(parts, item, item.notification.channel, NotificationReason.UNDELIVERED, addresses, usable, was=UNDELIVERABLE)

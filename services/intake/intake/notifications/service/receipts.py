"""Delivery receipts: whether a sent notification arrived, as the SMS gateway or Telegram reports later."""

from typing import Final
from uuid import UUID

from intake.notifications import repository
from intake.notifications.codes import NotificationReason, NotificationState
from intake.notifications.service.contacts import contacts
from intake.notifications.service.delivery_methods import usable_methods
from intake.notifications.service.dispatch import fall_back
from intake.settings import Settings
from shared.sealing import SealError
from shared.unit_of_work import UnitOfWork

DELIVERABLE: Final = (NotificationState.SENT, NotificationState.FAILED)  # a late receipt corrects a failure that was assumed
UNDELIVERABLE: Final = (NotificationState.SENT,)


async def record_delivered(work: UnitOfWork, notification_id: UUID) -> None:
    """Record that a notification arrived; an unknown id is ignored."""
    await repository.change_notification(
        work.session,
        notification_id,
        was=DELIVERABLE,
        state=NotificationState.DELIVERED,
        reason=None,
        delivered_at=work.clock.now(),
    )


async def record_undelivered(work: UnitOfWork, settings: Settings, notification_id: UUID) -> None:
    """Record that a notification did not arrive, and plan it by the next method. Repeated, or after a delivery, it changes nothing."""
    found = await repository.addressed_notifications(work.session, [notification_id])
    if not found or found[0].notification.state not in UNDELIVERABLE:
        return
    item = found[0]
    try:
        addresses = contacts(work.sealer, item)
    except SealError:
        addresses = {}
    method, usable = item.notification.channel, usable_methods(settings)
    await fall_back(work, item, method, NotificationReason.UNDELIVERED, addresses, usable)

"""Sending a failed notification again, by the decision of a person."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from intake.notifications import repository
from intake.notifications.codes import CODES, NotificationReason, NotificationState
from intake.notifications.models import Notification
from intake.notifications.service.planning import FactOfAppeal, new_notification
from shared.auth import Principal
from shared.errors import NotFound
from shared.ids import derived
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "notice-resend"
_WITHOUT_ADDRESS: Final = frozenset({NotificationReason.NO_WAY, NotificationReason.UNCONFIRMED})


async def resendable(work: UnitOfWork, notifications: Collection[Notification]) -> frozenset[UUID]:
    """Return the ids of the notifications that can be sent again.

    These have failed by every method that was tried for their event, and were not sent again before. A code cannot be sent again: it is
    deleted, and the applicant asks for a new one. Without a confirmed contact there is nowhere to send to.
    """
    failed = [
        each
        for each in notifications
        if each.state == NotificationState.FAILED and each.fact not in CODES and each.reason not in _WITHOUT_ADDRESS
    ]
    repeats = {_repeat_of(each.event_id): each.event_id for each in failed}
    refused = set()
    for event_id, state in await repository.states_by_event(work.session, [*repeats, *repeats.values()]):
        if event_id in repeats:
            refused.add(repeats[event_id])
        elif state != NotificationState.FAILED:
            refused.add(event_id)
    return frozenset(each.id for each in failed if each.event_id not in refused)


async def resend(work: UnitOfWork, notification_id: UUID, principal: Principal) -> bool:
    """Plan a new notification for one that can be sent again. Return whether it could: a second request changes nothing.

    The new one has an id of its own, because receivers ignore a repeated id. Who decided it is recorded in the audit log. Raises NotFound
    for an unknown notification and for one that carried a code.
    """
    failed = await repository.notification(work.session, notification_id)
    if failed is None or failed.fact in CODES:
        raise NotFound
    if notification_id not in await resendable(work, [failed]):
        return False
    fact = FactOfAppeal(_repeat_of(failed.event_id), failed.appeal_id, failed.fact)
    repeat = new_notification(derived(fact.event_id, failed.recipient), fact, failed.channel, work.clock.now())
    is_new = bool(await repository.add_notifications(work.session, [repeat]))
    if is_new:  # without the appeal's id: nobody has read the appeal
        await work.audit.record(reader=principal.subject, purpose=PURPOSE, ids=[notification_id])
    return is_new


def _repeat_of(event_id: UUID) -> UUID:
    """Return the event under which the notifications of an event are sent again."""
    return derived(event_id, "resent")

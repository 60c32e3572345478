"""Sending a failed notification again, by the decision of a person."""

from typing import Final
from uuid import UUID

from intake.notifications import repository
from intake.notifications.codes import CODES, NotificationState
from intake.notifications.models import Notification
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "notice-resend"


def may_resend(notification: Notification) -> bool:
    """Return whether a notification can be sent again. A code cannot: it is deleted, and the applicant asks for a new one."""
    return notification.state == NotificationState.FAILED and notification.fact not in CODES


async def resend(work: UnitOfWork, notification_id: UUID, principal: Principal) -> bool:
    """Plan a failed notification anew, as due now. Return whether it had failed: a second request changes nothing.

    Who decided it is recorded in the audit log. Raises NotFound for an unknown notification and for one that carried a code.
    """
    found = await repository.addressed_notifications(work.session, [notification_id])
    if not found or found[0].notification.fact in CODES:
        raise NotFound
    is_changed = await repository.change_notification(
        work.session,
        notification_id,
        was=(NotificationState.FAILED,),
        state=NotificationState.PLANNED,
        reason=None,
        attempts=0,
        due_at=work.clock.now(),
    )
    if is_changed:  # without the appeal's id: nobody has read the appeal
        await work.audit.record(reader=principal.subject, purpose=PURPOSE, ids=[notification_id])
    return is_changed

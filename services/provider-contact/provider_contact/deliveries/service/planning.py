"""Planning of notices: the implementation of the port `inquiries.service.ports.Notices`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import Addressee, DeliveryMethod, DeliveryState
from provider_contact.deliveries.models import DeliveryRow, NoticeRouteRow
from provider_contact.deliveries.policy import routes
from provider_contact.inquiries.service import Notice
from shared.ids import derived
from shared.unit_of_work import UnitOfWork

PORTAL: Final = "portal"


class RoutedNotices:
    """Plans each notice on the routes of `delivery_routes.csv`; the portal shows it at once."""

    async def plan(self, work: UnitOfWork, notices: Sequence[Notice]) -> None:
        """Insert the notices' routes and their deliveries by the portal: two statements for any number of notices."""
        if not notices:
            return
        now = work.clock.now()
        planned = [_route(notice, addressee, now) for notice in notices for addressee in routes()[notice.kind]]
        await repository.insert_notices(work.session, planned, [_on_portal(notice, now) for notice in notices])


def _route(notice: Notice, addressee: Addressee, now: datetime) -> NoticeRouteRow:
    return {
        "route_id": derived(notice.notice_id, addressee),
        "inquiry_id": notice.inquiry_id,
        "provider_id": notice.provider_id,
        "notice": notice.kind,
        "addressee": addressee,
        "body": notice.body if addressee == Addressee.BODY else None,
        "step": 0,
        "due_at": now,
        "delivered_at": None,
        "planned_at": now,
    }


def _on_portal(notice: Notice, now: datetime) -> DeliveryRow:
    return {
        "delivery_id": derived(notice.notice_id, PORTAL),
        "inquiry_id": notice.inquiry_id,
        "channel": DeliveryMethod.PORTAL,
        "attempts": 1,
        "delivered_at": now,
        "last_error": None,
        "external_id": None,
        "notice": notice.kind,
        "state": DeliveryState.DELIVERED,
        "route_id": None,
        "step": None,
        "provider_id": notice.provider_id,
        "contact_role": None,
        "address": None,
        "language": None,
        "planned_at": now,
        "next_at": None,
    }

"""The deliveries of inquiries as staff and the provider read them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import DeliveryState
from provider_contact.deliveries.repository import ListedDelivery
from provider_contact.inquiries.schemas.views import DeliveryView
from shared.unit_of_work import UnitOfWork


async def deliveries_of(work: UnitOfWork, inquiry_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[DeliveryView]]:
    """Return the deliveries of inquiries by inquiry id, oldest first. They hold no address; whoever sees an inquiry may read them."""
    found = await repository.deliveries_of(work.session, inquiry_ids)
    return {inquiry_id: [_view(delivery) for delivery in of_inquiry] for inquiry_id, of_inquiry in found.items()}


def _view(listed: ListedDelivery) -> DeliveryView:
    """Return a delivery as it is read. Nobody has to call about an inquiry that expects no answer any more."""
    delivery = listed.delivery
    is_needless = delivery.state == DeliveryState.BY_PERSON and listed.settled
    return DeliveryView(
        notice=delivery.notice,
        method=delivery.channel,
        state=DeliveryState.DROPPED if is_needless else delivery.state,
        contact_role=delivery.contact_role,
        attempts=delivery.attempts,
        planned_at=delivery.planned_at or delivery.delivered_at,
        next_at=delivery.next_at,
        delivered_at=delivery.delivered_at,
        last_error=delivery.last_error,
    )

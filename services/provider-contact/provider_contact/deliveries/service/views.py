"""The deliveries of inquiries as staff and the provider read them: as codes for the API, with labels for the pages."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import DeliveryMethod, DeliveryState
from provider_contact.deliveries.policy import delivery_texts
from provider_contact.deliveries.repository import ListedDelivery
from provider_contact.directory.codes import ContactRole
from provider_contact.directory.service import role_label
from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.schemas.views import DeliveryView
from provider_contact.inquiries.service.contents import DeliveryContent
from provider_contact.inquiries.service.labels import reason_label
from shared.domain.labels import Label
from shared.unit_of_work import UnitOfWork


class DeliveryLabels(NamedTuple):
    """A delivery in words: what was sent, how, to whom (None: the method says it), how far it is, and why the latest attempt failed."""

    notice: Label
    method: Label
    recipient: Label | None
    state: Label
    error: Label | None


async def deliveries_of(work: UnitOfWork, inquiry_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[DeliveryView]]:
    """Return the deliveries of inquiries by inquiry id, oldest first. They hold no address."""
    found = await repository.deliveries_of(work.session, inquiry_ids)
    return {inquiry_id: [_view(delivery) for delivery in of_inquiry] for inquiry_id, of_inquiry in found.items()}


async def delivery_contents(work: UnitOfWork, inquiry_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[DeliveryContent]]:
    """Return the deliveries of inquiries with their labels for the desk, by inquiry id, oldest first."""
    found = await deliveries_of(work, inquiry_ids)
    return {inquiry_id: [_content(view) for view in of_inquiry] for inquiry_id, of_inquiry in found.items()}


def labels_of(view: DeliveryView) -> DeliveryLabels:
    """Return the labels of a delivery."""
    texts = delivery_texts()
    role = role_label(ContactRole(view.contact_role)) if view.contact_role else None
    return DeliveryLabels(
        notice=texts.notices[view.notice],
        method=texts.methods[DeliveryMethod(view.method)],
        recipient=reason_label(InquiryAction.ESCALATE_TO, view.body) if view.body else role,
        state=texts.states[DeliveryState(view.state)],
        error=texts.errors.get(view.last_error) if view.last_error else None,
    )


def _view(listed: ListedDelivery) -> DeliveryView:
    """Return a delivery as it is read. Nobody has to call about an inquiry that expects no answer any more."""
    delivery = listed.delivery
    is_needless = delivery.state == DeliveryState.BY_PERSON and listed.settled
    return DeliveryView(
        notice=delivery.notice,
        method=delivery.channel,
        state=DeliveryState.DROPPED if is_needless else delivery.state,
        contact_role=delivery.contact_role,
        body=listed.body,
        attempts=delivery.attempts,
        planned_at=delivery.planned_at or delivery.delivered_at,
        next_at=delivery.next_at,
        delivered_at=delivery.delivered_at,
        last_error=delivery.last_error,
    )


def _content(view: DeliveryView) -> DeliveryContent:
    labels = labels_of(view)
    return {
        "notice": labels.notice.as_dict(),
        "method": labels.method.as_dict(),
        "recipient": labels.recipient.as_dict() if labels.recipient else None,
        "state": view.state,
        "state_label": labels.state.as_dict(),
        "attempts": view.attempts,
        "planned_at": view.planned_at.isoformat() if view.planned_at else None,
        "next_at": view.next_at.isoformat() if view.next_at else None,
        "delivered_at": view.delivered_at.isoformat() if view.delivered_at else None,
        "error": labels.error.as_dict() if labels.error else None,
    }

"""How the organisation was notified of an inquiry, as its people read it. What went to a body above it is not among it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from provider_contact.deliveries.codes import DeliveryState
from provider_contact.deliveries.service.views import labels_of
from provider_contact.inquiries.schemas.views import DeliveryView
from provider_contact.portal.pages.visitor import Visit
from shared.web.i18n import N_

TONES: Final[Mapping[DeliveryState, str]] = {DeliveryState.DELIVERED: "good", DeliveryState.FAILED: "bad"}


class DeliveryLine(NamedTuple):
    """How the organisation was notified: of what, how and who, how far it is, when, and why the latest attempt failed."""

    notice: str
    route: str
    state: str
    tone: str
    at: datetime | None
    attempts: int
    error: str


def delivery_line(delivery: DeliveryView, visit: Visit) -> DeliveryLine:
    """Return a delivery with its labels in the language of the page."""
    labels, state = labels_of(delivery), DeliveryState(delivery.state)
    parts = [visit.label(labels.method), visit.label(labels.recipient) if labels.recipient else ""]
    return DeliveryLine(
        notice=visit.label(labels.notice),
        route=" · ".join(filter(None, parts)),
        state=visit.text(N_("the Fund will call you")) if state is DeliveryState.BY_PERSON else visit.label(labels.state),
        tone=TONES.get(state, "quiet"),
        at=delivery.delivered_at or delivery.planned_at,
        attempts=delivery.attempts,
        error=visit.label(labels.error) if labels.error else "",
    )

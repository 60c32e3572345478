"""The steps of a notice on its route: which method is begun now, and which one next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import Addressee, DeliveryMethod, DeliveryState
from provider_contact.deliveries.models import Delivery, NoticeRoute
from provider_contact.deliveries.policy import RouteStep, routes
from provider_contact.deliveries.repository import NotifiedInquiry
from provider_contact.deliveries.service.links import new_link
from provider_contact.directory.schemas import ProviderContact
from provider_contact.directory.service.contacts import body_contacts, contacts_of, with_role
from provider_contact.inquiries.codes import NoticeKind
from shared.ids import derived
from shared.unit_of_work import UnitOfWork

STEP_BATCH: Final = 50
"""Routes whose next step is begun in one transaction."""
TABLE: Final = "delivery"


@dataclass(slots=True)
class _Surroundings:
    """What the steps of a batch have in common; the contacts of an addressee are read once."""

    work: UnitOfWork
    now: datetime
    mail: bool
    inquiries: Mapping[UUID, NotifiedInquiry]
    with_webhook: set[UUID]
    _contacts: dict[tuple[str, str, str], Sequence[ProviderContact]] = field(default_factory=dict)

    async def contacts(self, route: NoticeRoute) -> Sequence[ProviderContact]:
        body, region = route.body or "", self.inquiries[route.inquiry_id].region
        key = (body, region, "") if body else ("", "", str(route.provider_id))
        if key not in self._contacts:
            found = body_contacts(self.work, body, region) if body else contacts_of(self.work, route.provider_id)
            self._contacts[key] = await found
        return self._contacts[key]


async def begin_due_steps(work: UnitOfWork, *, mail: bool) -> int:
    """Begin the next step of up to STEP_BATCH routes, longest due first. Return how many there were.

    `mail`: this installation can send mail. A method that the installation or the directory does not allow is passed over.
    """
    now = work.clock.now()
    due = await repository.due_routes(work.session, now, STEP_BATCH)
    if not due:
        return 0
    inquiries = await repository.notified_inquiries(work.session, {route.inquiry_id for route in due})
    with_webhook = await repository.providers_with_webhook(work.session, {route.provider_id for route in due})
    around = _Surroundings(work, now, mail, inquiries, with_webhook)
    for route in due:
        await _begin_next(around, route)
    return len(due)


def is_needed(notice: NoticeKind, method: DeliveryMethod, inquiry: NotifiedInquiry) -> bool:
    """Return whether the notice still concerns its addressee.

    A provider's system gets every notice, so that its records stay complete. People are written to and called only while an answer is
    expected, and of a cancelled inquiry.
    """
    return method == DeliveryMethod.WEBHOOK or notice == NoticeKind.CANCELLED or not inquiry.settled


async def _begin_next(around: _Surroundings, route: NoticeRoute) -> None:
    """Begin the first of the remaining steps that is possible; the route ends if none is."""
    steps = routes()[route.notice].get(route.addressee, ())
    for number, step in enumerate(steps[route.step :], start=route.step + 1):
        route.step = number
        if await _begin(around, route, step):
            is_last = number >= len(steps)
            route.due_at = around.now + step.wait if step.wait is not None and not is_last else None
            return
    route.due_at = None


async def _begin(around: _Surroundings, route: NoticeRoute, step: RouteStep) -> bool:
    """Add the delivery of a step. Return False if the step is not possible."""
    if not is_needed(route.notice, step.method, around.inquiries[route.inquiry_id]):
        return False
    if step.method == DeliveryMethod.WEBHOOK:
        if route.provider_id not in around.with_webhook:
            return False
        around.work.session.add(_delivery(around, route, step))
        return True
    contacts = with_role(await around.contacts(route), *step.roles)
    if step.method == DeliveryMethod.TELEPHONE:
        callable_ = next((contact for contact in contacts if contact.phone), None)
        delivery = _delivery(around, route, step, contact=callable_)
        delivery.state, delivery.next_at = DeliveryState.BY_PERSON, None
        around.work.session.add(delivery)
        return True
    contact = next((contact for contact in contacts if contact.email), None)
    if contact is None or contact.email is None or not around.mail:
        return False
    delivery = _delivery(around, route, step, contact=contact)
    delivery.address = around.work.sealer.seal(TABLE, delivery.delivery_id, "address", contact.email.encode())
    delivery.language = _language(contact)
    around.work.session.add(delivery)
    if step.link and route.addressee == Addressee.PROVIDER:
        around.work.session.add(new_link(around.work, delivery, route.provider_id))
    return True


def _delivery(around: _Surroundings, route: NoticeRoute, step: RouteStep, contact: ProviderContact | None = None) -> Delivery:
    return Delivery(
        delivery_id=derived(route.route_id, f"step {route.step}"),
        inquiry_id=route.inquiry_id,
        channel=step.method,
        attempts=0,
        delivered_at=None,
        last_error=None,
        external_id=None,
        notice=route.notice,
        state=DeliveryState.WAITING,
        route_id=route.route_id,
        step=route.step,
        provider_id=route.provider_id,
        contact_role=contact.role if contact is not None else step.roles[0] if step.roles else None,
        planned_at=route.planned_at if step.method == DeliveryMethod.WEBHOOK else around.now,  # webhooks go in the order of their notices
        next_at=around.now,
    )


def _language(contact: ProviderContact) -> str | None:
    """Return the language of a mail; None for Kazakh and Russian, if the contact reads both or its languages are not known."""
    known = [language for language in ("kk", "ru") if language in contact.languages]
    return known[0] if len(known) == 1 else None

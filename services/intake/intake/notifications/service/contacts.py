"""Where an applicant can be reached: addresses by delivery method, the next method to try, and masked addresses for staff."""

from collections.abc import Collection, Mapping
from typing import Final

from intake.notifications.codes import CODES, DeliveryMethod
from intake.notifications.models import Notification
from intake.notifications.policy import policy, routes
from intake.notifications.repository import AddressedNotification
from intake.register.service import answer_channels
from intake.register.service.sealed_fields import open_field
from shared.domain.phones import mask_phone
from shared.sealing import Sealer, SealError

AUTOMATIC: Final[Mapping[DeliveryMethod, str]] = {DeliveryMethod.SMS: "phone", DeliveryMethod.EMAIL: "email"}
"""The methods that send to a contact without a person, with the kind of that contact."""


def contacts(sealer: Sealer, item: AddressedNotification) -> Mapping[DeliveryMethod, str]:
    """Return the addresses of a notification's recipient by delivery method; for Telegram it is the appeal's id. Raises SealError.

    An unconfirmed phone number or mail address is left out: whoever filed the appeal may have named a stranger's. A contact is confirmed
    by a code, or by a person of the Fund or of a provider who wrote it down from the applicant.
    """
    notification = item.notification
    if notification.address is not None and notification.fact in CODES:
        address = sealer.open("notice", notification.id, "address", notification.address).decode()
        return {notification.channel: address}
    found = {
        method: address
        for method, address in _given_contacts(sealer, item).items()
        if method not in AUTOMATIC or _is_confirmed(item, method)
    }
    if DeliveryMethod.TELEGRAM in (item.filed_by, item.answer_by):
        found[DeliveryMethod.TELEGRAM] = str(notification.appeal_id)
    return found


def has_unconfirmed(sealer: Sealer, item: AddressedNotification) -> bool:
    """Return whether the applicant gave a phone number or mail address that is not confirmed. Raises SealError."""
    return any(method in AUTOMATIC and not _is_confirmed(item, method) for method in _given_contacts(sealer, item))


def _given_contacts(sealer: Sealer, item: AddressedNotification) -> dict[DeliveryMethod, str]:
    applicant = open_field(sealer, item.notification.appeal_id, "applicant", item.applicant) or {}
    return {
        DeliveryMethod(channel.code): applicant[channel.needs]
        for channel in answer_channels().values()
        if channel.needs and applicant.get(channel.needs)
    }


def _is_confirmed(item: AddressedNotification, method: DeliveryMethod) -> bool:
    return item.is_written_down or (item.phone_confirmed if AUTOMATIC[method] == "phone" else item.email_confirmed)


def next_method(
    item: AddressedNotification,
    addresses: Mapping[DeliveryMethod, str],
    usable: Collection[DeliveryMethod],
    tried: Collection[DeliveryMethod],
) -> DeliveryMethod | None:
    """Return the first method, in the order of the policy, that has an address and a route, is usable and was not tried."""
    fact, recipient = item.notification.fact, item.notification.recipient
    return next(
        (
            method
            for method in policy().order
            if method in addresses and method in usable and method not in tried and (fact, recipient, method) in routes()
        ),
        None,
    )


def mask_address(method: DeliveryMethod, address: str) -> str | None:
    """Return two digits of a phone number, or a letter and the domain of a mail address; None for other methods."""
    if method in {DeliveryMethod.SMS, DeliveryMethod.CALL}:
        return mask_phone(address)
    if method == DeliveryMethod.EMAIL:
        name, _, domain = address.rpartition("@")
        return f"{name[:1]}•••@{domain}"
    return None


def sent_address(sealer: Sealer, notification: Notification) -> str | None:
    """Return the masked address that a notification was sent to; None if there is none, or it is erased."""
    if notification.address is None:
        return None
    try:
        return mask_address(notification.channel, sealer.open("notice", notification.id, "address", notification.address).decode())
    except SealError:
        return None

"""Codes on which the code of deliveries branches."""

from enum import StrEnum


class DeliveryMethod(StrEnum):
    """How a notice reaches its addressee."""

    PORTAL = "PORTAL"
    """The provider reads it on the portal or over the API, where it is visible at once."""
    WEBHOOK = "WEBHOOK"
    """The provider's own system."""
    EMAIL = "EMAIL"
    TELEPHONE = "TELEPHONE"
    """A member of staff calls, and records the call."""


class DeliveryState(StrEnum):
    """The state of a delivery; the labels are in `delivery_texts.toml`."""

    WAITING = "WAITING"
    """The next attempt has its time."""
    BY_PERSON = "BY_PERSON"
    """A member of staff has to call."""
    DELIVERED = "DELIVERED"
    """The receiver accepted it: the provider's system, or the mail server for the mailbox. The portal shows a notice at once."""
    FAILED = "FAILED"
    DROPPED = "DROPPED"
    """It was not needed any more before it was delivered."""


class DeliveryError(StrEnum):
    """Why an attempt failed; the codes of webhooks are those of `AttemptError`. The labels are in `delivery_texts.toml`."""

    REFUSED_MAILBOX = "refused-mailbox"
    """The mail server refuses this mailbox or this message for good."""
    DEFERRED = "deferred"
    """The mail server cannot accept this message now."""
    SERVER_UNAVAILABLE = "server-unavailable"
    UNREADABLE = "unreadable"
    """A stored value cannot be opened."""


class ProviderMailKind(StrEnum):
    """A mail to the people of a provider that is about no inquiry."""

    INVITATION = "INVITATION"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"


class WebhookDisabledReason(StrEnum):
    """Why a provider's webhook is disabled."""

    GONE = "GONE"
    """The receiver answered 410."""
    FAILING = "FAILING"
    """The last attempt at a message failed as well."""


class Addressee(StrEnum):
    """Whom a route of `delivery_routes.csv` reaches."""

    PROVIDER = "PROVIDER"
    """The provider's system or its people."""
    SYSTEM = "SYSTEM"
    """The provider's own system alone, so that its records stay complete while the notice goes to somebody else."""
    BODY = "BODY"
    """The body above the provider that the notice names."""

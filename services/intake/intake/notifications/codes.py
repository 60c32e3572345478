"""Codes on which the code of notifications branches."""

from enum import StrEnum
from typing import Final

CODES: Final = frozenset({"code", "withdrawal-code", "pin-code", "rating-code"})
"""The facts whose notifications carry a one-time code."""

CONSENT_FACT: Final = "consent-requested"
ASKING: Final = frozenset({"solution-proposed", "commitment-due", CONSENT_FACT})
"""The facts whose notifications ask the applicant a question about an offer of a provider, to be answered by yes or no."""


class NotificationState(StrEnum):
    """The state of a notification; the labels are in `notice_texts.toml`."""

    PLANNED = "PLANNED"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    BY_HAND = "BY_HAND"
    """A person has to print the letter or to make the call."""
    FOLDED = "FOLDED"
    """Replaced by the one notification that covers all news of its appeal."""
    FAILED = "FAILED"


class NotificationReason(StrEnum):
    """Why a notification was not sent or not delivered; the labels are in `notice_texts.toml`."""

    NO_WAY = "NO_WAY"
    UNCONFIRMED = "UNCONFIRMED"
    REFUSED = "REFUSED"
    NOT_NOW = "NOT_NOW"
    NO_REPLY = "NO_REPLY"
    ANSWER_AWAY = "ANSWER_AWAY"
    UNDELIVERED = "UNDELIVERED"
    LIMIT = "LIMIT"
    UNREADABLE = "UNREADABLE"
    ANSWERED = "ANSWERED"


class DeliveryMethod(StrEnum):
    """How a notification reaches its recipient: ANY, or a code of the register's `answer_channels.csv`."""

    ANY = "ANY"
    """Not chosen yet: the dispatcher chooses a method when it sends the notification."""
    TELEGRAM = "TELEGRAM"
    SMS = "SMS"
    EMAIL = "EMAIL"
    LETTER = "LETTER"
    CALL = "CALL"
    APP = "APP"
    PARTNER = "PARTNER"
    DESK = "DESK"


class Recipient(StrEnum):
    """Who is notified."""

    APPLICANT = "APPLICANT"

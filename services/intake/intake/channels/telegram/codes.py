"""The codes on which the bot branches. Values are stored as they are."""

from enum import StrEnum


class UpdateState(StrEnum):
    """The state of a stored update.

    WAITING: not handled yet. CLAIMED: handled together with the others of the chat, and again together after an interruption. HANDLED:
    handled, and read again if an older update arrives. SETTLED: never read again. QUARANTINED: it cannot be handled.
    """

    WAITING = "WAITING"
    CLAIMED = "TAKEN"
    HANDLED = "IN_HAND"
    SETTLED = "SETTLED"
    QUARANTINED = "ASIDE"


class MessageState(StrEnum):
    """The state of a message of the bot. BLOCKED: the person has blocked the bot."""

    WAITING = "WAITING"
    SENT = "SENT"
    FAILED = "FAILED"
    BLOCKED = "BLOCKED"


class Step(StrEnum):
    """The step of a conversation.

    An appeal is written in the steps REGION to PREVIEW; the form decides whether ADDRESS and DISCLOSURE are asked. MENU: no appeal is
    being written. EXPIRED: a MENU whose draft was deleted. REASON and REPLY ask for one message about a filed appeal and return to the
    earlier step. ANSWERS shows published articles that may answer the question, if there are any. STARS asks for the rating of an
    organisation, which REGION and PROVIDER find as for an appeal, or of one of its doctors, of whom DOCTOR offers a choice.
    """

    MENU = "MENU"
    REGION = "REGION"
    PROVIDER = "PROVIDER"
    PROVIDER_CHOICE = "PROVIDER_CHOICE"
    SUBJECT = "MATTER"
    ANSWERS = "ANSWERS"
    KIND = "KIND"
    CONTACT = "CONTACT"
    NAME = "NAME"
    PHONE = "PHONE"
    ADDRESS = "ADDRESS"
    DISCLOSURE = "DISCLOSURE"
    PREVIEW = "PREVIEW"
    REASON = "WHY"
    REPLY = "REPLY"
    DOCTOR = "DOCTOR"
    STARS = "STARS"
    EXPIRED = "EXPIRED"

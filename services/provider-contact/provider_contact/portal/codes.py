"""Codes on which the code of the portal branches."""

from enum import StrEnum


class InboxTab(StrEnum):
    """The lists of the inbox, as URLs name them."""

    OPEN = "open"
    OVERDUE = "overdue"
    UNREAD = "unread"
    MINE = "mine"
    ANSWERED = "answered"
    ALL = "all"


class TemplateValue(StrEnum):
    """What the server fills into an answer template: `{{number}}`."""

    NUMBER = "number"
    DUE_ON = "due_on"
    PROVIDER = "provider"
    CATEGORY = "category"


class FigureCode(StrEnum):
    """The figures of a provider."""

    IN_TIME = "in_time"
    """Inquiries answered by the due time, of all that were due. Per cent."""
    DAYS = "days"
    """The median time from the inquiry to the first answer, in days."""
    RETURNED = "returned"
    """Answered inquiries that the Fund returned at least once. Per cent."""
    CONFIRMED = "confirmed"
    """Proposals "solved here and now" that the patient confirmed, of all that have a result. Per cent."""

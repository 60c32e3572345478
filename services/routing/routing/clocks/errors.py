from shared.errors import DomainError


class CalendarDoesNotReach(DomainError):
    """The working calendar does not cover the days of a term."""

    code, status, title = "calendar-gap", 422, "The working calendar does not cover these days."

from collections.abc import Sequence

from shared.errors import Conflict, DomainError


class UnknownAppeal(LookupError):
    """An event tells of an appeal that has no case here: it is parked until `replay`, as the order of the log promises one."""


class VersionConflict(Conflict):
    """Somebody changed the case since it was read."""

    code, title = "version-conflict", "The case has changed since you read it."

    def __init__(self, current_version: int) -> None:
        super().__init__(extra={"current_version": current_version})


class ActionNotPossible(Conflict):
    """The workflow has no such step from here; what it has is said."""

    code, title = "action-not-possible", "This cannot be done with the case now."

    def __init__(self, next_actions: Sequence[object]) -> None:
        super().__init__(extra={"next_actions": list(next_actions)})


class CalendarDoesNotReach(DomainError):
    code, status, title = "calendar-gap", 422, "The working calendar does not cover these days."

from collections.abc import Mapping, Sequence
from typing import Any

from shared.errors import Conflict, DomainError, FieldError, InvalidInput


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


class UnknownAssignee(InvalidInput):
    """Nobody at the desk is known by this sign-in name, or not somebody who sees the case; `colleagues` says who is and does."""

    code, status, title = "unknown-assignee", 422, "Nobody who may have this case is known by this name."

    def __init__(self, colleagues: Sequence[Mapping[str, Any]]) -> None:
        super().__init__([FieldError("assignee", self.code, "Choose one of the colleagues who see this case.")])
        self.extra = {"colleagues": list(colleagues)}

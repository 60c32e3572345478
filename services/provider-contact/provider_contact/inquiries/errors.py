"""Expected failures of inquiries."""

from collections.abc import Sequence
from typing import ClassVar

from provider_contact.inquiries.schemas import NextAction
from shared.errors import Conflict


class VersionConflict(Conflict):
    code, title = "version-conflict", "Somebody else changed this meanwhile."
    example_members: ClassVar = {"current_version": 4}

    def __init__(self, current_version: int) -> None:
        super().__init__(extra={"current_version": current_version})


class ActionNotPossible(Conflict):
    """The present state does not allow the action; the answer lists the actions that it allows."""

    code, title = "action-not-possible", "This action is not possible in the present state."
    example_members: ClassVar = {"next_actions": []}

    def __init__(self, next_actions: Sequence[NextAction]) -> None:
        super().__init__(extra={"next_actions": [action.model_dump() for action in next_actions]})


class UnknownAppeal(LookupError):
    """An event of an appeal whose registration was never consumed. The order of the log rules this out, so the event is quarantined."""

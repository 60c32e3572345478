"""What can go wrong here in an expected way."""

from collections.abc import Sequence
from typing import Any

from shared.errors import Conflict


class VersionConflict(Conflict):
    code, title = "version-conflict", "Somebody else changed this meanwhile."

    def __init__(self, current_version: int) -> None:
        super().__init__(extra={"current_version": current_version})


class ActionNotPossible(Conflict):
    code, title = "action-not-possible", "This action is not possible in the present state."

    def __init__(self, next_actions: Sequence[dict[str, Any]]) -> None:
        super().__init__(extra={"next_actions": list(next_actions)})


class UnknownAppeal(LookupError):
    """An event of an appeal whose registration was not seen; the order of the log rules this out, so the event is parked."""

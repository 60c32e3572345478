from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from pydantic_core import to_jsonable_python

from routing.cases.schemas.views import ColleagueView, NextAction
from shared.errors import Conflict, FieldError, InvalidInput


class UnknownAppeal(LookupError):
    """An event refers to an appeal without a case. The event is parked until `replay`, because the log promises the case first."""


class VersionConflict(Conflict):
    """The case was changed since it was read."""

    code, title = "version-conflict", "The case has changed since you read it."
    example_members: ClassVar = {"current_version": 4}

    def __init__(self, current_version: int) -> None:
        super().__init__(extra={"current_version": current_version})


class DraftVersionConflict(Conflict):
    """The draft was saved, sent or deleted since it was read, such as in another tab. Version 0: there is no draft now."""

    code, title = "version-conflict", "The draft has changed since you read it."
    example_members: ClassVar = {"current_version": 4}

    def __init__(self, current_version: int) -> None:
        super().__init__(extra={"current_version": current_version})


class ActionNotPossible(Conflict):
    """The workflow has no such step from the current status. The answer lists the actions that are possible."""

    code, title = "action-not-possible", "This cannot be done with the case now."
    example_members: ClassVar = {
        "next_actions": [{"action": "claim", "kk": "Орындауға алу", "ru": "Взять в работу", "en": "Take the case", "fields": []}]
    }

    def __init__(self, next_actions: Sequence[NextAction]) -> None:
        super().__init__(extra={"next_actions": [action.model_dump(mode="json") for action in next_actions]})


class UnknownAssignee(InvalidInput):
    """No colleague who sees the case has this subject. The answer lists those who do."""

    code, status, title = "unknown-assignee", 422, "Nobody who may have this case is known by this name."

    def __init__(self, colleagues: Sequence[ColleagueView]) -> None:
        super().__init__([FieldError("assignee", self.code, "Choose one of the colleagues who see this case.")])
        shown = ("subject", "name", "role", "region", "absent_until")
        self.extra = {"colleagues": to_jsonable_python([{name: getattr(colleague, name) for name in shown} for colleague in colleagues])}


class AbsentAssignee(InvalidInput):
    """The colleague is absent. The answer has the day of return."""

    code, status, title = "colleague-absent", 422, "The colleague is absent."
    example_members: ClassVar = {"absent_until": "2026-03-02"}

    def __init__(self, until: date) -> None:
        super().__init__([FieldError("assignee", "colleague-absent", "Choose a colleague who is not absent.")])
        self.extra = {"absent_until": until.isoformat()}


class UnknownMention(InvalidInput):
    """A note mentions somebody who is not known or may not see the case."""

    code, status, title = "unknown-colleague", 422, "A mentioned colleague is not known or does not see this case."

    def __init__(self, positions: Sequence[int]) -> None:
        detail = "Mention colleagues who see this case."
        super().__init__([FieldError(f"mentions.{position}", self.code, detail) for position in positions])

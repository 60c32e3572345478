"""One action on many cases: the request, and what came of each case."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from routing.cases.schemas import commands
from routing.cases.schemas.command import Command
from routing.cases.schemas.fields import CategoryCode, ClosingOutcomeCode, FormCode, KindCode, TopicCode
from shared.errors import FieldError, InvalidInput
from shared.field_errors import field_errors
from shared.http import ShortText, StrictModel

BULK_LIMIT: Final = 100  # cases: four pages of the desk's list
BulkAction = Literal["assign", "claim", "classify", "close"]
BULK_COMMANDS: Final[Mapping[str, type[Command]]] = {
    command.ACTION: command for command in (commands.Claim, commands.Assign, commands.Classify, commands.Close)
}


class BulkFields(StrictModel):
    """The fields of the action, as the action on one case takes them."""

    assignee: ShortText | None = None
    kind: KindCode | None = None
    category: CategoryCode | None = None
    topic: TopicCode | None = None
    statutory_form: FormCode | None = None
    outcome: ClosingOutcomeCode | None = None


class BulkCase(StrictModel):
    """A case in the version that the sender read."""

    appeal_id: UUID
    expected_version: Annotated[int, Field(ge=1, lt=2**31)]


class BulkCommand(StrictModel):
    """One action on up to BULK_LIMIT different cases."""

    action: BulkAction
    fields: BulkFields = Field(default_factory=BulkFields)
    cases: Annotated[list[BulkCase], Field(min_length=1, max_length=BULK_LIMIT)]

    def for_case(self, case: BulkCase) -> Command:
        """Return the action on one of the cases. Raises InvalidInput for fields that the action does not take."""
        fields = self.fields.model_dump(exclude_none=True)
        try:
            return BULK_COMMANDS[self.action].model_validate({"expected_version": case.expected_version} | fields)
        except ValidationError as error:
            raise InvalidInput([FieldError(f"fields.{each.field}", each.code, each.detail) for each in field_errors(error)]) from None


class RefusedCase(BaseModel):
    """A case that the action did not change, and the code of the refusal."""

    appeal_id: UUID
    code: str


class BulkResult(BaseModel):
    """The cases that were changed and those that were not, each in the order of the request."""

    done: list[UUID]
    refused: list[RefusedCase]

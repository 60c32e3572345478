"""Requests and responses of register imports."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from intake.imports.codes import ImportState
from intake.register.schemas import Code, Moment
from shared.http import ShortText, StrictModel, Text, Text20k


class LegacyRow(StrictModel):
    """A line of a former register as it was typed. `imports.service.importing` checks its values."""

    legacy_number: Annotated[str, Text(100)]
    channel: Code
    language: Code
    kind: Code
    category: Code | None = None
    topic: Code | None = None
    region: Code
    provider_bin: Annotated[str, Text(40)] | None = None
    received_at: Moment
    closed_at: Moment | None = None
    outcome: Code | None = None
    text: Text20k | None = None


class OpenRow(LegacyRow):
    """A line of a former register about an open appeal. `imports.service.open_lines` checks its values."""

    statutory_form: Code | None = None
    provider_name: Annotated[str, Text(300)] | None = None
    registered_at: Moment | None = None
    due_on: Annotated[str, Text(10)] | None = None
    extended_until: Annotated[str, Text(10)] | None = None
    full_name: ShortText | None = None
    iin: Annotated[str, Text(40)] | None = None
    phone: Annotated[str, Text(40)] | None = None
    email: Annotated[str, Text(254)] | None = None
    address: Annotated[str, Text(500)] | None = None
    consents: Annotated[str, Text(200)] | None = None


class RejectedLine(BaseModel):
    line: int
    code: str
    field: str
    detail: str


class OpenFault(RejectedLine):
    """A fault of a line; a line may have several."""

    kk: str
    ru: str


class OpenImported(BaseModel):
    """The report of an import of open appeals, or of its dry run."""

    import_id: UUID | None = Field(description="null: a dry run, which stores nothing")
    received: int = 0
    imported: int = Field(0, description="of a dry run: how many would be")
    unchanged: int = 0
    rejected: list[OpenFault] = []


class NoFields(StrictModel):
    """An action without fields."""


class OpenImportItem(BaseModel):
    """An import of open appeals."""

    import_id: UUID
    state: ImportState
    notified: bool
    asks_providers: bool
    received: int
    imported: int
    unchanged: int
    rejected: int
    removed: int = Field(description="appeals that were removed because the import was undone")
    at: datetime
    undone_at: datetime | None


class OpenImportReport(OpenImportItem):
    remaining: list[str] = Field(description="numbers of appeals that stay although the import was undone: somebody has worked on them")


class Imported(BaseModel):
    received: int = 0
    imported: int = 0
    unchanged: int = 0
    rejected: list[RejectedLine] = []

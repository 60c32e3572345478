"""Requests and responses of register imports."""

from typing import Annotated

from pydantic import BaseModel

from intake.register.schemas import Code, Moment
from shared.http import StrictModel, Text, Text20k


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


class RejectedLine(BaseModel):
    line: int
    code: str
    field: str
    detail: str


class Imported(BaseModel):
    received: int = 0
    imported: int = 0
    unchanged: int = 0
    rejected: list[RejectedLine] = []

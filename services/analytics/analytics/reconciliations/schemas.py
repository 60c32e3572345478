"""Requests and responses of reconciliations."""

from enum import StrEnum

from pydantic import BaseModel, Field


class Verdict(StrEnum):
    """What a check found."""

    OK = "OK"
    CONTRADICTION = "CONTRADICTION"
    NOT_CHECKABLE = "NOT_CHECKABLE"


class CheckKind(StrEnum):
    """What is checked of a row.

    `REPEATED`: the figure is stated elsewhere differently. `UNDIVIDED`: several things are counted in one number. `UNREADABLE`: the
    row, or one that it refers to, cannot be read.
    """

    TOTAL = "TOTAL"
    SHARE = "SHARE"
    CHANGE = "CHANGE"
    REPEATED = "REPEATED"
    UNDIVIDED = "UNDIVIDED"
    UNREADABLE = "UNREADABLE"


class Check(BaseModel):
    """A check of a row. `line` is the line of the file, or the row of the workbook."""

    line: int
    kind: CheckKind
    claim: str = Field(description="How the file calls the figure.")
    stated: str = Field(description="The value as the file has it.")
    computed: str | None = Field(description="The value computed from other rows, with a decimal comma; null if nothing was computed.")
    verdict: Verdict
    explanation_kk: str
    explanation_ru: str
    explanation_en: str


class Reconciliation(BaseModel):
    """The checks of a published statistic, by line. A row that claims nothing about others has none."""

    rows: int
    contradictions: int
    checks: list[Check]

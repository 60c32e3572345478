"""Who may export, and the columns of exports: headings and explanations from a data file that is checked before the service starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from shared.auth import Role
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_rows, policy_table

PACKAGE: Final = "analytics.exports"
READERS: Final[tuple[Role, ...]] = ("analyst", "supervisor", "head", "admin")
NUMBER: Final = "number"
"""The only column that identifies an appeal: for those who handle the appeals of the region."""
TYPES: Final[Mapping[str, type]] = MappingProxyType({"text": str, "number": int, "yes-no": bool, "day": date})


class ExportGrain(StrEnum):
    """What a row of an export is: an appeal, or an event of an appeal."""

    FACTS = "facts"
    TRANSITIONS = "transitions"


class ExportFormat(StrEnum):
    """The file formats of exports."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export. A cell of it is empty or of `cell_type`."""

    code: str
    grains: frozenset[str]
    cell_type: type
    heading: Label
    meaning: Label


@cache
def columns() -> Mapping[str, Column]:
    """Return all columns in their order, by code. Raises ReferenceDataError for an unknown grain or type, or two equal headings."""
    found = policy_table(PACKAGE, "columns.csv", _column)
    for grain in ExportGrain:
        headings = [text for column in found.values() if grain in column.grains for text in column.heading.as_dict().items()]
        if len(set(headings)) < len(headings):
            raise ReferenceDataError("columns.csv", 1, f"two columns of {grain} have the same heading")
    return found


def _column(row: Row) -> Column:
    grains = row.codes("grains")
    if grains - set(ExportGrain):
        raise row.error("a grain is not known")
    return Column(row.text("code"), grains, TYPES[row.one_of("type", TYPES)], row.label(), row.label("meaning_"))


def columns_of(grain: ExportGrain, *, with_numbers: bool) -> list[Column]:
    """Return the columns of an export in their order; the appeal's number only for those who may read it."""
    return [column for column in columns().values() if grain in column.grains and (with_numbers or column.code != NUMBER)]


@cache
def code_labels() -> Mapping[str, Mapping[str, Label]]:
    """Return the labels of codes that no other file names, by column and code. Raises ReferenceDataError for a code given twice."""
    found: dict[str, dict[str, Label]] = {}
    for row in policy_rows(PACKAGE, "labels.csv"):
        entries = found.setdefault(row.text("column"), {})
        if row.text("code") in entries:
            raise row.error("a code is given twice")
        entries[row.text("code")] = row.label()
    return MappingProxyType(found)

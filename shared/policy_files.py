"""Reviewed policy files: tables (CSV) and documents (TOML) in the `data` folder of a package. The first line names the source."""

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.domain.tables import ReferenceDataError, Row, parse_rows

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
SOURCE = "# source: "


def policy_text(package: str, file: str) -> str:
    """Return the text of `data/<file>` of a package. Raises ReferenceDataError if the first line does not name the source."""
    text = (files(package) / "data" / file).read_text(encoding="utf-8")
    if not text.startswith(SOURCE):
        raise ReferenceDataError(file, 1, "does not open with its source")
    return text


def policy_rows(package: str, file: str) -> list[Row]:
    """Return the rows of a table. Raises ReferenceDataError for a missing source or a row whose width differs from the header's."""
    return parse_rows(file, policy_text(package, file))


def policy_table(package: str, file: str, build: Callable[[Row], T], *, key: str = "code") -> Mapping[str, T]:
    """Return a read-only mapping from the key column of a table to the result of `build` for each row.

    Raises ReferenceDataError as `policy_rows` does and for a duplicate key, and whatever `build` raises.
    """
    entries: dict[str, T] = {}
    for row in policy_rows(package, file):
        if row.text(key) in entries:
            raise row.error(f"{row.text(key)} is given twice")
        entries[row.text(key)] = build(row)
    return MappingProxyType(entries)


def policy_document(package: str, file: str) -> dict[str, Any]:
    """Return the content of a TOML document. Raises ReferenceDataError for a missing source, TOMLDecodeError for bad syntax."""
    return tomllib.loads(policy_text(package, file))


def policy_model(package: str, file: str, model: type[M]) -> M:
    """Return a TOML document as a validated model. Raises ReferenceDataError, and pydantic's ValidationError, which is a ValueError."""
    return model.model_validate(policy_document(package, file))

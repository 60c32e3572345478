"""Reading the policy files of a slice: the tables and texts in its `data` folder."""

import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from shared.domain.tables import ReferenceDataError, Row, parse_rows

T = TypeVar("T")
ModelT = TypeVar("ModelT", bound=BaseModel)


class PolicyFiles:
    """The policy files of one slice, named by its package (`routing.cases`)."""

    def __init__(self, package: str) -> None:
        self._package = package

    def rows(self, file: str) -> list[Row]:
        """Return the rows of a CSV file. Raises ReferenceDataError if the file has no source or a row has a wrong width."""
        return parse_rows(file, self._text(file))

    def table(self, file: str, build: Callable[[Row], T], *, key: str = "code") -> Mapping[str, T]:
        """Return a read-only mapping from the key column to what `build` makes of the row.

        Raises ReferenceDataError for a key given twice, and whatever `build` raises.
        """
        entries: dict[str, T] = {}
        for row in self.rows(file):
            if row.text(key) in entries:
                raise row.error(f"{row.text(key)} is given twice")
            entries[row.text(key)] = build(row)
        return MappingProxyType(entries)

    def toml(self, file: str, model: type[ModelT]) -> ModelT:
        """Return a TOML file as `model`. Raises ReferenceDataError for a file that does not have its form."""
        try:
            return model.model_validate(tomllib.loads(self._text(file)))
        except ValidationError as error:
            raise ReferenceDataError(file, 1, str(error)) from None

    def _text(self, file: str) -> str:
        return (files(self._package) / "data" / file).read_text(encoding="utf-8")

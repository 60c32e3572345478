"""How routing's own reference files are read, and the small ones that several rooms use; each is checked when it is loaded."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

from shared.contents import Purpose
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row, parse_rows
from shared.domain.taxonomy import taxonomy

T = TypeVar("T")


def read_rows(file: str) -> list[Row]:
    return parse_rows(file, _read(file))


def read_toml(file: str) -> dict[str, Any]:
    return tomllib.loads(_read(file))


def read_table(file: str, build: Callable[[Row], T], *, key: str = "code") -> Mapping[str, T]:
    """A read-only mapping from the key column to what `build` makes of the row; a key given twice is refused."""
    entries: dict[str, T] = {}
    for row in read_rows(file):
        if row.text(key) in entries:
            raise row.error(f"{row.text(key)} is given twice")
        entries[row.text(key)] = build(row)
    return MappingProxyType(entries)


def _read(file: str) -> str:
    return (files("routing") / "data" / file).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Gate:
    """What an answer to a kind of appeal must say besides its text."""

    findings: bool
    next_steps: bool
    how_to_complain: bool


@cache
def closure_gate() -> Mapping[str, Gate]:
    """By kind; every kind has its row (АППК art. 65, 80, 89)."""
    gates = read_table("closure_gate.csv", lambda row: Gate(*map(row.flag, ("findings", "next_steps", "how_to_complain"))), key="kind")
    if gates.keys() != taxonomy().kinds.keys():
        raise ReferenceDataError("closure_gate.csv", 1, "the kinds are not those of the taxonomy")
    return gates


@cache
def closing_outcomes() -> tuple[str, ...]:
    return tuple(read_table("closing_outcomes.csv", lambda row: row.one_of("outcome", taxonomy().outcomes), key="outcome"))


@cache
def escalation_reasons() -> Mapping[str, Label]:
    return read_table("escalation_reasons.csv", Row.label)


@cache
def content_purposes() -> Mapping[str, Purpose]:
    return read_table("content_purposes.csv", lambda row: Purpose(row.words("readers"), row.flag("for_a_person")), key="purpose")

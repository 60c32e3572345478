"""How routing's own reference files are read, and the small ones that several rooms use; each is checked when it is loaded."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar, cast, get_args

from shared.auth import ROLES, Role
from shared.contents import Purpose
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row, parse_rows
from shared.domain.taxonomy import taxonomy
from shared.visibility import CaseAction

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
    outcome: str
    """What a case ends with when its answer has no finding."""


@cache
def closure_gate() -> Mapping[str, Gate]:
    """By kind; every kind has its row (АППК art. 65, 80, 89)."""

    def build(row: Row) -> Gate:
        outcome = row.one_of("outcome", frozenset(closing_outcomes()))
        return Gate(row.flag("findings"), row.flag("next_steps"), row.flag("how_to_complain"), outcome)

    gates = read_table("closure_gate.csv", build, key="kind")
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


@cache
def return_grounds() -> Mapping[str, Label]:
    """Why an appeal is returned (АППК art. 64(7))."""
    return read_table("return_grounds.csv", Row.label)


NOT_COMPLETED = "NOT_COMPLETED"
ANONYMOUS = "ANONYMOUS"


@dataclass(frozen=True, slots=True)
class TerminationGround:
    """Why a consideration is terminated, and which roles may decide so."""

    label: Label
    roles: frozenset[Role]


@cache
def termination_grounds() -> Mapping[str, TerminationGround]:
    """АППК art. 70, 88(1); who decides: art. 88(2)."""
    return read_table("termination_grounds.csv", lambda row: TerminationGround(row.label(), roles_in(row)))


def roles_in(row: Row) -> frozenset[Role]:
    """The roles that the row names; raises ReferenceDataError for one that is not known."""
    named = row.words("roles")
    if not named <= ROLES:
        raise row.error("a role is not known")
    return cast("frozenset[Role]", named)


@dataclass(frozen=True, slots=True)
class Body:
    """Who a matter is passed on to: in matters of competence (art. 65), or at once with a crime or a danger (art. 64(7-2))."""

    label: Label
    forwards: bool
    redirects: bool


@cache
def bodies() -> Mapping[str, Body]:
    return read_table("bodies.csv", lambda row: Body(row.label(), row.flag("forwards"), row.flag("redirects")))


CRIME = "CRIME"


@dataclass(frozen=True, slots=True)
class Danger:
    """What is passed on at once, to whom: the text is urgent, or the complaint is of the category."""

    ground: str
    urgent: bool
    category: str | None
    body: str
    label: Label


@cache
def dangers() -> Mapping[str, Danger]:
    """By rule, in the order in which they are tried; raises ReferenceDataError for a body that is not told of dangers."""

    def build(row: Row) -> Danger:
        category = row.one_of("category", taxonomy().categories) if row.optional("category") else None
        body = row.one_of("body", frozenset(code for code, each in bodies().items() if each.redirects))
        return Danger(row.one_of("ground", frozenset({CRIME, "DANGER"})), row.flag("urgent"), category, body, row.label())

    return read_table("dangers.csv", build, key="rule")


def danger_in(category: str | None, *, urgent: bool) -> str | None:
    """The rule under which such an appeal is passed on at once, None for most."""
    root = taxonomy().root_category(category) if category else None
    named = {category, root} - {None}
    return next((rule for rule, each in dangers().items() if (each.urgent and urgent) or each.category in named), None)


@cache
def anonymous_policy() -> Mapping[str, str]:
    """What is proposed for an anonymous appeal, by its form; every form has its row."""
    found = read_table("anonymous_policy.csv", lambda row: row.one_of("action", frozenset({"terminate", "request-completion"})), key="form")
    if found.keys() != taxonomy().forms.keys():
        raise ReferenceDataError("anonymous_policy.csv", 1, "the forms are not those of the taxonomy")
    return found


@dataclass(frozen=True, slots=True)
class MissingDatum:
    """Something that an appeal must contain; `anonymous`: it is asked for when nothing of the applicant is known."""

    label: Label
    anonymous: bool


@cache
def missing_data() -> Mapping[str, MissingDatum]:
    """АППК art. 63(2), 93(2)."""
    return read_table("missing_data.csv", lambda row: MissingDatum(row.label(), row.flag("anonymous")))


@cache
def closing_rules() -> Mapping[str, frozenset[str]]:
    """By channel, the actions that must wait until an answer was given."""

    def build(row: Row) -> frozenset[str]:
        row.one_of("channel", taxonomy().channels)
        if not row.words("actions") <= frozenset(get_args(CaseAction)):
            raise row.error("an action is not known")
        return row.words("actions")

    return read_table("closing_rules.csv", build, key="channel")

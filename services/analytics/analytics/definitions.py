"""What each figure is: read from the package's data files and checked before the service starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row, parse_rows
from shared.domain.taxonomy import taxonomy

GROUPS = frozenset({"none", "channel", "kind", "region", "tier", "category", "provider", "topic", "outcome"})
CALL_MEASURES = frozenset({"OFFERED", "ANSWERED", "ABANDONED", "ABANDONED_SHORT", "WAITING", "HANDLING", "IN_TIME"})
MEASURES = CALL_MEASURES | {"SCORE"}
_ALL, _CALLS = "all", "calls"
PUBLIC_SHAPES = frozenset(
    {
        (None, None), ("COMPLAINT", None), (None, "region"), (None, "channel"), (None, "kind"), ("COMPLAINT", "category"),
        ("CONSULTATION", "topic"),
    }
)  # fmt: skip
"""Cohort and group of the figures that disclosure control knows. Each may be public once: another split would show what they hide."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure's definition. `kind` limits its cohort, `outcome` what is counted of it; `group` is None for a figure without parts.

    `measure` is what is taken of calls or of ratings, one of MEASURES; None for a count of appeals.
    """

    id: str
    label: Label
    unit: str
    metric_version: int
    kind: str | None
    outcome: str | None
    group: str | None
    measure: str | None
    public: bool

    @property
    def shape(self) -> tuple[str | None, str | None]:
        """Cohort and group."""
        return self.kind, self.group


@cache
def kpi_definitions() -> Mapping[str, Kpi]:
    """Every figure by its id, in the order of the file; raises ReferenceDataError naming the row that is wrong."""
    return parse_definitions(_read("kpis.csv"))


def parse_definitions(text: str) -> Mapping[str, Kpi]:
    found: dict[str, Kpi] = {}
    for row in parse_rows("kpis.csv", text):
        kpi = _kpi(row)
        if kpi.id in found:
            raise row.error(f"{kpi.id} is given twice")
        if kpi.public and (kpi.shape not in PUBLIC_SHAPES or kpi.outcome is not None):
            raise row.error("disclosure control does not cover this figure: it cannot be public")
        if kpi.public and any(each.public and each.shape == kpi.shape for each in found.values()):
            raise row.error("another public figure has the same cohort and group")
        found[kpi.id] = kpi
    return MappingProxyType(found)


def _kpi(row: Row) -> Kpi:
    group = row.one_of("group", GROUPS)
    is_of_calls = row.text("cohort") == _CALLS
    measure = row.one_of("measure", CALL_MEASURES) if is_of_calls else row.text("measure") if row.text("measure") in MEASURES else None
    if measure and (group != "none" or row.flag("public")):
        raise row.error("a figure of calls or ratings has no parts, and is not public")
    return Kpi(
        id=row.text("id"),
        label=row.label(),
        unit=row.one_of("unit", frozenset({"appeals", "calls", "seconds", "percent", "score"})),
        metric_version=row.number_in("metric_version", 1, 1000),
        kind=None if is_of_calls else _unless_all(row, "cohort", frozenset(taxonomy().kinds)),
        outcome=None if measure else _unless_all(row, "measure", frozenset(taxonomy().outcomes)),
        group=None if group == "none" else group,
        measure=measure,
        public=row.flag("public"),
    )


def _unless_all(row: Row, column: str, codes: frozenset[str]) -> str | None:
    code = row.one_of(column, codes | {_ALL})
    return None if code == _ALL else code


@dataclass(frozen=True, slots=True)
class CallRules:
    """A call answered within so many seconds is in time; one given up before so many is counted apart."""

    answered_within_seconds: int
    short_abandon_seconds: int


@cache
def call_rules() -> CallRules:
    """Raises ReferenceDataError when one is missing or wrong."""
    rules = {row.text("rule"): row.number_in("value", 0, 3600) for row in parse_rows("calls.csv", _read("calls.csv"))}
    if rules.keys() != set(CallRules.__dataclass_fields__):
        raise ReferenceDataError("calls.csv", 1, "the rules are not those that figures ask for")
    return CallRules(**rules)


@dataclass(frozen=True, slots=True)
class Publication:
    """What everybody may be shown: no cell of less than `smallest_cell` appeals."""

    smallest_cell: int


@cache
def publication() -> Publication:
    """The rules of publication; raises ReferenceDataError when one is missing or wrong."""
    rules = {row.text("rule"): row for row in parse_rows("publication.csv", _read("publication.csv"))}
    if "smallest_published_cell" not in rules:
        raise ReferenceDataError("publication.csv", 1, "smallest_published_cell is missing")
    return Publication(rules["smallest_published_cell"].number_in("value", 1, 100))


def _read(file: str) -> str:
    return (files("analytics") / "data" / file).read_text(encoding="utf-8")

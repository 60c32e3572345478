"""The definitions of the figures and the rules of publication, read from data files and checked before the service starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from analytics.facts.schemas import Formula, Grain, Group, Proof
from shared.domain.labels import Label
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import ReferenceDataError, Row, parse_rows
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_rows, policy_text

PACKAGE: Final = "analytics.kpis"


class Unit(StrEnum):
    """The units of figures."""

    APPEALS = "appeals"
    CALLS = "calls"
    SECONDS = "seconds"
    PERCENT = "percent"
    SCORE = "score"
    QUESTIONS = "questions"
    INQUIRIES = "inquiries"
    PER_10000 = "per_10000"
    """Appeals for 10 000 people of the region."""


class Direction(StrEnum):
    """Which way a figure should go."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


class Measure(StrEnum):
    """What is measured of calls and questions, and the percentiles of appeals; all other measures of appeals are a `Formula`."""

    OFFERED = "OFFERED"
    ANSWERED_CALLS = "ANSWERED_CALLS"
    ABANDONED = "ABANDONED"
    ABANDONED_SHORT = "ABANDONED_SHORT"
    WAITING = "WAITING"
    HANDLING = "HANDLING"
    ANSWERED_SOON = "ANSWERED_SOON"
    SELF_SERVED = "SELF_SERVED"
    ANSWER_TIME_MEDIAN = "ANSWER_TIME_MEDIAN"
    ANSWER_TIME_P90 = "ANSWER_TIME_P90"
    PER_10000 = "PER_10000"
    PER_10000_INSURED = "PER_10000_INSURED"
    BACKLOG = "BACKLOG"
    REPLY_TIME_MEDIAN = "REPLY_TIME_MEDIAN"
    REPLY_TIME_P90 = "REPLY_TIME_P90"
    INQUIRIES_OVERDUE = "INQUIRIES_OVERDUE"
    REFUSALS_LAWFUL = "REFUSALS_LAWFUL"
    COMMITMENTS_FULFILLED = "COMMITMENTS_FULFILLED"


class People(StrEnum):
    """Which people of a region were counted: those attached to its medical organisations, or those insured."""

    ATTACHED = "ATTACHED"
    INSURED = "INSURED"


DIVIDED_BY: Final[Mapping[Measure, People]] = MappingProxyType(
    {Measure.PER_10000: People.ATTACHED, Measure.PER_10000_INSURED: People.INSURED}
)
"""The people by whom a count of appeals is divided."""
OF_APPEALS: Final = frozenset({Measure.ANSWER_TIME_MEDIAN, Measure.ANSWER_TIME_P90, *DIVIDED_BY})
"""The measures of appeals; all others are of another grain."""
_GRAINS: Final[Mapping[Measure, Grain]] = MappingProxyType(
    {
        **dict.fromkeys(OF_APPEALS, Grain.APPEALS),
        Measure.SELF_SERVED: Grain.QUESTIONS,
        Measure.BACKLOG: Grain.BACKLOG,
        Measure.REPLY_TIME_MEDIAN: Grain.INQUIRIES,
        Measure.REPLY_TIME_P90: Grain.INQUIRIES,
        Measure.INQUIRIES_OVERDUE: Grain.INQUIRIES,
        Measure.REFUSALS_LAWFUL: Grain.INQUIRIES,
        Measure.COMMITMENTS_FULFILLED: Grain.COMMITMENTS,
    }
)
"""What a measure counts; the others count calls."""


PROOFS: Final[Mapping[str, frozenset[Proof]]] = MappingProxyType(
    {
        "CONFIRMED": frozenset({Proof.CONFIRMED, Proof.VERIFIED}),
        "VERIFIED": frozenset({Proof.VERIFIED, Proof.WITHDRAWAL_VERIFIED, Proof.ANSWER_VERIFIED}),
        "REFUTED": frozenset({Proof.REFUTED, Proof.WITHDRAWAL_REFUTED, Proof.ANSWER_REFUTED}),
        "UNPROVEN": frozenset({Proof.NO_ANSWER, Proof.WITHDRAWN}),
    }
)
"""The measures that count appeals by the applicant's own word. Unproven: withdrawn without a check, or a proposal that nobody answered."""


@dataclass(frozen=True, slots=True)
class CallRules:
    """A call answered within `answered_within_seconds` is in time; one abandoned before `short_abandon_seconds` is counted separately."""

    answered_within_seconds: int
    short_abandon_seconds: int


@cache
def call_rules() -> CallRules:
    """Return the rules of the telephone centre. Raises ReferenceDataError for a missing or wrong rule."""
    rules = {row.text("rule"): row.number_in("value", 0, 3600) for row in policy_rows(PACKAGE, "calls.csv")}
    if rules.keys() != set(CallRules.__dataclass_fields__):
        raise ReferenceDataError("calls.csv", 1, "the rules are not those that the figures need")
    return CallRules(**rules)


class DashboardSection(StrEnum):
    """Where the dashboard shows a figure: CHART with its parts, the others as a number."""

    MAIN = "main"
    TIME = "time"
    QUALITY = "quality"
    CENTRE = "centre"
    CHART = "chart"


class CountedKind(StrEnum):
    """Kinds of appeal that disclosure control knows; codes of the taxonomy's kinds, compared at start-up."""

    COMPLAINT = "COMPLAINT"
    CONSULTATION = "CONSULTATION"


_ALL, _CALLS, _NONE = "all", "calls", "none"
PUBLIC_SHAPES: Final = frozenset[tuple[str | None, Group | None]](
    {
        (None, None),
        (CountedKind.COMPLAINT, None),
        (None, Group.REGION),
        (None, Group.CHANNEL),
        (None, Group.KIND),
        (CountedKind.COMPLAINT, Group.CATEGORY),
        (CountedKind.CONSULTATION, Group.TOPIC),
    }
)
"""Cohort and group of the figures that disclosure control covers. Each may be public once: another split would reveal hidden counts."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """The definition of a figure. `kind` limits its cohort, `outcome` what is counted in it; `group` is None for a figure without parts.

    `measure` is None for a count of appeals.
    """

    id: str
    label: Label
    unit: Unit
    metric_version: int
    kind: str | None
    outcome: str | None
    group: Group | None
    measure: Measure | Formula | None
    proofs: frozenset[Proof]
    """Limits what is counted to appeals of which this is known; empty for no limit."""
    public: bool
    direction: Direction
    minimum_n: int
    """A share, average or percentile of fewer calls or appeals is not shown: it says nothing."""
    dashboard: DashboardSection | None
    """Where the dashboard shows it; None: nowhere."""

    @property
    def grain(self) -> Grain:
        """Return what the figure counts: it can be narrowed and split by the columns of that grain."""
        if self.measure is None or isinstance(self.measure, Formula):
            return Grain.APPEALS
        return _GRAINS.get(self.measure, Grain.CALLS)

    @property
    def people(self) -> People | None:
        """Return the people by whom the figure is divided, None for any other figure."""
        return DIVIDED_BY.get(self.measure) if isinstance(self.measure, Measure) else None

    @property
    def shape(self) -> tuple[str | None, Group | None]:
        """Cohort and group."""
        return self.kind, self.group


@cache
def leakage_days() -> int:
    """Return how soon a complaint after an answer of tier 1 counts as leakage. Raises ReferenceDataError for a missing or wrong rule."""
    rules = {row.text("rule"): row for row in policy_rows(PACKAGE, "appeals.csv")}
    if rules.keys() != {"leakage_days"}:
        raise ReferenceDataError("appeals.csv", 1, "the rules are not those that the figures need")
    return rules["leakage_days"].number_in("value", 1, 365)


class AgeSpan(NamedTuple):
    """Appeals received so many days ago, both ends included; `oldest` is None for any age above."""

    code: str
    youngest: int
    oldest: int | None
    label: Label


@cache
def ageing() -> Sequence[AgeSpan]:
    """Return the spans of age of the backlog, youngest first. Raises ReferenceDataError unless each begins after the one before."""
    rows = policy_rows(PACKAGE, "ageing.csv")
    starts = [row.number_in("from_days", 0, 3650) for row in rows]
    if not starts or starts[0] != 0 or sorted(set(starts)) != starts:
        raise ReferenceDataError("ageing.csv", 1, "the spans do not follow each other from 0")
    ends = [*(start - 1 for start in starts[1:]), None]
    return [AgeSpan(row.text("code"), start, end, row.label()) for row, start, end in zip(rows, starts, ends, strict=True)]


class Population(NamedTuple):
    """How many people of a region there were on a day."""

    region: str
    counted: People
    counted_on: date
    people: int


@cache
def population() -> Sequence[Population]:
    """Return the people of regions, as far as a source gives their number. Raises ReferenceDataError for a wrong row."""
    found = []
    for row in policy_rows(PACKAGE, "population.csv"):
        counted_on = row.day("counted_on")
        if counted_on is None:
            raise row.error("a number of people needs its day")
        region, counted = row.one_of("region", regions()), People(row.one_of("counted", frozenset(People)))
        found.append(Population(region, counted, counted_on, row.number_in("people", 1, 20_000_000)))
    return found


def population_of(region: str, counted: People, day: date) -> Population | None:
    """Return the people of a region: the latest number until the day, else the first after it; None if no source gives a number."""
    known = sorted((each for each in population() if (each.region, each.counted) == (region, counted)), key=lambda each: each.counted_on)
    before = [each for each in known if each.counted_on <= day]
    return before[-1] if before else known[0] if known else None


def people_of(region: str, counted: People, day: date) -> int | None:
    """Return the number of people of a region; None if no source gives one."""
    found = population_of(region, counted, day)
    return None if found is None else found.people


def regions_without_people(region: str | None, counted: People) -> list[str]:
    """Return the regions of a figure that have no number of people: the region, or for None those of the country."""
    known = {each.region for each in population() if each.counted is counted}
    return [code for code in ([region] if region else sorted(regions().keys() - {CENTRAL_OFFICE})) if code not in known]


@cache
def kpi_definitions() -> Mapping[str, Kpi]:
    """Return every figure by its id, in the order of the file. Raises ReferenceDataError, which names the wrong row."""
    return parse_definitions(policy_text(PACKAGE, "kpis.csv"))


def parse_definitions(text: str) -> Mapping[str, Kpi]:
    """Return the figures that a file defines. Raises ReferenceDataError for a wrong row."""
    found: dict[str, Kpi] = {}
    for row in parse_rows("kpis.csv", text):
        kpi = _kpi(row)
        if kpi.id in found:
            raise row.error(f"{kpi.id} is listed twice")
        if kpi.public and (kpi.shape not in PUBLIC_SHAPES or kpi.outcome is not None or kpi.proofs):
            raise row.error("disclosure control does not cover this figure: it cannot be public")
        if kpi.public and any(each.public and each.shape == kpi.shape for each in found.values()):
            raise row.error("another public figure has the same cohort and group")
        found[kpi.id] = kpi
    return MappingProxyType(found)


def _kpi(row: Row) -> Kpi:
    group = row.one_of("group", frozenset[str](Group) | {_NONE})
    measure = _measure(row)
    proofs = frozenset[Proof]() if measure else PROOFS.get(row.text("measure"), frozenset[Proof]())
    if measure and (group not in {_NONE, Group.AGE} or row.flag("public")):
        raise row.error("a measured figure has no parts of its own and is not public")
    section = row.one_of("dashboard", frozenset[str](DashboardSection) | {_NONE})
    if section != _NONE and (section == DashboardSection.CHART) != (group != _NONE):
        raise row.error("the dashboard shows a figure with parts as a chart, and one without parts as a number")
    return Kpi(
        id=row.text("id"),
        label=row.label(),
        unit=Unit(row.one_of("unit", frozenset[str](Unit))),
        metric_version=row.number_in("metric_version", 1, 1000),
        kind=None if row.text("cohort") == _CALLS else _unless_all(row, "cohort", frozenset(taxonomy().kinds)),
        outcome=None if measure or proofs else _unless_all(row, "measure", frozenset(taxonomy().outcomes)),
        group=None if group == _NONE else Group(group),
        measure=measure,
        proofs=proofs,
        public=row.flag("public"),
        direction=Direction(row.one_of("direction", frozenset[str](Direction))),
        minimum_n=row.number_in("minimum_n", 1, 1000),
        dashboard=None if section == _NONE else DashboardSection(section),
    )


def _measure(row: Row) -> Measure | Formula | None:
    of_appeals = frozenset[str](_GRAINS)
    if row.text("cohort") == _CALLS:
        return Measure(row.one_of("measure", frozenset[str](Measure) - of_appeals))
    code = row.text("measure")
    return Measure(code) if code in of_appeals else Formula(code) if code in frozenset[str](Formula) - {Formula.ANSWER_TIME} else None


def _unless_all(row: Row, column: str, codes: frozenset[str]) -> str | None:
    code = row.one_of(column, codes | {_ALL})
    return None if code == _ALL else code


@dataclass(frozen=True, slots=True)
class Publication:
    """The rules of publication: no cell of less than `smallest_cell` appeals is public."""

    smallest_cell: int


@cache
def publication() -> Publication:
    """Return the rules of publication. Raises ReferenceDataError for a missing or wrong rule."""
    rules = {row.text("rule"): row for row in policy_rows(PACKAGE, "publication.csv")}
    if "smallest_published_cell" not in rules:
        raise ReferenceDataError("publication.csv", 1, "smallest_published_cell is missing")
    return Publication(rules["smallest_published_cell"].number_in("value", 1, 100))


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError, so that no process starts with a wrong file."""
    if missing := set(CountedKind) - taxonomy().kinds.keys():
        raise ReferenceDataError("kinds.csv", 1, f"missing: {', '.join(sorted(missing))}")
    for load in (kpi_definitions, publication, call_rules, leakage_days, ageing, population):
        load()

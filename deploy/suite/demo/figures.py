"""Comparison of the sent appeals with the published figures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from rich.table import Table

from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
from suite.demo.appeals import AppealBody
from suite.demo.surface import Surface
from suite.demo.traffic import Done

SPLIT = (
    "received_by_channel",
    "received_by_kind",
    "received_by_region",
    "received_by_tier",
    "complaints_by_category",
    "consultations_by_topic",
    "outcomes",
)
KPIS = ("received", "complaints", *SPLIT)
Figures = Mapping[str, Counter[str]]
"""The values of each KPI by part. A figure without parts has the part ""."""


async def read(surface: Surface) -> Figures:
    """Read the figures of the days around now, because days are local to each region."""
    now = datetime.now(UTC)
    first, last = (now - timedelta(days=1)).date().isoformat(), (now + timedelta(days=1)).date().isoformat()
    figures = {}
    for kpi in KPIS:
        actual = await surface.figure(kpi, first, last)
        figures[kpi] = Counter({part["code"]: part["value"] for part in actual["parts"]} if kpi in SPLIT else {"": actual["value"]})
    return figures


async def received(surface: Surface) -> int:
    now = datetime.now(UTC)
    actual = await surface.figure("received", (now - timedelta(days=1)).date().isoformat(), (now + timedelta(days=1)).date().isoformat())
    return int(actual["value"])


def sent(done: Done) -> Figures:
    """Return the figures expected after this traffic."""
    return expected_after((appeal.body for appeal, _ in done.appeals), done.outcomes)


def expected_after(bodies: Iterable[AppealBody], outcomes: Mapping[str, int]) -> Figures:
    """Return the figures expected after appeals with these bodies, read once, and these outcomes."""
    counts: dict[str, Counter[str]] = {kpi: Counter() for kpi in KPIS}
    root = taxonomy().root_category
    for body in bodies:
        kind, category, topic = body["kind"], body.get("category"), body.get("topic")
        counts["received"][""] += 1
        counts["received_by_channel"][body["channel"]] += 1
        counts["received_by_kind"][kind] += 1
        counts["received_by_region"][body["region"]] += 1
        counts["received_by_tier"][str(tier_for(kind, category, topic, urgent=False))] += 1
        if kind == "COMPLAINT" and category is not None:
            counts["complaints"][""] += 1
            counts["complaints_by_category"][str(root(category))] += 1
        elif kind == "CONSULTATION" and topic is not None:
            counts["consultations_by_topic"][topic] += 1
    return counts | {"outcomes": Counter(outcomes)}


def agree(expected: Figures, before: Figures, after: Figures) -> bool:
    return all(want == actual for _, _, want, actual in _rows(expected, before, after))


def differences(expected: Figures, before: Figures, after: Figures) -> list[str]:
    """Return a sentence for each part of a figure that differs."""
    return [f"{kpi} {code}: sent {want}, said {actual}" for kpi, code, want, actual in _rows(expected, before, after) if want != actual]


def table(expected: Figures, before: Figures, after: Figures) -> Table:
    made = Table("Figure", "Part", "Sent", "Said", "", title="What was sent, and what the figures say", title_justify="left")
    made.columns[2].justify = made.columns[3].justify = "right"
    for kpi, code, want, actual in _rows(expected, before, after):
        made.add_row(kpi, code, f"{want}", f"{actual}", "[green]agrees[/]" if want == actual else "[red]differs[/]")
    return made


def _rows(expected: Figures, before: Figures, after: Figures) -> Iterable[tuple[str, str, int, int]]:
    for kpi in KPIS:
        actual = {code: after[kpi][code] - before[kpi][code] for code in after[kpi]}
        # Open appeals have no recorded outcome: only their number is known.
        codes = expected[kpi].keys() if kpi == "outcomes" else expected[kpi].keys() | {code for code, value in actual.items() if value}
        for code in sorted(codes, key=lambda code: -expected[kpi][code]):
            yield kpi, code, expected[kpi][code], actual.get(code, 0)

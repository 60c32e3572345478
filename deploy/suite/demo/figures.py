"""Comparison of the sent appeals with the published figures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from rich.table import Table

from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
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
    bodies = [appeal.body for appeal, _ in done.appeals]
    complaints = [body for body in bodies if body["kind"] == "COMPLAINT"]
    root = taxonomy().root_category
    return {
        "received": Counter({"": len(bodies)}),
        "complaints": Counter({"": len(complaints)}),
        "received_by_channel": _count(body["channel"] for body in bodies),
        "received_by_kind": _count(body["kind"] for body in bodies),
        "received_by_region": _count(body["region"] for body in bodies),
        "received_by_tier": _count(tier_for(body["kind"], body.get("category"), body.get("topic"), urgent=False) for body in bodies),
        "complaints_by_category": _count(root(body["category"]) for body in complaints),
        "consultations_by_topic": _count(body["topic"] for body in bodies if body["kind"] == "CONSULTATION"),
        "outcomes": Counter(done.outcomes),
    }


def agree(expected: Figures, before: Figures, after: Figures) -> bool:
    return all(want == actual for _, _, want, actual in _rows(expected, before, after))


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


def _count(codes: Iterable[object]) -> Counter[str]:
    return Counter(str(code) for code in codes)

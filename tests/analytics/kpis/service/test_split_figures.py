"""Figures that are narrowed, split and compared, against a plain recomputation over facts at random."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from analytics.facts.models import call_fact, fact, self_served
from analytics.facts.schemas import FILTERS, GROUPS, CohortFilters, Grain, Group
from shared.domain.taxonomy import taxonomy
from tests.analytics import random_facts
from tests.analytics.random_facts import random_world

SIZE = 400
TIMES = ("month", "quarter")
COLUMNS = ("region", "channel", "category", "kind", "topic", "tier", "language", "provider")
VALUES = {
    "channel": random_facts.CHANNELS, "kind": ("COMPLAINT", "CONSULTATION"), "category": ("QUALITY", "QUALITY_DEATH", "REFUSAL"),
    "topic": ("REFERRAL", "PAY_METHODS"), "tier": (1, 2, 3), "provider_id": random_facts.PROVIDERS[:2], "language": ("kk", "ru"),
}  # fmt: skip
Row = dict[str, Any]


def one_decimal(part: int, whole: int) -> float | None:
    return None if whole == 0 else float((Decimal(part) / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def first_time(row: Row) -> bool:
    return row["follows"] is None


MINIMUM_N = 5
LEAKAGE = timedelta(days=14)


def is_late(row: Row, now: datetime) -> bool:
    """Return whether an appeal is neither answered nor ended after its term."""
    return row["answered_at"] is None and row["due_at"] is not None and row["due_at"] < now and row["status"] != "CLOSED"


class Recomputation:
    """Values and n of figures by their definitions, over all facts and the present."""

    def __init__(self, rows: Sequence[Row], now: datetime) -> None:
        self.now = now
        self.later: dict[Any, list[Row]] = defaultdict(list)
        for row in rows:
            self.later[row["follows"]].append(row)

    def measured(self, kpi: str, rows: Sequence[Row]) -> tuple[int | float | None, int]:
        base = [row for row in rows if first_time(row)]
        if kpi in COUNTED:
            base = [row for row in base if kpi != "complaints" or row["kind"] == "COMPLAINT"]
            return sum(COUNTED[kpi](row, self.now) for row in base), len(base)
        if kpi in {"satisfaction", "classifier_agreement"}:
            column, factor = ("score", 1) if kpi == "satisfaction" else ("agreed", 100)
            found = [row[column] for row in rows if row[column] is not None]
            return one_decimal(factor * sum(found), len(found)), len(found)
        if kpi.startswith("held_"):
            held = [row[kpi] for row in base if row[kpi] > 0]
            return self.shown(one_decimal(sum(held), len(held)), len(held))
        ours = [row for row in base if not row["imported"]]
        if kpi.startswith("answer_time"):
            return self.percentile(50 if kpi.endswith("median") else 90, ours)
        n, part = self.share(kpi, base, ours)
        return self.shown(one_decimal(100 * len(part), len(n)), len(n))

    def share(self, kpi: str, base: Sequence[Row], ours: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row]]:
        answered = [row for row in base if row["answered_at"]]
        if kpi == "answered_share":
            return ours, [row for row in ours if row["answered_at"]]
        if kpi == "answered_in_time":
            due = [row for row in base if row["due_at"] and (row["answered_at"] or is_late(row, self.now))]
            return due, [row for row in due if row["answered_at"] and row["answered_at"] <= row["due_at"]]
        if kpi == "first_contact_resolution":
            at_once = [row for row in ours if row["answered_at"] == row["registered_at"] and not row["reopened"]]
            return ours, [row for row in at_once if not self.later[row["appeal_id"]]]
        assert kpi == "tier1_leakage"
        first = [row for row in answered if row["kind"] == "CONSULTATION" and row["tier"] in {None, 1}]
        return first, [row for row in first if any(self.leaks(row, later) for later in self.later[row["appeal_id"]])]

    @staticmethod
    def leaks(row: Row, later: Row) -> bool:
        return later["kind"] == "COMPLAINT" and whole(later["received_at"]) - whole(row["answered_at"]) <= LEAKAGE.total_seconds()

    @staticmethod
    def percentile(per_cent: int, rows: Sequence[Row]) -> tuple[float | None, int]:
        times = sorted(whole(row["answered_at"]) - whole(row["received_at"]) for row in rows if row["answered_at"])
        if len(times) < MINIMUM_N:
            return None, len(times)
        position, rest = divmod(per_cent * (len(times) - 1), 100)
        above = times[min(position + 1, len(times) - 1)]
        return one_decimal(times[position] * (100 - rest) + above * rest, 100), len(times)

    @staticmethod
    def shown(value: float | None, n: int) -> tuple[float | None, int]:
        return (value if n >= MINIMUM_N else None), n


def whole(at: datetime) -> int:
    return int(at.timestamp())


COUNTED: dict[str, Callable[[Row, datetime], bool]] = {
    "received": lambda row, _: first_time(row),
    "complaints": lambda row, _: first_time(row),
    "withdrawn": lambda row, _: row["outcome"] == "WITHDRAWN",
    "confirmed": lambda row, _: row["proof"] in {"CONFIRMED", "VERIFIED"},
    "overdue": lambda row, now: is_late(row, now) or bool(row["answered_at"] and row["due_at"] and row["answered_at"] > row["due_at"]),
    "extended": lambda row, _: row["extended"],
    "reopened": lambda row, _: row["reopened"],
}
KPIS = (
    *COUNTED, "satisfaction", "classifier_agreement", "held_by_fund", "held_by_provider", "held_by_applicant", "answered_share",
    "answer_time_median", "answer_time_p90", "answered_in_time", "first_contact_resolution", "tier1_leakage",
)  # fmt: skip


def is_in(row: Row, asked: Row) -> bool:
    for name, value in asked.items():
        if name == "category":
            if row["category"] is None or value not in {row["category"], taxonomy().root_category(row["category"])}:
                return False
        elif row[name] != value:
            return False
    return True


def code_of(row: Row, group: str) -> str:
    day: date = row["received_on"]
    if group == "month":
        return f"{day:%Y-%m}"
    if group == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    found = row["provider_id" if group == "provider" else group]
    if found is None:
        return "UNSPECIFIED"
    return taxonomy().root_category(found) if group == "category" else str(found)


class TestAgainstPlainPython:
    @pytest.mark.parametrize("seed", range(3))
    async def test_every_figure_narrowed_and_split_equals_its_recomputation(self, world, seed):
        chance = random.Random(seed)
        rows = await random_world(world, chance, SIZE)
        measured = Recomputation(rows, world.clock.now()).measured
        for _ in range(60):
            kpi, group = chance.choice(KPIS), chance.choice(TIMES + COLUMNS)
            asked = {name: chance.choice(VALUES[name]) for name in chance.sample(sorted(VALUES), chance.choice((0, 1, 1, 2)))}
            first = random_facts.START + timedelta(days=chance.randrange(500))
            last = first + timedelta(days=chance.randrange(300))
            region = chance.choice((None, *random_facts.REGIONS))
            narrowed = asked if region is None else asked | {"region": region}
            days = {"from": str(first), "to": str(last), "group_by": group, "compare": "previous_period"}
            figure = await world.kpi(kpi, **narrowed, **days)
            cohort = [row for row in rows if first <= row["received_on"] <= last and is_in(row, narrowed)]
            assert (figure["value"], figure["n"], figure["params_ignored"]) == (*measured(kpi, cohort), []), (kpi, narrowed, days)
            parts = {part["code"]: (part["value"], part["n"]) for part in figure["parts"]}
            expected = {
                code: measured(kpi, [row for row in cohort if code_of(row, group) == code])
                for code in {code_of(row, group) for row in cohort}
            }
            assert parts == {code: found for code, found in expected.items() if found[1] or code in parts}, (kpi, narrowed, days)
            compared = figure["comparison"]
            span = [row for row in rows if compared["from"] <= str(row["received_on"]) <= compared["to"] and is_in(row, narrowed)]
            assert compared["value"] == measured(kpi, span)[0]

    @pytest.mark.parametrize("interval", ["day", "week", "month"])
    async def test_every_point_equals_its_recomputation(self, world, interval):
        chance = random.Random(7)
        rows = await random_world(world, chance, SIZE)
        measured = Recomputation(rows, world.clock.now()).measured
        for kpi in KPIS:
            asked = {"kpi": kpi, "from": "2024-02-10", "to": "2025-03-05", "interval": interval, "channel": "APP"}
            trend = (await world.get("/trends", **asked)).json()
            points = trend["points"]
            assert (points[0]["from"], points[-1]["to"]) == ("2024-02-10", "2025-03-05")
            for before, after in pairwise(points):
                assert date.fromisoformat(after["from"]) == date.fromisoformat(before["to"]) + timedelta(days=1)
            for point in points:
                span = [row for row in rows if point["from"] <= str(row["received_on"]) <= point["to"] and row["channel"] == "APP"]
                assert (point["value"], point["n"]) == measured(kpi, span), (kpi, point)


class TestPercentiles:
    @pytest.mark.parametrize("engine", ["postgres"], indirect=True)
    async def test_they_are_those_of_postgresql(self, world):
        await random_world(world, random.Random(11), SIZE)
        answered = "answered_at IS NOT NULL AND NOT imported AND follows IS NULL AND received_on BETWEEN '2024-01-01' AND '2024-12-31'"
        seconds = "floor(extract(epoch FROM answered_at)) - floor(extract(epoch FROM received_at))"
        for kpi, share in (("answer_time_median", 0.5), ("answer_time_p90", 0.9)):
            query = f"SELECT round((percentile_cont({share}) WITHIN GROUP (ORDER BY {seconds}))::numeric, 1) FROM fact WHERE {answered}"
            async with world.parts.database.read() as session:
                exact = (await session.execute(text(query))).scalar_one()
            assert (await world.kpi(kpi, year=2024))["value"] == float(exact)


class TestTrends:
    async def test_weeks_begin_on_monday_and_are_cut_at_the_ends(self, world):
        trend = (await world.get("/trends", **{"kpi": "received", "from": "2024-02-28", "to": "2024-03-05", "interval": "week"})).json()
        assert [(point["from"], point["to"]) for point in trend["points"]] == [("2024-02-28", "2024-03-03"), ("2024-03-04", "2024-03-05")]

    async def test_a_day_without_appeals_is_a_zero_and_has_no_average(self, world):
        asked = {"from": "2024-02-29", "to": "2024-02-29", "interval": "day"}
        for kpi, value in (("received", 0), ("satisfaction", None), ("calls_offered", 0), ("calls_waiting_time", None)):
            assert (await world.get("/trends", kpi=kpi, **asked)).json()["points"] == [
                {"from": "2024-02-29", "to": "2024-02-29", "value": value, "n": 0, "suppressed": False}
            ]

    async def test_too_many_points_are_refused(self, world):
        asked = {"kpi": "received", "from": "2023-01-01", "to": "2025-12-31"}
        refused = await world.get("/trends", **asked, interval="day")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "interval")
        assert len((await world.get("/trends", **asked, interval="week")).json()["points"]) == 158

    async def test_there_are_no_public_trends(self, world):
        asked = {"kpi": "received", "from": "2025-01-01", "to": "2025-12-31", "interval": "month"}
        assert (await world.get("/trends", None, **asked)).status_code == 401
        for role in ("operator", "specialist", "expert", "provider", "partner", "applicant"):
            assert (await world.get("/trends", role, "KZ-43", **asked)).status_code == 403
        assert (await world.get("/trends", "head", "KZ-43", **asked, region="KZ-27")).status_code == 403
        assert (await world.get("/trends", "head", "KZ-43", **asked, region="KZ-43")).status_code == 200

    async def test_a_head_sees_the_points_of_the_own_region(self, world, make):
        await world.consume(make("appeal-imported", 1), make("appeal-imported", 2, region="KZ-27"))
        asked = {"kpi": "received", "from": "2025-06-01", "to": "2025-06-30", "interval": "month"}
        assert [(await world.get("/trends", *who, **asked)).json()["points"][0]["value"] for who in (("head", "KZ-43"), ("analyst",))] == [
            1,
            2,
        ]


class TestSplit:
    async def test_a_share_of_a_part_is_computed_from_the_part_alone(self, world, make):
        for number, (channel, score) in enumerate((("APP", 5), ("APP", 4), ("WEB", 1)), start=1):
            at = {"received_at": world.clock.now() - timedelta(days=1)}
            await world.consume(make("appeal-registered", number, channel=channel, **at), make("appeal-rated", number, score=score))
        figure = await world.kpi("satisfaction", year=2026, group_by="channel")
        assert (figure["value"], figure["n"]) == (3.3, 3)
        assert [(part["code"], part["value"], part["n"], part["share"]) for part in figure["parts"]] == [
            ("APP", 4.5, 2, None),
            ("WEB", 1.0, 1, None),
        ]

    async def test_months_are_in_their_order(self, world, make):
        days = [(1, 3), (2, 1), (3, 3), (4, 3)]
        await world.consume(
            *(make("appeal-imported", n, received_at=world.clock.now().replace(year=2025, month=month)) for n, month in days)
        )
        figure = await world.kpi("received", group_by="month")
        assert [(part["code"], part["value"], part["share"]) for part in figure["parts"]] == [("2025-01", 1, 25.0), ("2025-03", 3, 75.0)]

    async def test_what_a_figure_has_no_column_for_is_ignored_and_named(self, world):
        figure = await world.kpi("calls_offered", channel="APP", language="kk", group_by="topic")
        assert (figure["params_ignored"], figure["parts"]) == (["channel", "language", "group_by"], [])
        assert (await world.kpi("self_served", kind="COMPLAINT", topic="REFERRAL"))["params_ignored"] == ["kind"]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("channel", "PIGEON"),
            ("kind", "RUMOUR"),
            ("category", "NONE"),
            ("topic", "NONE"),
            ("tier", "4"),
            ("language", "de"),
            ("group_by", "day"),
            ("provider_id", "5"),
        ],
    )
    async def test_an_unknown_code_is_refused_by_its_field(self, world, name, value):
        refused = await world.get("/kpis/received", **{"from": "2025-01-01", "to": "2025-12-31", name: value})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, name)

    def test_filters_and_groups_are_the_columns_of_their_tables(self):
        names = {"provider": "provider_id", "district": "provider_id"}
        for grain, table in ((Grain.APPEALS, fact), (Grain.CALLS, call_fact), (Grain.QUESTIONS, self_served)):
            filters = {name for name in CohortFilters.__dataclass_fields__ if name in table.c}
            assert filters | ({"district"} if "provider_id" in table.c else set()) == FILTERS[grain]
            columns = {group for group in Group if names.get(group, group.value) in table.c}
            if grain is Grain.CALLS:
                columns.discard(Group.OUTCOME)  # calls have outcomes of their own
            assert columns | {Group.DAY, Group.WEEK, Group.MONTH, Group.QUARTER} == GROUPS[grain]


class TestThePublic:
    @pytest.mark.parametrize("role", [None, "operator", "provider"])
    async def test_what_is_narrowed_or_split_is_ignored_and_named(self, world, make, role):
        await world.consume(*(make("appeal-imported", number, channel="WEB" if number < 3 else "APP") for number in range(12)))
        plain = await world.kpi("received_by_channel", role)
        for name, value in (*((name, found[0]) for name, found in VALUES.items()), ("group_by", "month")):
            asked = await world.kpi("received_by_channel", role, **{name: value})
            assert asked == plain | {"params_ignored": [name]}
        assert all(part["value"] is None for part in plain["parts"] if part["code"] == "WEB")

    async def test_the_period_before_is_a_public_figure_too(self, world, make):
        before = world.clock.now().replace(year=2024)
        await world.consume(*(make("appeal-imported", number) for number in range(9)), make("appeal-imported", 99, received_at=before))
        compared = (await world.kpi("received", None, compare="previous_period"))["comparison"]
        assert (compared["from"], compared["value"], compared["change"], compared["suppressed"]) == ("2024-01-01", None, None, True)

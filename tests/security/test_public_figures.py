# ruff: noqa: F811 - fixtures are imported, and named as parameters
"""What everybody reads of the figures, put together: no count of one to four people follows from it."""

from collections import Counter
from datetime import UTC, datetime
from itertools import product

from analytics.kpis.service.periods import public_periods
from shared.domain.taxonomy import taxonomy
from tests.analytics.conftest import clock, make, world  # noqa: F401 - pytest finds fixtures by name
from tests.analytics.inference import Published

KPIS = (
    "received", "complaints", "received_by_channel", "received_by_kind", "received_by_region", "complaints_by_category",
    "consultations_by_topic",
)  # fmt: skip
REGIONS = ("KZ-43", "KZ-27", "KZ-31", "KZ-10")  # the last one without any
CHANNELS = ("APP", "WEB", "MAIL")
LEAVES = {
    "QUALITY": ("COMPLAINT", "QUALITY", None), "REFUSAL": ("COMPLAINT", "REFUSAL", None), "DRUGS": ("COMPLAINT", "DRUGS", None),
    "PAY_METHODS": ("CONSULTATION", None, "PAY_METHODS"), "REFERRAL": ("CONSULTATION", None, "REFERRAL"),
    "GRATITUDE": ("GRATITUDE", None, None),
}  # fmt: skip
# By region and quarter how many of each leaf.
COUNTS = {
    ("KZ-43", 1): (1, 9, 7, 12, 6, 2), ("KZ-43", 2): (6, 9, 7, 12, 6, 5),
    ("KZ-43", 3): (3, 1, 7, 12, 0, 0), ("KZ-43", 4): (6, 9, 7, 12, 6, 5),
    ("KZ-27", 1): (8, 12, 1, 9, 9, 9), ("KZ-27", 2): (1, 0, 0, 1, 1, 0),
    ("KZ-27", 3): (6, 9, 7, 12, 6, 5), ("KZ-27", 4): (6, 9, 7, 12, 6, 5),
    ("KZ-31", 1): (6, 9, 7, 12, 6, 5), ("KZ-31", 2): (10, 5, 6, 12, 6, 5),
    ("KZ-31", 3): (0, 0, 0, 0, 0, 0), ("KZ-31", 4): (1, 0, 0, 0, 1, 0),
}  # fmt: skip
ONE_A_DAY = [(day, channel) for day in range(1, 28) for channel in CHANNELS[: 1 + day % 3]]


def appeals(make):
    number = iter(range(10_000))
    for (region, quarter), counts in COUNTS.items():
        for leaf, count in zip(LEAVES, counts, strict=True):
            kind, category, topic = LEAVES[leaf]
            for each in range(count):
                at = datetime(2025, 3 * quarter - 1, 1 + each % 27, 6, tzinfo=UTC)
                channel = CHANNELS[0] if each % 4 < 2 else CHANNELS[each % 4 - 1]
                yield make(
                    "appeal-imported", next(number), region=region, kind=kind, category=category, topic=topic, channel=channel,
                    received_at=at,
                )  # fmt: skip


class Stranger:
    """Reads every public answer of 2025 and notes what it says about the counts by region, quarter and code."""

    def __init__(self, events):
        truth = Counter()
        for event in events:
            quarter = (event.received_at.month + 2) // 3
            code = event.category or event.topic or event.kind
            truth[event.region, quarter, "channel", event.channel] += 1
            truth[event.region, quarter, "leaf", code] += 1
        base = [(*where, "channel", channel) for where in product(REGIONS, range(1, 5)) for channel in CHANNELS]
        base += [(*where, "leaf", leaf) for where in product(REGIONS, range(1, 5)) for leaf in LEAVES]
        self.known = Published({cell: truth[cell] for cell in base})
        for where in product(REGIONS, range(1, 5)):
            self.known.equal([(*where, "channel", each) for each in CHANNELS], [(*where, "leaf", each) for each in LEAVES])
        self.quantities = set()

    @staticmethod
    def cells(region, period, codes, grain="leaf"):
        regions = REGIONS if region is None else (region,)
        quarters = [each.number for each in period.period.quarters()]
        return frozenset((*where, grain, code) for where in product(regions, quarters) for code in codes)

    def codes(self, kpi, code):
        """The base counts of a part: `code` None for the whole figure."""
        if kpi == "received_by_channel":
            return ("channel", [code] if code else CHANNELS)
        kinds = {"complaints": "COMPLAINT", "complaints_by_category": "COMPLAINT", "consultations_by_topic": "CONSULTATION"}
        if kpi == "received_by_kind" and code:
            return ("leaf", [leaf for leaf, (kind, *_) in LEAVES.items() if kind == code])
        if code and kpi != "received_by_region":
            return ("leaf", [code] if code in LEAVES else [])
        return ("leaf", [leaf for leaf, (kind, *_) in LEAVES.items() if kinds.get(kpi) in {None, kind}])

    def note(self, kpi, region, period, figure):
        grain, codes = self.codes(kpi, None)
        whole = self.cells(region, period, codes, grain)
        self.quantities.add(whole)
        if figure["value"] is None:
            return
        self._checked(whole, figure["value"])
        parts = {part["code"]: part["value"] for part in figure["parts"]}
        for code in self._parts(kpi, region):
            grain, codes = self.codes(kpi, code)
            cells = self.cells(code if kpi == "received_by_region" else region, period, codes, grain)
            self.quantities.add(cells)
            if parts.get(code, 0) is not None:
                self._checked(cells, parts.get(code, 0))
            elif self._names_only_counts(figure):
                self.known.present(cells)

    def _checked(self, cells, value):
        assert sum(self.known.truth[cell] for cell in cells) == value
        self.known.shown(cells)

    def _parts(self, kpi, region):
        if kpi == "received_by_region":
            return [region] if region else REGIONS
        of_kind = {"complaints_by_category": "COMPLAINT", "consultations_by_topic": "CONSULTATION"}
        if kpi in of_kind:
            return [leaf for leaf, (kind, *_) in LEAVES.items() if kind == of_kind[kpi]]
        return {"received_by_channel": CHANNELS, "received_by_kind": ("COMPLAINT", "CONSULTATION", "GRATITUDE")}.get(kpi, ())

    @staticmethod
    def _names_only_counts(figure):
        """Whether hidden parts are known to be at least one: not where codes without any appeal are named as hidden too."""
        used = {*REGIONS, *CHANNELS, *LEAVES, "COMPLAINT", "CONSULTATION", "UNSPECIFIED"}
        return all(part["code"] in used for part in figure["parts"])

    def worked_out(self):
        small = [cells for cells in self.quantities if 0 < sum(self.known.truth[cell] for cell in cells) < 5]
        assert len(small) > 15
        return [cells for cells in small if self.known.determines(cells)]


class TestAllPublicAnswersTogether:
    async def test_no_small_count_follows_from_them(self, world, make):
        events = list(appeals(make))
        assert {event.kind for event in events} <= set(taxonomy().kinds)
        await world.consume(*events)
        stranger = Stranger(events)
        for kpi, region, period in product(KPIS, (None, *REGIONS), public_periods(2025)):
            asked = {"from": str(period.period.first), "to": str(period.period.last)} | ({"region": region} if region else {})
            answer = await world.get(f"/kpis/{kpi}", None, **asked)
            assert answer.status_code == 200
            stranger.note(kpi, region, period, answer.json())
        assert stranger.worked_out() == []

    async def test_comparisons_say_no_more_than_the_figures_of_their_years(self, world, make):
        await world.consume(*appeals(make))
        for kpi, region in product(KPIS, (None, *REGIONS)):
            asked = {"region": region} if region else {}
            before = await world.kpi(kpi, None, 2025, **asked)
            compared = (await world.kpi(kpi, None, 2025, compare="previous_year", **asked))["comparison"]
            assert (compared["value"] is None) == compared["suppressed"]
            assert (compared["change"] is None) == (before["value"] is None or compared["value"] is None)


class TestPrefixes:
    async def test_no_day_is_found_by_subtracting_spans(self, world, make):
        events = [
            make("appeal-imported", number, channel=channel, received_at=datetime(2025, 1, day, 6, tzinfo=UTC))
            for number, (day, channel) in enumerate(ONE_A_DAY)
        ]
        await world.consume(*events)
        for day in range(1, 32):
            refused = await world.get("/kpis/received", None, **{"from": "2025-01-01", "to": f"2025-01-{day:02}"})
            assert (refused.status_code, refused.json()["code"]) == (422, "period-not-public")


class TestKpisTogether:
    async def test_a_hidden_kind_is_hidden_in_every_figure(self, world, make):
        kinds = ["COMPLAINT"] + ["CONSULTATION"] * 12 + ["GRATITUDE"] * 7
        await world.consume(*(make("appeal-imported", number, kind=kind, category=None) for number, kind in enumerate(kinds)))
        answers = [await world.kpi(kpi, None) for kpi in KPIS]
        values = {answer["id"]: answer["value"] for answer in answers}
        assert values["received"] == 20
        assert (values["complaints"], values["complaints_by_category"]) == (None, None)
        kinds_shown = {part["code"]: part["value"] for part in next(each for each in answers if each["id"] == "received_by_kind")["parts"]}
        assert kinds_shown == {"CONSULTATION": 12, "COMPLAINT": None, "GRATITUDE": None}

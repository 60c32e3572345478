from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kpis.service import disclosure
from analytics.kpis.service.disclosure import QuarterCounts, protect
from tests.analytics.attack import Attack, Cell

REGIONS = ("A", "B", "C", "D")
CHANNELS = ("APP", "WEB", "MAIL", "CALL")
CATEGORIES = ("QUALITY", "REFUSAL", "DRUGS")
TOPICS = ("PAY", "REFERRAL", "DENTAL")
KINDS = ("COMPLAINT", "CONSULTATION", "OTHER")
LEAVES = [("COMPLAINT", code) for code in CATEGORIES] + [("CONSULTATION", code) for code in TOPICS] + [("OTHER", None)]
COUNTS = st.sampled_from((0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 8, 12, 40))
QUARTERS = st.lists(st.lists(COUNTS, min_size=len(LEAVES), max_size=len(LEAVES)), min_size=1, max_size=len(REGIONS))


def quarter(rows, shares=(0.6, 0.25, 0.1)):
    """A quarter's counts: a row a region with a number for each of LEAVES; channels share a region's total."""
    channels, kinds, categories, topics = Counter(), Counter(), Counter(), Counter()
    for region, row in zip(REGIONS, rows, strict=False):
        left = sum(row)
        for channel, share in zip(CHANNELS, (*shares, 1), strict=True):
            part = left if share == 1 else min(left, int(sum(row) * share))
            channels[region, channel] += part
            left -= part
        for (kind, code), count in zip(LEAVES, row, strict=True):
            kinds[region, kind] += count
            if code:
                (categories if kind == "COMPLAINT" else topics)[region, code] += count
    return QuarterCounts(
        *(Counter({cell: count for cell, count in each.items() if count}) for each in (channels, kinds, categories, topics))
    )


class Reader:
    """Reads everything that is shown of a quarter."""

    def __init__(self, counts, public=None):
        self.public = public or protect(counts, REGIONS, 5)
        truth = {Cell("Q", *cell[:1], "channel", cell[1]): count for cell, count in counts.channels.items()}
        for kind, table in (("COMPLAINT", counts.categories), ("CONSULTATION", counts.topics)):
            truth |= {Cell("Q", region, "leaf", f"{kind}/{code}"): count for (region, code), count in table.items()}
        truth |= {Cell("Q", region, "leaf", kind): count for (region, kind), count in counts.kinds.items() if kind == "OTHER"}
        self.attack = Attack(truth)
        for row in (None, *REGIONS):
            for table in ("channel", "leaf"):
                self.note(self.cells(row, table), self.public.total(row), [self.public.total(each) for each in REGIONS])
            self.read(row, "channel", self.public.channels, {code: code for code in CHANNELS})
            self.read(row, "leaf", self.public.kinds, {code: code for code in KINDS})
            self.read(row, "leaf", self.public.categories, {code: f"COMPLAINT/{code}" for code in CATEGORIES})
            self.read(row, "leaf", self.public.topics, {code: f"CONSULTATION/{code}" for code in TOPICS})

    def cells(self, row, table, start=""):
        regions = REGIONS if row is None else (row,)
        codes = CHANNELS if table == "channel" else [f"{kind}/{code}" if code else kind for kind, code in LEAVES]
        return frozenset(Cell("Q", region, table, code) for region in regions for code in codes if f"{code}/".startswith(start))

    def read(self, row, table, public, codes):
        shown = [public.count(row, code) for code in codes]
        for code, name in codes.items():
            self.note(self.cells(row, table, f"{name}/"), public.count(row, code), shown)

    def note(self, cells, count, shown):
        if count is None:
            self.attack.hidden(cells, is_present=0 in shown)
        else:
            self.attack.shown(cells, count)


class TestProtect:
    def test_counts_of_five_and_more_are_shown(self):
        public = protect(quarter([[9] * 7, [20] * 7]), REGIONS, 5)
        tables = (public.channels, public.kinds, public.categories, public.topics)
        assert not any(table.hidden or table.hidden_rows for table in tables if table is not public.channels)
        assert public.kinds.count("A", "COMPLAINT") == 27
        assert public.kinds.count(None, "COMPLAINT") == 87

    def test_a_small_count_is_hidden_in_a_rectangle_and_the_countrys_counts_stay(self):
        public = protect(quarter([[2, 9, 9, 9, 9, 9, 9], [20] * 7, [30] * 7], shares=(0.5, 0.2, 0.2)), REGIONS, 5)
        assert {region for region, _ in public.categories.hidden} == {"A", "B"}
        assert len(public.categories.hidden) == 4
        assert public.categories.count(None, "QUALITY") == 52

    def test_partners_that_are_too_small_to_vary_are_joined_by_others(self):
        public = protect(quarter([[1, 1, 9, 9, 9, 9, 9], [1, 1, 30, 30, 30, 30, 30]]), REGIONS, 5)
        assert {("A", "QUALITY"), ("A", "REFUSAL"), ("B", "QUALITY"), ("B", "REFUSAL")} < public.categories.hidden
        assert ("A", "DRUGS") in public.categories.hidden

    def test_with_one_region_the_countrys_count_is_hidden_too(self):
        public = protect(quarter([[0, 0, 0, 12, 6, 2, 0]]), REGIONS, 5)
        assert public.topics.hidden == {(row, code) for row in ("A", None) for code in ("REFERRAL", "DENTAL")}

    def test_a_hidden_kind_has_hidden_parts_and_shows_the_others(self):
        public = protect(quarter([[1, 1, 1, 9, 9, 9, 9], [20] * 7]), REGIONS, 5)
        assert public.kinds.count("A", "COMPLAINT") is None
        assert [public.categories.count("A", code) for code in CATEGORIES] == [None] * 3
        assert public.kinds.count(None, "COMPLAINT") == 63

    def test_a_small_country_hides_everything(self):
        public = protect(quarter([[1, 0, 0, 2, 0, 0, 1]]), REGIONS, 5)
        assert public.total(None) is None
        assert public.total("B") is None
        assert public.channels.count("A", "APP") is None

    def test_a_small_region_hides_another_with_it(self):
        public = protect(quarter([[1, 0, 0, 2, 0, 0, 0], [20] * 7, [30] * 7]), REGIONS, 5)
        assert [region for region in REGIONS if public.total(region) is None] == ["A", "B"]
        assert public.total(None) == 353
        assert public.categories.count("B", "QUALITY") is None

    def test_where_all_are_ones_the_zeros_are_hidden_with_them(self):
        public = protect(quarter([[1, 1, 1, 1, 1, 1, 0]]), REGIONS, 5)
        assert public.total("A") == 6
        assert public.kinds.count("A", "OTHER") is None

    def test_what_cannot_be_protected_hides_everything(self, monkeypatch):
        monkeypatch.setattr(disclosure.Circulation, "protect", lambda _network: False)
        public = protect(quarter([[9] * 7, [20] * 7]), REGIONS, 5)
        assert [public.total(row) for row in (None, *REGIONS)] == [None] * 5


class TestNothingFollows:
    @given(QUARTERS, st.sampled_from(((0.6, 0.25, 0.1), (1.0, 0, 0), (0.1, 0.1, 0.1), (0.9, 0.05, 0.02))))
    @settings(max_examples=40, deadline=None)
    def test_every_small_count_has_five_possible_values(self, rows, shares):
        assert Reader(quarter(rows, shares)).attack.narrowed() == []

    def test_the_attack_narrows_what_is_not_protected(self):
        counts = quarter([[2, 9, 9, 9, 9, 9, 9], [20] * 7, [30] * 7], shares=(0.5, 0.2, 0.2))
        reader = Reader(counts)
        assert reader.attack.narrowed() == []
        reader = Reader(counts)
        reader.attack.shown(reader.cells("B", "leaf", "COMPLAINT/QUALITY/"), 20)
        assert [each.true for each in reader.attack.narrowed()] == [2]

    def test_the_attack_finds_a_small_count_that_is_shown(self):
        counts = quarter([[2, 9, 9, 9, 9, 9, 9], [20] * 7])
        assert len(Reader(counts, protect(counts, REGIONS, 1)).attack.narrowed()) > 0


@given(QUARTERS, st.randoms(use_true_random=False))
@settings(max_examples=60, derandomize=True)
def test_the_order_in_which_counts_are_read_does_not_change_what_is_hidden(rows, chance):
    """Otherwise two processes, or rollups and facts, would hide different counts, and reveal each other's."""
    counts = quarter(rows)
    mixed = QuarterCounts(*(Counter(dict(chance.sample(sorted(each.items()), len(each)))) for each in counts))
    assert protect(mixed, REGIONS, 5) == protect(counts, REGIONS, 5)

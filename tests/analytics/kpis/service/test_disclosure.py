from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.kpis.service.disclosure import QuarterCounts, protect
from tests.analytics.inference import Published

REGIONS = ("A", "B", "C", "D")
CHANNELS = ("APP", "WEB", "MAIL", "CALL")
CATEGORIES = ("QUALITY", "REFUSAL", "DRUGS")
TOPICS = ("PAY", "REFERRAL", "DENTAL")
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
    """Reads everything that is shown of a quarter and knows how the tables hang together."""

    def __init__(self, counts):
        self.public = protect(counts, REGIONS, 5)
        self.names = {"channels": CHANNELS, "kinds": ("COMPLAINT", "CONSULTATION", "OTHER"), "categories": CATEGORIES, "topics": TOPICS}
        base = [(name, region, code) for name, codes in self.names.items() for region in REGIONS for code in codes]
        truth = {cell: getattr(counts, cell[0]).get(cell[1:], 0) for cell in base}
        self.known = Published(truth)
        for region in REGIONS:
            self.known.equal(self.cells("channels", region), self.cells("kinds", region))
            self.known.equal(self.cells("categories", region), [("kinds", region, "COMPLAINT")])
            self.known.equal(self.cells("topics", region), [("kinds", region, "CONSULTATION")])
        for name, codes in self.names.items():
            self._read(name, getattr(self.public, name), codes)

    def cells(self, name, row, code=None):
        regions = REGIONS if row is None else (row,)
        return [(name, region, each) for region in regions for each in ([code] if code else self.names[name])]

    def _read(self, name, table, codes):
        for row in (None, *REGIONS):
            if table.total(row) is None:
                continue
            self.known.shown(self.cells(name, row))
            for code in codes:
                if table.count(row, code) is not None:
                    self.known.shown(self.cells(name, row, code))
                elif row not in table.without_zeros:
                    self.known.present(self.cells(name, row, code))

    def worked_out(self):
        """The small counts that follow from what is shown."""
        quantities = [(name, row, code) for name, codes in self.names.items() for row in (None, *REGIONS) for code in (None, *codes)]
        return [
            quantity
            for quantity in quantities
            if 0 < sum(self.known.truth[cell] for cell in self.cells(*quantity)) < 5 and self.known.determines(self.cells(*quantity))
        ]


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

    def test_with_one_region_the_countrys_count_is_hidden_too(self):
        public = protect(quarter([[0, 0, 0, 12, 6, 2, 0]]), REGIONS, 5)
        assert public.topics.hidden == {(row, code) for row in ("A", None) for code in ("REFERRAL", "DENTAL")}

    def test_a_kind_that_is_hidden_hides_the_figures_of_its_parts(self):
        public = protect(quarter([[1, 1, 1, 9, 9, 9, 9], [20] * 7]), REGIONS, 5)
        assert public.kinds.count("A", "COMPLAINT") is None
        assert public.categories.total("A") is None

    def test_a_small_country_hides_everything(self):
        public = protect(quarter([[1, 0, 0, 2, 0, 0, 1]]), REGIONS, 5)
        assert public.channels.total(None) is None
        assert public.kinds.total("B") is None

    def test_a_small_region_hides_another_with_it(self):
        public = protect(quarter([[1, 0, 0, 2, 0, 0, 0], [20] * 7, [30] * 7]), REGIONS, 5)
        assert [region for region in REGIONS if public.channels.total(region) is None] == ["A", "B"]
        assert public.channels.total(None) == 353

    def test_where_all_are_ones_the_zeros_are_hidden_with_them(self):
        public = protect(quarter([[1, 1, 1, 1, 1, 0, 0]]), REGIONS, 5)
        assert public.kinds.total("A") == 5
        assert public.kinds.count("A", "OTHER") is None


class TestNothingFollows:
    @given(QUARTERS, st.sampled_from(((0.6, 0.25, 0.1), (1.0, 0, 0), (0.1, 0.1, 0.1), (0.9, 0.05, 0.02))))
    @settings(max_examples=40, deadline=None)
    def test_no_small_count_follows_from_what_is_shown(self, rows, shares):
        assert Reader(quarter(rows, shares)).worked_out() == []

    @pytest.mark.parametrize("threshold", [1])
    def test_the_reader_works_out_what_is_not_protected(self, threshold):
        reader = Reader(quarter([[2, 9, 9, 9, 9, 9, 9], [20] * 7]))
        reader.known.shown([("categories", "B", "QUALITY")])
        reader.known.shown([("categories", "A", "DRUGS")])
        assert ("categories", "A", "QUALITY") in reader.worked_out()
        assert protect(quarter([[2] * 7]), REGIONS, threshold).kinds.hidden == set()

from datetime import UTC, date, datetime

import pytest

from analytics.dashboard.service.reading import Needs, read
from analytics.facts.schemas import CohortFilters
from analytics.kpis.schemas import Compare
from analytics.kpis.service import DashboardSection, FigureRequest, Period
from analytics.kpis.service.access import PUBLIC, View

YEAR = Period(date(2025, 1, 1), date(2025, 12, 31))
NEEDS = Needs(frozenset({DashboardSection.MAIN}), frozenset(), frozenset({"received", "complaints"}))


@pytest.fixture
def lines(world):
    """`pair = await lines("received", …)`: a line over time of 2025, compared with 2024; `await lines(None, …)`: the whole reading."""

    async def compute(name, view=None, **request):
        asked = FigureRequest(**{"period": YEAR, "compare": Compare.PREVIOUS_YEAR} | request)
        async with world.parts.units.read() as work:
            found = await read(work, asked, view or View(public=False), world.app.state.public_figures, NEEDS)
        return found if name is None else found.trends[name]

    return compute


def values(points):
    return [point.value for point in points]


@pytest.fixture
async def register(world, make):
    """A register that begins on 20 September 2025 with a question; ten complaints follow in November. Another region has one of May."""
    await world.consume(
        make("appeal-imported", 1, kind="CONSULTATION", category=None, topic="DENTAL", received_at=datetime(2025, 9, 20, 6, tzinfo=UTC)),
        *(make("appeal-imported", number, received_at=datetime(2025, 11, 3, 6, tzinfo=UTC)) for number in range(2, 12)),
        make("appeal-imported", 12, region="KZ-27", received_at=datetime(2025, 5, 3, 6, tzinfo=UTC)),
    )


@pytest.mark.usefixtures("register")
class TestTheBeginningOfTheRegister:
    async def test_months_before_it_have_no_value_and_a_year_before_it_no_line(self, lines):
        pair = await lines("received", region="KZ-43")
        assert values(pair.now) == [None] * 8 + [1, 0, 10, 0]
        assert pair.before == []
        assert pair.began.en == "20 September 2025"

    async def test_a_year_before_it_is_compared_with_nothing(self, lines):
        found = await lines(None, region="KZ-43")
        assert found.began.en == "20 September 2025"
        assert found.singles["received"].comparison is None
        quarter = Period(date(2025, 10, 1), date(2025, 12, 31))
        in_quarter = await lines(None, region="KZ-43", period=quarter, compare=Compare.PREVIOUS_PERIOD)
        assert (in_quarter.began, in_quarter.singles["received"].comparison.value) == (None, 1)

    async def test_a_month_without_complaints_after_it_is_still_zero(self, lines):
        assert values((await lines("complaints", region="KZ-43")).now) == [None] * 8 + [0, 0, 10, 0]

    async def test_filters_do_not_move_it(self, lines):
        narrowed = await lines("received", region="KZ-43", filters=CohortFilters(category="QUALITY"))
        assert values(narrowed.now) == [None] * 8 + [0, 0, 10, 0]

    async def test_that_of_the_country_is_that_of_its_first_region(self, lines):
        pair = await lines("received")
        assert values(pair.now) == [None] * 4 + [1, 0, 0, 0, 1, 0, 10, 0]
        assert pair.began.en == "3 May 2025"

    async def test_an_appeal_of_an_earlier_year_makes_zeros_of_the_whole_line(self, lines, world, make):
        await world.consume(make("appeal-imported", 13, received_at=datetime(2023, 2, 1, 6, tzinfo=UTC)))
        pair = await lines("received", region="KZ-43")
        assert values(pair.now) == [0] * 8 + [1, 0, 10, 0]
        assert (values(pair.before), pair.began) == ([0] * 12, None)

    async def test_public_lines_leave_out_the_zeros_before_their_first_other_number(self, lines):
        pair = await lines("received", PUBLIC, region="KZ-43")
        assert values(pair.now) == [None, None, None, 10]
        assert [point.suppressed for point in pair.now] == [False, True, True, False]
        assert (pair.before, pair.began.en) == ([], "Q2 2025")


async def test_a_register_without_appeals_has_zeros(lines):
    pair = await lines("received")
    assert (values(pair.now), pair.began) == ([0] * 12, None)

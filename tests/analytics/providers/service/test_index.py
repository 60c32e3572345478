from datetime import date
from uuid import UUID

import pytest

from analytics.kpis.service import Period
from analytics.providers.schemas import FunnelPosition, IndexSort
from analytics.providers.service.index import IndexSummary, provider_index

PERIOD = Period(date(2025, 10, 1), date(2025, 12, 31))


@pytest.fixture
def index(world):
    """`items = await index()`: the index by the number of the provider."""

    async def compute(region=None, sort=IndexSort.INDEX, period=PERIOD):
        async with world.parts.units.read() as work:
            return {item.provider_id.int: item for item in await provider_index(work, period, region, sort)}

    return compute


async def peers(directory, *complaints, first=1, **given):
    for number, each in enumerate(complaints):
        await directory.add(first + number, each, **given)


class TestExpectation:
    async def test_it_is_the_average_of_the_same_kind_in_the_same_region(self, directory, index):
        await peers(directory, 10, 10, 10, 10, 60)
        await peers(directory, 2, 2, 2, 2, 2, first=11, kind="DENTAL")
        await peers(directory, 3, 3, 3, 3, 3, first=21, region="KZ-27")
        found = await index()
        assert {number: item.expected for number, item in found.items()} == {
            **dict.fromkeys(range(1, 6), 20.0),
            **dict.fromkeys(range(11, 16), 2.0),
            **dict.fromkeys(range(21, 26), 3.0),
        }

    async def test_with_few_peers_in_the_region_the_country_counts(self, directory, index):
        await peers(directory, 10, 20)
        await peers(directory, 30, 40, 50, first=11, region="KZ-27")
        assert {item.expected for item in (await index()).values()} == {30.0}

    async def test_the_index_of_a_region_expects_the_same(self, directory, index):
        await peers(directory, 10, 20)
        await peers(directory, 30, first=11, region="KZ-27")
        found = await index("KZ-27")
        assert {number: item.expected for number, item in found.items()} == {11: 20.0}

    async def test_other_days_kinds_continuations_and_closed_providers_do_not_count(self, directory, index):
        await peers(directory, 10, 10)
        await directory.add(3, 7, day=date(2025, 9, 30))
        await directory.add(4, 7, active=False)
        found = await index()
        assert {number: item.complaints for number, item in found.items()} == {1: 10, 2: 10, 3: 0}


class TestFunnel:
    async def test_a_provider_outside_the_limits_is_above_or_below(self, directory, index):
        await peers(directory, 20, 22, 18, 20, 60, 1)
        found = await index()
        assert {number: item.funnel for number, item in found.items()} == {
            **dict.fromkeys(range(1, 5), FunnelPosition.WITHIN),
            5: FunnelPosition.ABOVE,
            6: FunnelPosition.BELOW,
        }
        assert (found[5].beyond, found[6].beyond, found[1].beyond) == (99.8, 99.8, None)
        assert found[5].ratio == 2.55

    async def test_between_the_two_limits_it_is_within_and_beyond_95(self, directory, index):
        await peers(directory, 20, 20, 20, 20, 33)
        found = await index()
        assert (found[5].funnel, found[5].beyond) == (FunnelPosition.WITHIN, 95.0)

    async def test_too_few_complaints_are_not_compared(self, directory, index):
        await peers(directory, 0, 1, 4)
        for item in (await index()).values():
            assert (item.funnel, item.index, item.suspicious) == (None, None, False)

    async def test_rates_are_for_ten_thousand_appeals_of_the_region(self, directory, index):
        await peers(directory, 20)
        await directory.appeals(980)
        await directory.appeals(50, "KZ-27")
        item = (await index())[1]
        assert (item.per_10000, item.low, item.high) == (200.0, 122.1, 308.9)


class TestIndex:
    async def test_fewer_complaints_more_kept_promises_and_better_ratings_raise_it(self, directory, index):
        await peers(directory, 20, 10, 40)
        await directory.add(4, 20, fulfilled=4)
        await directory.add(5, 20, broken=4)
        await directory.add(6, 20, ratings=[5] * 20)
        await directory.add(7, 20, ratings=[1] * 20)
        await directory.add(8, 20, unproven=10)
        found = {number: item.index for number, item in (await index()).items()}
        assert found[2] > found[1] > found[3]
        assert found[4] > found[1] > found[5]
        assert found[6] > found[1] > found[7]
        assert found[1] > found[8]

    async def test_few_ratings_and_promises_change_nothing_and_are_not_shown(self, directory, index):
        await directory.add(1, 20)
        await directory.add(2, 20, ratings=[1] * 19, broken=2)
        found = await index()
        assert found[1].index == found[2].index
        assert (found[2].rating, found[2].ratings_n, found[2].promises, found[2].promises_kept) == (None, 19, 2, 0)

    async def test_the_values_of_a_provider_with_everything(self, directory, index):
        await peers(directory, 10, 10, 10, 10)
        await directory.add(5, 10, unproven=2, fulfilled=3, broken=1, ratings=[4] * 20)
        item = (await index())[5]
        # complaints 50, withdrawals 80, ratings 75, promises 75, by their weights 50, 20, 20, 10
        assert item.index == 63.5
        assert (item.unproven_withdrawals, item.promises, item.promises_kept, item.rating, item.ratings_n) == (2, 4, 3, 4.0, 20)


class TestSuspicion:
    async def test_few_complaints_most_of_them_withdrawn_unchecked_are_suspicious_and_lower_the_index(self, directory, index):
        await peers(directory, 20, 20, 20, 20)
        await directory.add(5, 4, unproven=3)
        await directory.add(6, 4)
        await directory.add(7, 20, unproven=15)
        found = await index()
        assert {number for number, item in found.items() if item.suspicious} == {5}
        assert found[6].index > found[1].index > found[5].index
        assert (await index()).keys() == found.keys()
        assert next(iter(found)) == 5

    async def test_two_withdrawals_are_not_many(self, directory, index):
        await peers(directory, 20, 20, 20, 20)
        await directory.add(5, 2, unproven=2)
        assert not (await index())[5].suspicious


class TestSort:
    @pytest.mark.parametrize(("sort", "numbers"), [
        (IndexSort.NAME, [1, 2, 3]), (IndexSort.COMPLAINTS, [2, 3, 1]), (IndexSort.RATIO, [2, 3, 1]), (IndexSort.WITHDRAWALS, [3, 2, 1]),
        (IndexSort.RATING, [1, 2, 3]), (IndexSort.INDEX, [2, 3, 1]),
    ])  # fmt: skip
    async def test_what_needs_attention_comes_first(self, directory, index, sort, numbers):
        await directory.add(1, 6, ratings=[2] * 20)
        await directory.add(2, 40, ratings=[4] * 20)
        await directory.add(3, 12, unproven=2)
        assert list(await index(sort=sort)) == numbers


class TestSummary:
    async def test_it_counts_who_stands_out(self, directory, index):
        await peers(directory, 20, 22, 18, 20, 60, 1)
        await directory.add(7, 0, kind="LAB")
        assert IndexSummary.of(list((await index()).values())) == IndexSummary(compared=6, above=1, below=1, suspicious=0)


class TestFacts:
    async def test_ratings_and_kinds_come_from_events(self, world, make, index):
        named = {"name_kk": "1-емхана", "name_ru": "Поликлиника 1", "short_name": "1", "aliases": [], "district": "", "ownership": "STATE"}
        recorded = make("provider-recorded", 1, provider_id=UUID(int=5), region="KZ-43", kind="POLYCLINIC", active=True, **named)
        rated = {"provider_id": UUID(int=5), "doctor_id": None, "aspects": {}, "month": date(2025, 11, 1), "channel": "WEB"}
        await world.consume(
            recorded,
            *(make("provider-rated", 0, rating_id=UUID(int=100 + each), score=4, **rated) for each in range(20)),
            make("provider-rated", 0, rating_id=UUID(int=100), score=2, **rated),
        )
        [item] = (await index()).values()
        assert (item.kind, item.rating, item.ratings_n) == ("POLYCLINIC", 3.9, 20)
        await world.consume(recorded.model_copy(update={"active": False}))
        assert await index() == {}

"""The monthly ranking: what is published, when, and that nobody can be identified from it."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider_contact.directory.schemas import DoctorItem
from provider_contact.ratings import service
from provider_contact.ratings.service import rank_due_months, wilson
from shared.contracts import ProviderRated
from tests.provider_contact.conftest import NAMESPACE

FEBRUARY = date(2026, 2, 1)
DOCTOR = UUID(int=77)


def rating(provider_id, person, score, month=FEBRUARY, doctor_id=None):
    rating_id = uuid5(NAMESPACE, f"{provider_id}/{person}/{month}")
    return ProviderRated(
        rating_id=rating_id, provider_id=provider_id, doctor_id=doctor_id, score=score, aspects={}, month=month, channel="APP"
    )  # fmt: skip


async def ranked(world, at=datetime(2026, 3, 3, 6, tzinfo=UTC)):
    if world.clock.now() < at:
        world.clock.advance(at - world.clock.now())
    async with world.parts.units.write() as work:
        return await rank_due_months(work)


async def shown(world, **query):
    return (await world.get("/v1/ratings", None, **query)).json()


async def region_of(world, provider_id):
    items = (await world.get("/v1/providers", None)).json()["items"]
    return next(item["region"] for item in items if item["provider_id"] == str(provider_id))


@pytest.fixture
async def rated(listed):
    """A directory whose first three providers are rated by 40, 20 and 19 people."""
    providers = [provider_id for _, provider_id in sorted((await listed.providers()).items())][:3]
    for provider_id, scores in zip(providers, ([5] * 36 + [1] * 4, [5] * 20, [5] * 19), strict=True):
        for person, score in enumerate(scores):
            await listed.consume(rating(provider_id, person, score))
    listed.rated = providers
    return listed


class TestRanking:
    async def test_a_month_is_ranked_after_its_end_by_the_certain_share(self, rated):
        assert await ranked(rated, datetime(2026, 3, 2, 6, tzinfo=UTC)) == 0
        assert (await shown(rated))["month"] is None
        assert await ranked(rated) == 1
        found = await shown(rated)
        first, second, third = rated.rated
        assert (found["month"], found["months"], found["total"]) == ("2026-02", ["2026-02"], 2)
        assert [(item["rank"], item["provider_id"]) for item in found["items"]] == [(1, str(second)), (2, str(first))]
        assert found["items"][1]["positive"] == 90
        assert found["items"][1]["low"] < 90 < found["items"][1]["high"]
        assert str(third) not in str(found)  # 19 ratings: below the least number

    async def test_a_later_rating_replaces_the_earlier_one_of_the_same_person(self, rated):
        provider_id = rated.rated[1]
        for person in range(20):
            await rated.consume(rating(provider_id, person, 1))
        await ranked(rated)
        worst = (await shown(rated))["items"][-1]
        assert (worst["provider_id"], worst["positive"], worst["ratings_at_least"]) == (str(provider_id), 0, 20)

    async def test_an_event_that_is_read_twice_counts_once(self, rated):
        for person in range(19):
            await rated.consume(rating(rated.rated[2], person, 5))
        await ranked(rated)
        assert str(rated.rated[2]) not in str(await shown(rated))

    async def test_a_ranked_month_never_changes(self, rated):
        await ranked(rated)
        before = await shown(rated)
        for person in range(100, 140):
            await rated.consume(rating(rated.rated[2], person, 5))
        assert await ranked(rated) == 0
        assert await shown(rated) == before

    async def test_a_region_shows_the_figures_of_the_country(self, rated):
        await ranked(rated)
        whole = {item["provider_id"]: item for item in (await shown(rated))["items"]}
        for region in {item["region"] for item in whole.values()}:
            for item in (await shown(rated, region=region))["items"]:
                assert {**item, "rank": 0} == {**whole[item["provider_id"]], "rank": 0}

    async def test_what_is_published_has_no_exact_number_of_ratings(self, rated):
        provider_id = rated.rated[0]
        await rated.consume(rating(provider_id, 900, 5))
        await ranked(rated)
        item = next(item for item in (await shown(rated))["items"] if item["provider_id"] == str(provider_id))
        assert item["ratings_at_least"] == 20
        assert all(isinstance(item[name], int) for name in ("positive", "low", "high"))

    @pytest.mark.parametrize("query", [{"month": "2026-13"}, {"month": "x"}, {"region": "KZ-99"}, {"cursor": "x"}, {"limit": 0}])
    async def test_a_wrong_query_is_refused(self, listed, query):
        assert (await listed.get("/v1/ratings", None, **query)).status_code == 422

    async def test_a_month_that_is_not_over_or_has_no_ranking_is_empty(self, rated):
        await ranked(rated)
        assert (await shown(rated, month="2026-03"))["items"] == []
        assert (await shown(rated, month="2025-01"))["items"] == []


class TestDoctors:
    @pytest.fixture(autouse=True)
    def roster(self, monkeypatch):
        """Every provider has one doctor."""

        async def doctors_of(_work, _provider_id):
            return [DoctorItem(doctor_id=DOCTOR, full_name_kk="Сынақ Дәрігер", full_name_ru="Сынак Дарiгер", speciality="терапевт")]

        monkeypatch.setattr(service, "doctors_of", doctors_of)

    async def test_a_doctor_who_is_not_on_the_roster_has_no_figure(self, rated):
        provider_id = rated.rated[0]
        for person in range(200, 210):
            await rated.consume(rating(provider_id, person, 1, doctor_id=UUID(int=78)))
        head = rated.token("head", region=await region_of(rated, provider_id))
        found = await rated.get("/v1/ratings/doctors", head, provider_id=str(provider_id), month="2026-02")
        assert (found.status_code, found.json()["items"]) == (200, [])

    async def test_only_leaders_of_the_region_see_figures_of_doctors(self, rated):
        provider_id = rated.rated[0]
        for person in range(200, 206):
            await rated.consume(rating(provider_id, person, 5, doctor_id=DOCTOR))
        region = await region_of(rated, provider_id)
        query = {"provider_id": str(provider_id), "month": "2026-02"}
        found = (await rated.get("/v1/ratings/doctors", rated.token("head", region=region), **query)).json()
        assert [(item["doctor_id"], item["ratings_at_least"]) for item in found["items"]] == [(str(DOCTOR), 5)]
        elsewhere = "KZ-75" if region != "KZ-75" else "KZ-43"
        assert (await rated.get("/v1/ratings/doctors", rated.token("supervisor", region=elsewhere), **query)).status_code == 404
        assert (await rated.get("/v1/ratings/doctors", rated.token("head"), **query)).status_code == 404
        for role in ("specialist", "operator", "analyst", "admin", "provider"):
            assert (await rated.get("/v1/ratings/doctors", rated.token(role, region=region), **query)).status_code == 403
        assert str(DOCTOR) not in str(await shown(rated))

    async def test_a_doctor_with_few_ratings_has_no_figure(self, rated):
        provider_id = rated.rated[0]
        for person in range(200, 204):
            await rated.consume(rating(provider_id, person, 5, doctor_id=DOCTOR))
        region = await region_of(rated, provider_id)
        query = {"provider_id": str(provider_id), "month": "2026-02"}
        assert (await rated.get("/v1/ratings/doctors", rated.token("head", region=region), **query)).json()["items"] == []


class TestPage:
    async def test_the_page_shows_the_ranking_in_both_languages(self, rated):
        await ranked(rated)
        names = {item["provider_id"]: item for item in (await shown(rated))["items"]}
        for language, heading in (("kk", "Медициналық ұйымдардың бағалары"), ("ru", "Оценки медорганизаций")):
            page = await rated.client.get(f"/provider-contact/ratings?lang={language}")
            assert page.status_code == 200
            assert heading in page.text
            assert all(item[f"name_{language}"] in page.text.replace("&#34;", '"') for item in names.values())

    @pytest.mark.parametrize("query", ["", "?month=2026-02&region=KZ-43", "?month=x&region=y"])
    async def test_without_a_ranking_it_says_so(self, listed, query):
        page = await listed.client.get(f"/provider-contact/ratings{query}", headers={"Cookie": "aryz_lang=ru"})
        assert page.status_code == 200
        assert "нет достаточного числа оценок" in page.text


class TestWilson:
    @given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_the_bounds_contain_the_share_and_stay_between_zero_and_all(self, counts):
        positive, count = counts
        low, high = wilson(positive, count)
        assert 0 <= low <= positive / count <= high <= 1

    @given(st.integers(1, 500), st.integers(2, 10))
    def test_the_same_share_is_more_certain_with_more_ratings(self, count, factor):
        assert wilson(count * factor, count * factor)[0] > wilson(count, count)[0]

    def test_it_agrees_with_the_published_example(self):
        low, high = wilson(81, 263)  # R. G. Newcombe, 1998, table I
        assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)

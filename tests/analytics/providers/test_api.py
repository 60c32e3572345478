import pytest

from tests.analytics.providers.conftest import QUARTER

FIELDS = {
    "provider_id", "complaints", "per_10000", "low", "high", "funnel", "unproven_withdrawals", "rating", "ratings_n", "suspicious",
}  # fmt: skip


class TestReadProviderIndex:
    async def test_a_provider_has_every_value(self, world, directory):
        for number, complaints in enumerate((20, 20, 20, 20, 60), 1):
            await directory.add(number, complaints, unproven=1, fulfilled=2, broken=1, ratings=[4] * 20)
        answer = (await world.get("/providers/index", period=QUARTER)).json()
        assert (answer["total"], answer["from"], answer["to"], answer["region"]) == (5, "2025-10-01", "2025-12-31", None)
        item = answer["items"][0]
        assert item.keys() >= FIELDS
        assert (item["complaints"], item["expected"], item["funnel"], item["suspicious"]) == (60, 28.0, "above", False)
        assert (item["promises"], item["promises_kept"], item["rating"], item["ratings_n"]) == (3, 2, 4.0, 20)

    async def test_an_index_without_providers_is_empty(self, world):
        answer = (await world.get("/providers/index", period="2025")).json()
        assert (answer["items"], answer["total"], answer["next_cursor"]) == ([], 0, None)

    async def test_pages_follow_each_other(self, world, directory):
        for number in range(1, 6):
            await directory.add(number, 20)
        first = (await world.get("/providers/index", period=QUARTER, limit=3)).json()
        rest = (await world.get("/providers/index", period=QUARTER, limit=3, cursor=first["next_cursor"])).json()
        numbers = [item["provider_id"] for item in first["items"] + rest["items"]]
        assert len(set(numbers)) == 5
        assert rest["next_cursor"] is None

    @pytest.mark.parametrize(("period", "days"), [
        ("2025", ["2025-01-01", "2025-12-31"]), ("2025-H2", ["2025-07-01", "2025-12-31"]), ("2024-02", ["2024-02-01", "2024-02-29"]),
    ])  # fmt: skip
    async def test_periods_have_codes(self, world, period, days):
        answer = (await world.get("/providers/index", period=period)).json()
        assert [answer["from"], answer["to"]] == days

    @pytest.mark.parametrize(
        "params", [{"period": "2025-Q5"}, {"period": "25"}, {}, {"period": "2025", "region": "KZ-99"}, {"period": "2025", "x": 1}]
    )
    async def test_wrong_parameters_are_refused(self, world, params):
        answer = await world.get("/providers/index", **params)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")


class TestAccess:
    async def test_supervisors_and_heads_read_their_region(self, world, directory):
        await directory.add(1, 20)
        await directory.add(2, 20, region="KZ-27")
        for role in ("supervisor", "head"):
            answer = (await world.get("/providers/index", role, "KZ-27", period=QUARTER)).json()
            assert [item["region"] for item in answer["items"]] == ["KZ-27"]
            assert answer["region"] == "KZ-27"
            assert (await world.get("/providers/index", role, "KZ-27", period=QUARTER, region="KZ-43")).status_code == 403

    async def test_analysts_read_all_regions_or_a_chosen_one(self, world, directory):
        await directory.add(1, 20)
        await directory.add(2, 20, region="KZ-27")
        assert (await world.get("/providers/index", period=QUARTER)).json()["total"] == 2
        assert (await world.get("/providers/index", period=QUARTER, region="KZ-43")).json()["total"] == 1

    async def test_others_are_refused(self, world):
        assert (await world.get("/providers/index", None, period=QUARTER)).status_code == 401
        for role in ("specialist", "provider", "operator"):
            assert (await world.get("/providers/index", role, "KZ-43", period=QUARTER)).status_code == 403

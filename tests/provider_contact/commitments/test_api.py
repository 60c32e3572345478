from datetime import date

import pytest

from shared.http import Cursor
from tests.provider_contact.conftest import OTHER, PROVIDER
from tests.provider_contact.outcomes import promised

DAYS = (date(2026, 2, 20), date(2026, 2, 10), date(2026, 2, 15))


class TestList:
    async def test_earliest_day_first_page_by_page_by_status_and_day(self, world):
        ids = [str(await promised(world, number, due_on=day)) for number, day in enumerate(DAYS, 1)]
        who = world.token("admin")
        first = (await world.get("/v1/commitments", who, limit=2)).json()
        second = (await world.get("/v1/commitments", who, limit=2, cursor=first["next_cursor"])).json()
        assert [item["commitment_id"] for item in first["items"] + second["items"]] == [ids[1], ids[2], ids[0]]
        assert (first["total"], second["next_cursor"]) == (3, None)
        assert (await world.get("/v1/commitments", who, due_before="2026-02-15")).json()["total"] == 1
        assert (await world.get("/v1/commitments", who, status="KEPT")).json()["total"] == 0

    async def test_each_sees_what_the_one_rule_of_visibility_shows(self, world):
        await promised(world, 1)
        await promised(world, 2, provider_id=OTHER)

        async def total(role, **claims):
            return (await world.get("/v1/commitments", world.token(role, **claims))).json()["total"]

        assert await total("provider", provider_id=PROVIDER) == 1
        assert await total("supervisor", region="KZ-43") == 2
        assert await total("supervisor", region="KZ-75") == await total("expert") == 0

    @pytest.mark.parametrize("query", [{"status": "X"}, {"due_before": "X"}, {"cursor": "X"}, {"cursor": Cursor.encode(0, OTHER)}])
    async def test_a_wrong_query_is_refused(self, world, query):
        assert (await world.get("/v1/commitments", world.token("admin"), **query)).status_code == 422

from datetime import timedelta

import pytest

from provider_contact.inquiries.models import ContentRead
from tests.provider_contact.conftest import OTHER, PROVIDER
from tests.provider_contact.outcomes import answered, proposed


class TestList:
    async def test_latest_first_page_by_page_by_status_and_region(self, world):
        ids = []
        for number in (1, 2, 3):
            ids.append(str(await proposed(world, number)))
            world.clock.advance(timedelta(hours=1))
        who = world.token("admin", lifetime=timedelta(days=1))
        first = (await world.get("/v1/proposals", who, limit=2)).json()
        second = (await world.get("/v1/proposals", who, limit=2, cursor=first["next_cursor"])).json()
        assert [item["proposal_id"] for item in first["items"] + second["items"]] == ids[::-1]
        assert (first["total"], second["next_cursor"]) == (3, None)
        await world.consume(answered(await proposed(world, 4), number=4))
        assert (await world.get("/v1/proposals", who, status="CONFIRMED")).json()["total"] == 1
        assert (await world.get("/v1/proposals", who, region="KZ-75")).json()["total"] == 0
        assert "text" not in first["items"][0]

    async def test_each_sees_what_the_one_rule_of_visibility_shows(self, world):
        await proposed(world, 1)
        await proposed(world, 2, provider_id=OTHER)

        async def total(role, **claims):
            return (await world.get("/v1/proposals", world.token(role, **claims))).json()["total"]

        assert await total("provider", provider_id=PROVIDER) == await total("provider", provider_id=OTHER) == 1
        assert await total("specialist", region="KZ-43") == await total("operator") == 2
        assert await total("specialist", region="KZ-75") == await total("expert") == 0

    @pytest.mark.parametrize("query", [{"status": "X"}, {"region": "X"}, {"cursor": "X"}, {"limit": 0}])
    async def test_a_wrong_query_is_refused(self, world, query):
        assert (await world.get("/v1/proposals", world.token("admin"), **query)).status_code == 422


class TestTexts:
    async def test_intake_and_routing_read_them_audited(self, world):
        proposal_id = await proposed(world)
        asked = {"ids": [str(proposal_id), str(OTHER)], "purpose": "proposal"}
        answer = await world.post("/internal/v1/contents", world.token("service", subject="intake"), asked)
        found, unknown = answer.json()["items"]
        assert found["content"] == {"language": "kk", "text": "Құпия ұсыныс: пациент дәрігерге жазылды."}
        assert (unknown["found"], unknown["content"]) == (False, None)
        [read] = await world.rows(ContentRead)
        assert (read.reader, read.purpose, read.ids) == ("intake", "proposal", asked["ids"])

    async def test_analytics_may_not(self, world):
        asked = {"ids": [str(OTHER)], "purpose": "proposal"}
        assert (await world.post("/internal/v1/contents", world.token("service", subject="analytics"), asked)).status_code == 403

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from provider_contact.directory.models import Provider
from tests.provider_contact.conftest import BINS, PROVIDERS, SOLE_TRADER


class TestSearch:
    async def test_everybody_may_search_for_a_provider(self, listed):
        answer = (await listed.get("/v1/providers", query="poliklinika 5", region="KZ-43")).json()
        assert [item["name_kk"] for item in answer["items"]] == ["«№5 қалалық емхана» ШЖҚ КМК"]
        assert answer["total"] == 1
        assert 0.9 < answer["items"][0]["score"] <= 1

    async def test_without_a_query_all_come_by_name(self, listed):
        items = (await listed.get("/v1/providers", region="KZ-43")).json()["items"]
        assert len(items) == 4
        assert [item["name_kk"] for item in items] == sorted(item["name_kk"] for item in items)
        assert items[0]["score"] is None

    async def test_the_central_office_searches_everywhere(self, listed):
        assert (await listed.get("/v1/providers", query="23 емхана", region="KZ-00")).json()["total"] == 1

    async def test_pages_follow_one_another_without_gap(self, listed):
        seen, cursor = [], None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await listed.get("/v1/providers", **query)).json()
            seen += [item["provider_id"] for item in page["items"]]
            assert page["total"] == 5
            if (cursor := page["next_cursor"]) is None:
                break
        assert len(seen) == len(set(seen)) == 5

    @pytest.mark.parametrize(
        "query", [{"region": "KZ-99"}, {"limit": 0}, {"limit": 201}, {"cursor": "x"}, {"cursor": "Wy0xXQ"}, {"query": "я" * 401}]
    )
    async def test_a_wrong_question_is_refused(self, listed, query):
        answer = await listed.get("/v1/providers", **query)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] in query

    @pytest.mark.parametrize("path", ["/v1/providers", "/v1/inquiries", f"/v1/inquiries/{UUID(int=1)}", "/v1/matches"])
    async def test_an_unknown_parameter_is_refused_by_its_name(self, listed, path):
        answer = await listed.get(path, listed.token("admin"), regoin="KZ-43")
        assert answer.status_code == 422
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [("regoin", "unknown-field")]

    async def test_a_change_is_found_at_once(self, listed):
        assert (await listed.get("/v1/providers", query="Сұңқар")).json()["items"] == []
        await listed.load({"name_kk": "«Сұңқар» клиникасы"}, *PROVIDERS[1:])
        assert (await listed.get("/v1/providers", query="Сұңқар")).json()["total"] == 1

    async def test_a_provider_that_is_over_is_not_shown_from_the_next_day_on(self, listed):
        async with listed.parts.database.write() as session:
            await session.execute(update(Provider).values(valid_to=listed.clock.now().date()))
        assert (await listed.get("/v1/providers")).json()["total"] == 5
        listed.clock.advance(timedelta(days=1))
        assert (await listed.get("/v1/providers")).json()["total"] == 0


class TestBin:
    @pytest.mark.parametrize("role", ["operator", "specialist", "expert", "supervisor", "head", "admin"])
    async def test_staff_see_an_organisations_and_a_sole_traders(self, listed, role):
        assert await self._shown(listed, role) == {"Городская поликлиника №15": BINS[1], "ИП «Ақ тіс»": SOLE_TRADER}

    @pytest.mark.parametrize("role", [None, "applicant", "channel", "provider", "analyst", "partner", "service"])
    async def test_others_see_an_organisations_but_never_a_persons(self, listed, role):
        assert await self._shown(listed, role) == {"Городская поликлиника №15": BINS[1], "ИП «Ақ тіс»": None}

    async def _shown(self, listed, role):
        items = (await listed.get("/v1/providers", listed.token(role) if role else None)).json()["items"]
        return {item["name_ru"]: item["bin"] for item in items if item["name_ru"] in {"Городская поликлиника №15", "ИП «Ақ тіс»"}}

import pytest


class TestLive:
    async def test_everybody_may_ask_and_cache_the_answer_for_five_seconds(self, world):
        response = await world.get("/live", None)
        assert (response.status_code, response.headers["cache-control"]) == (200, "public, max-age=5")
        assert response.json() == {"ready": True, "as_of": "2026-02-05T06:00:00Z"}

    async def test_who_works_here_gets_the_figures(self, world):
        assert (await world.get("/live")).json() == {
            "ready": True, "received_today": 0, "received_yesterday_by_now": 0, "answered_in_time_30d": {"value": None, "n": 0},
            "in_progress": 0, "urgent_open": 0, "as_of": "2026-02-05T06:00:00Z",
        }  # fmt: skip


class TestWhoSees:
    @pytest.mark.parametrize("role", [None, "applicant", "partner", "provider", "channel", "service"])
    async def test_strangers_get_readiness_and_time_alone(self, world, make, role):
        await world.consume(make("appeal-registered", 1))
        answer = await world.get("/live", role)
        assert answer.json().keys() == {"ready", "as_of"}
        assert answer.json()["ready"] is True
        assert answer.headers["vary"] == "Authorization"

    @pytest.mark.parametrize("role", ["operator", "specialist", "expert", "supervisor", "head", "analyst", "admin"])
    async def test_who_works_here_gets_the_figures_and_no_shared_cache_does(self, world, make, role):
        await world.consume(make("appeal-registered", 1))
        answer = await world.get("/live", role)
        assert answer.json()["in_progress"] == 1
        assert answer.headers["cache-control"] == "private, max-age=5"

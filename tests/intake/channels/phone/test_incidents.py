"""Mass incidents over HTTP: a supervisor announces one, operators close calls as the same matter."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from intake.channels.phone.models import Incident
from intake.register.models import Appeal
from tests.intake.channels.phone.test_api import send
from tests.intake.channels.phone.test_pages import TALKING, Screen, over, registered

ANSWER = "Серверде ақау бар, кешке дейін түзетіледі."
ANNOUNCED = {
    "region": "KZ-43",
    "topic": "ATTACHMENT",
    "answer_kk": ANSWER,
    "answer_ru": "На сервере сбой, его исправят к вечеру.",
    "hours": "4",
}


class Supervisor:
    """A signed-in supervisor before the page."""

    def __init__(self, desk, role="supervisor", **claims):
        self.desk = desk
        self.headers = Screen(desk, "supervisor-1", role, **({} if role == "admin" else {"region": "KZ-43"}) | claims).headers

    async def get(self):
        return await self.desk.client.get("/intake/incidents", headers=self.headers)

    async def announce(self, **changes):
        return await self.desk.client.post("/intake/incidents", data=ANNOUNCED | changes, headers=self.headers)

    async def end(self, incident_id):
        return await self.desk.client.post(f"/intake/incidents/{incident_id}/end", headers=self.headers)


@pytest.fixture
def supervisor(desk):
    return Supervisor(desk)


@pytest.fixture
def screen(desk):
    return Screen(desk)


async def incident_on(screen):
    found = re.search(r'action="/intake/call/same/([^"]+)"', (await screen.get()).text)
    return found[1] if found else None


class TestAnnouncing:
    async def test_operators_see_it_at_once_with_the_answer(self, supervisor, screen):
        assert await incident_on(screen) is None
        assert (await supervisor.announce()).headers["location"] == "/intake/incidents?flash=incident-announced"
        page = (await screen.get()).text
        assert (ANSWER in page, ANNOUNCED["answer_ru"] in page) == (True, True)
        assert (await screen.get("/live")).json()["incidents"] == await incident_on(screen)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"region": "KZ-75"}, {"region": "ALL"}, {"topic": "NOTHING"}, {"answer_kk": " "}, {"answer_ru": "я" * 1001},
            {"answer_en": "y" * 1001}, {"hours": "1000"},
        ],
        ids=lambda wrong: next(iter(wrong)),
    )  # fmt: skip
    async def test_what_is_wrong_is_named_and_what_was_typed_stays(self, desk, supervisor, wrong):
        refused = await supervisor.announce(**wrong)
        assert refused.status_code == 422
        assert f'id="f-{next(iter(wrong))}-error"' in refused.text
        assert await desk.rows(Incident) == []

    @pytest.mark.parametrize(("role", "claims"), [("admin", {}), ("supervisor", {"region": "KZ-00"}), ("head", {"region": "KZ-00"})])
    async def test_the_central_office_announces_for_the_whole_country_and_for_every_region(self, desk, role, claims):
        centre = Supervisor(desk, role, **claims)
        await centre.announce(region="ALL")
        assert [row.region for row in await desk.rows(Incident)] == [None]
        for region in (None, "", "KZ-00", "KZ-75"):
            assert await incident_on(Screen(desk, f"operator-{region}", region=region)) is not None
        desk.clock.advance(timedelta(seconds=1))
        await centre.announce(region="KZ-75")
        assert {row.region for row in await desk.rows(Incident)} == {None, "KZ-75"}
        await centre.end(await incident_on(Screen(desk, "operator-75", region="KZ-75")))
        assert [row.region for row in await desk.rows(Incident) if row.ended_at] == ["KZ-75"]

    async def test_callers_of_no_region_are_not_announced_for(self, desk):
        """An incident of KZ-00 would register its callers under the central office."""
        centre = Supervisor(desk, region="KZ-00")
        assert 'value="KZ-00"' not in (await centre.get()).text
        assert (await centre.announce(region="KZ-00")).status_code == 422

    async def test_operators_of_the_central_office_see_those_of_every_region(self, desk, supervisor):
        await supervisor.announce()
        assert await incident_on(Screen(desk, "operator-00", region="KZ-00")) is not None

    async def test_a_form_sent_twice_announces_once(self, desk, supervisor):
        key = re.search(r'name="key" value="([^"]+)"', (await supervisor.get()).text)[1]
        refused = await supervisor.announce(key=key, hours="1000")
        assert f'name="key" value="{key}"' in refused.text
        flashes = [(await supervisor.announce(key=key)).headers["location"].partition("flash=")[2] for _ in range(2)]
        assert flashes == ["incident-announced", "incident-known"]
        assert len(await desk.rows(Incident)) == 1

    async def test_operators_of_other_regions_do_not_see_it(self, desk, supervisor):
        await supervisor.announce()
        assert await incident_on(Screen(desk, "operator-75", region="KZ-75")) is None
        assert await incident_on(Screen(desk, "operator-43", region="KZ-43")) is not None

    @pytest.mark.parametrize(("role", "claims"), [("operator", {}), ("specialist", {}), ("expert", {}), ("supervisor", {"region": None})])
    async def test_it_is_for_supervisors_of_a_region(self, desk, role, claims):
        other = Supervisor(desk, role, **claims)
        assert (await other.get()).status_code == 403
        assert (await other.announce()).status_code == 403
        assert await desk.rows(Incident) == []


class TestEnd:
    async def test_it_ends_by_its_time(self, desk, supervisor, screen):
        await supervisor.announce()
        incident_id = await incident_on(screen)
        desk.clock.advance(timedelta(hours=4))
        assert await incident_on(screen) is None
        late = await screen.post(f"same/{incident_id}", **{"quick.language": "ru"})
        assert late.headers["location"] == "/intake/call?flash=incident-over"

    async def test_a_supervisor_ends_it_once(self, supervisor, screen):
        await supervisor.announce()
        incident_id = await incident_on(screen)
        assert (await supervisor.end(incident_id)).headers["location"].endswith("flash=incident-ended")
        assert await incident_on(screen) is None
        assert (await supervisor.end(incident_id)).headers["location"].endswith("flash=incident-over")
        assert "Закончилось" in (await supervisor.get()).text

    async def test_that_of_another_region_is_out_of_reach(self, desk, supervisor, screen):
        await supervisor.announce()
        stranger = Supervisor(desk, region="KZ-75")
        assert (await stranger.end(await incident_on(screen))).status_code == 404
        assert ANSWER not in (await stranger.get()).text
        assert (await supervisor.end(uuid4())).status_code == 404


class TestSameSubject:
    async def test_one_key_closes_the_call_and_counts_the_caller(self, desk, supervisor, screen):
        await supervisor.announce()
        await send(desk, TALKING)
        sent = {"call": await screen.call(), "key": str(uuid4()), "quick.language": "kk"}
        for _ in range(2):
            assert (await screen.post(f"same/{await incident_on(screen)}", **sent)).headers["location"] == "/intake/call"
        await over(desk)
        [appeal] = await registered(desk)
        assert (appeal.topic, appeal.region, appeal.language, appeal.resolved_in_contact) == ("ATTACHMENT", "KZ-43", "kk", True)
        assert [row.callers for row in await desk.rows(Incident)] == [1]
        assert "1 звонок" in (await supervisor.get()).text

    async def test_what_is_taken_back_is_not_counted(self, desk, supervisor, screen):
        await supervisor.announce()
        await screen.post(f"same/{await incident_on(screen)}", **{"quick.language": "kk"})
        held = re.search(r'action="/intake/call/undo/([^"]+)"', (await screen.get()).text)[1]
        await screen.post(f"undo/{held}")
        await over(desk)
        assert ([row.callers for row in await desk.rows(Incident)], await desk.rows(Appeal)) == ([0], [])

    async def test_an_incident_of_the_country_needs_the_callers_region(self, desk, screen):
        await Supervisor(desk, "admin").announce(region="ALL")
        incident_id = await incident_on(screen)
        assert (await screen.post(f"same/{incident_id}", **{"quick.language": "kk"})).status_code == 422
        await screen.post(f"same/{incident_id}", **{"quick.language": "kk", "quick.region": "KZ-75"})
        await over(desk)
        assert [appeal.region for appeal in await registered(desk)] == ["KZ-75"]

    async def test_another_site_cannot_close(self, supervisor, screen):
        await supervisor.announce()
        incident_id = await incident_on(screen)
        screen.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await screen.post(f"same/{incident_id}", **{"quick.language": "kk"})).status_code == 403

"""Callers to be called back, on the operator's page and on the page of all of them; and how long calls are stored."""

import re
from datetime import timedelta

import pytest

from intake.channels.phone.models import Call, CallBack, CallEvent
from intake.channels.phone.service.calls import purge
from intake.register.models import Appeal, ContentRead
from tests.intake.channels.phone.test_api import NUMBER, event, publish_calls, send
from tests.intake.channels.phone.test_pages import OPERATOR, WRITTEN, Screen
from tests.intake.conftest import NOW


@pytest.fixture
def screen(desk):
    return Screen(desk)


async def purge_calls(desk):
    """Run the job once."""
    async with desk.parts.units.write() as work:
        await purge(work)


@pytest.fixture
async def waiting(desk):
    """The call-back of a caller who rang at night and asked for it."""
    night = NOW.replace(hour=0, minute=30)
    events = [event("offered", 0, start=night, **{"from": NUMBER}), event("ivr_choice", 9, start=night, ivr_path="3")]
    await send(desk, [*events, event("ended", 15, start=night)])
    await publish_calls(desk)
    return (await desk.rows(CallBack))[0]


class TestCallBacks:
    async def test_the_number_is_shown_to_the_operator_who_claims_the_entry_and_the_access_is_recorded(self, desk, screen, waiting):
        assert NUMBER not in (await screen.get()).text
        await screen.post(f"back/{waiting.id}/take")
        assert NUMBER in (await screen.get()).text
        assert {(access.purpose, access.reader) for access in await desk.rows(ContentRead)} == {("call-back", OPERATOR)}
        assert NUMBER not in (await Screen(desk, "operator-2").get()).text

    async def test_a_colleague_cannot_claim_it_too(self, desk, screen, waiting):
        await screen.post(f"back/{waiting.id}/take")
        other = await Screen(desk, "operator-2").post(f"back/{waiting.id}/done")
        assert other.headers["location"].endswith("flash=call-back-taken")
        assert (await desk.rows(CallBack))[0].state == "TAKEN"

    async def test_an_abandoned_entry_can_be_claimed_after_an_hour(self, desk, screen, waiting):
        await screen.post(f"back/{waiting.id}/take")
        other = Screen(desk, "operator-2")
        assert f"back/{waiting.id}/take" not in (await other.get()).text
        desk.clock.advance(timedelta(hours=1))
        assert f"back/{waiting.id}/take" in (await other.get()).text
        await other.post(f"back/{waiting.id}/take")
        assert (await desk.rows(CallBack))[0].claimed_by == "operator-2"

    async def test_an_appeal_from_a_night_call_was_received_at_its_ring_and_is_registered_when_the_day_begins(self, desk, screen, waiting):
        await screen.post(f"back/{waiting.id}/take")
        await screen.post("register", step="send", call=await screen.call(), confirmed="yes", **WRITTEN)
        [appeal] = await desk.rows(Appeal)
        assert appeal.received_at == waiting.received_at
        assert appeal.registered_at == NOW.replace(hour=4, minute=0)  # 09:00 in Kyzylorda

    async def test_after_three_attempts_it_is_closed_and_the_number_erased(self, desk, screen, waiting):
        for _ in range(3):
            await screen.post(f"back/{waiting.id}/take")
            await screen.post(f"back/{waiting.id}/not-reached")
        [back] = await desk.rows(CallBack)
        assert (back.state, back.attempts, back.number) == ("UNREACHED", 3, None)
        assert (await screen.post(f"back/{waiting.id}/take")).status_code == 404


class TestAllCallBacks:
    async def listed(self, desk, subject=OPERATOR, query="", role="operator"):
        return await desk.client.get(f"/intake/call-backs{query}", headers=Screen(desk, subject, role).headers)

    async def test_an_entry_is_claimed_and_closed_there_and_its_number_is_shown_to_who_claimed_it(self, desk, screen, waiting):
        assert NUMBER not in (await self.listed(desk)).text
        taken = await screen.post(f"back/{waiting.id}/take?from=list")
        assert taken.headers["location"] == "/intake/call-backs"
        assert NUMBER in (await self.listed(desk)).text
        assert {(access.purpose, access.reader) for access in await desk.rows(ContentRead)} == {("call-back", OPERATOR)}
        assert NUMBER not in (await self.listed(desk, "operator-2")).text
        await screen.post(f"back/{waiting.id}/done?from=list")
        assert "Обратного звонка никто не ждёт" in (await self.listed(desk)).text

    async def test_a_long_list_has_pages_oldest_first(self, desk, monkeypatch):
        monkeypatch.setattr("intake.channels.phone.pages.call_backs.LISTED", 1)
        for number, name in enumerate(("a", "b")):
            start = NOW - timedelta(hours=2 - number)
            caller = event("offered", 0, call=name, start=start, **{"from": f"+7701000000{number}"})
            await send(
                desk, [caller, event("queued", 3, call=name, start=start, queue="1414-ru"), event("abandoned", 63, call=name, start=start)]
            )
        await publish_calls(desk)
        page = (await self.listed(desk)).text
        assert ("•• 00" in page, "•• 01" in page) == (True, False)
        following = re.search(r'href="/intake/call-backs(\?cursor=[^"]+)"', page)[1]
        page = (await self.listed(desk, query=following)).text
        assert ("•• 00" in page, "•• 01" in page) == (False, True)

    @pytest.mark.parametrize("role", ["specialist", "supervisor", "admin"])
    async def test_it_is_for_operators(self, desk, role):
        assert (await self.listed(desk, role=role)).status_code == 403


class TestRetention:
    async def test_a_caller_not_reached_in_a_fortnight_is_closed_and_the_number_erased(self, desk, waiting):
        desk.clock.advance(timedelta(days=13))
        await purge_calls(desk)
        assert [back.state for back in await desk.rows(CallBack)] == ["OPEN"]
        await Screen(desk).post(f"back/{waiting.id}/take")
        desk.clock.advance(timedelta(days=1))
        await purge_calls(desk)
        [back] = await desk.rows(CallBack)
        assert (back.state, back.number, back.claimed_by) == ("UNREACHED", None, None)

    @pytest.mark.usefixtures("waiting")
    async def test_a_call_is_deleted_after_a_year_with_its_events_and_call_back(self, desk):
        desk.clock.advance(timedelta(days=364))
        await purge_calls(desk)
        assert len(await desk.rows(Call)) == 1
        desk.clock.advance(timedelta(days=2))
        await purge_calls(desk)
        assert [await desk.rows(table) for table in (Call, CallEvent, CallBack)] == [[], [], []]

"""Consultations closed by one key, which wait for some seconds."""

import asyncio
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic_core import from_json, to_json
from sqlalchemy import update
from sqlmodel import col

from intake.channels.phone.jobs import ConsultationFiler
from intake.channels.phone.models import HeldConsultation
from intake.register.models import Appeal
from tests.intake.channels.phone.test_pages import Screen, over, registered


@pytest.fixture
def screen(desk):
    return Screen(desk)


class TestUndo:
    """A consultation closed by one key waits for ten seconds."""

    async def closed(self, screen, **sent):
        await screen.post("close", topic="PAY_METHODS", **{"quick.region": "KZ-43"} | sent)
        return re.search(r'action="/intake/call/undo/([^"]+)"', (await screen.get()).text)

    async def test_it_is_taken_back_and_nothing_was_published(self, desk, screen):
        found = await self.closed(screen)
        assert (await screen.post(f"undo/{found[1]}")).headers["location"] == "/intake/call?flash=closing-undone"
        await over(desk)
        assert (await desk.rows(Appeal), await registered(desk), await desk.rows(HeldConsultation)) == ([], [], [])
        assert (await screen.post(f"undo/{found[1]}")).headers["location"] == "/intake/call?flash=closing-done"

    async def test_after_the_wait_it_is_registered_once_and_cannot_be_taken_back(self, desk, screen):
        found = await self.closed(screen)
        await over(desk)
        await over(desk)
        assert (await screen.post(f"undo/{found[1]}")).headers["location"] == "/intake/call?flash=closing-done"
        assert len(await registered(desk)) == 1
        assert "/intake/call/undo/" not in (await screen.get()).text

    async def test_two_workers_register_it_once(self, desk, screen):
        await self.closed(screen)
        desk.clock.advance(timedelta(seconds=11))
        filers = [ConsultationFiler(desk.parts.units, desk.app.state.intake) for _ in range(2)]
        await asyncio.gather(*(filer.run() for filer in filers))
        assert (len(await registered(desk)), await desk.rows(HeldConsultation)) == (1, [])

    @pytest.mark.parametrize("topic", ["PAY_METHODS", "PAY_DEBT"])
    async def test_the_form_sent_again_later_registers_nothing_more(self, desk, screen, topic):
        key = str(uuid4())
        await self.closed(screen, key=key)
        await over(desk)
        await screen.post("close", topic=topic, key=key, **{"quick.region": "KZ-43"})
        await over(desk)
        assert ([appeal.topic for appeal in await registered(desk)], await desk.rows(HeldConsultation)) == (["PAY_METHODS"], [])

    async def test_another_operator_cannot_take_it_back(self, desk, screen):
        found = await self.closed(screen)
        other = Screen(desk, "operator-2")
        assert "/intake/call/undo/" not in (await other.get()).text
        assert (await other.post(f"undo/{found[1]}")).headers["location"].endswith("flash=closing-done")
        await over(desk)
        assert len(await registered(desk)) == 1


def of_an_unknown_region(content):
    return content | {"appeal": content["appeal"] | {"region": "KZ-99"}}


def received_in_the_future(content):
    return content | {"appeal": content["appeal"] | {"received_at": "2099-01-01T00:00:00Z"}}


class TestBroken:
    """A consultation that cannot be registered, and one that waits behind it."""

    @pytest.mark.parametrize("broken", [None, of_an_unknown_region, received_in_the_future])
    async def test_it_does_not_stop_those_behind_it_and_is_tried_again_in_an_hour(self, desk, screen, broken):
        await screen.post("close", topic="PAY_METHODS", **{"quick.region": "KZ-43"})
        [held] = await desk.rows(HeldConsultation)
        whole = held.content
        sealed_as, sealer = ("held_consultation", held.id, "content"), desk.parts.sealer
        content = sealer.seal(*sealed_as, to_json(broken(from_json(sealer.open(*sealed_as, whole))))) if broken else b"unreadable"
        await self.store(desk, held.id, content)
        desk.clock.advance(timedelta(seconds=1))
        await screen.post("close", topic="PAY_DEBT", **{"quick.region": "KZ-43"})
        await over(desk)
        assert [appeal.topic for appeal in await registered(desk)] == ["PAY_DEBT"]
        assert "/intake/call/undo/" not in (await screen.get()).text
        await self.store(desk, held.id, whole)
        await over(desk)
        assert len(await registered(desk)) == 1
        desk.clock.advance(timedelta(hours=1))
        await over(desk)
        assert ([appeal.topic for appeal in await registered(desk)][1:], await desk.rows(HeldConsultation)) == (["PAY_METHODS"], [])

    async def store(self, desk, held_id, content):
        async with desk.parts.units.write() as work:
            await work.session.execute(update(HeldConsultation).where(col(HeldConsultation.id) == held_id).values(content=content))

"""What moves at the same moment, or breaks off in the middle: projections agree, and what belongs together is stored together."""

import asyncio
import json
import re
from datetime import timedelta
from uuid import UUID

import pytest

from intake.channels.phone import repository as calls
from intake.channels.phone.models import OralRecord
from intake.register.models import Appeal, Tracking
from shared.messaging import tables
from tests.intake.channels.counter.test_pages import ORAL, Clerk
from tests.intake.channels.peoples_control.test_entries import leave as leave_entry
from tests.intake.channels.peoples_control.test_entries import read as read_entries
from tests.intake.channels.phone.test_api import ANSWERED
from tests.intake.channels.phone.test_api import send as ring
from tests.intake.channels.phone.test_pages import WRITTEN as SPOKEN
from tests.intake.channels.phone.test_pages import Screen
from tests.intake.conftest import NOW
from tests.intake.imports.service.test_importing import row as legacy_row
from tests.intake.imports.service.test_importing import send as send_lines
from tests.intake.register.test_handlers import apply, routed

SHARED = ("kind", "status", "holder", "region")


class TestTheKindFoundByRouting:
    async def test_the_list_and_the_appeal_show_it(self, desk):
        mine = desk.token("applicant", subject="a")
        receipt = (await desk.file(mine)).json()
        await apply(desk, routed(UUID(receipt["appeal_id"])))
        [listed] = (await desk.client.get("/intake/v1/appeals", headers=mine)).json()["items"]
        shown = (await desk.track(receipt["number"], headers=mine)).json()
        assert (listed["kind"], shown["kind"]) == ("COMPLAINT", "COMPLAINT")
        assert [listed[name] for name in SHARED] == [shown[name] for name in SHARED]

    async def test_the_call_screen_shows_it(self, desk):
        receipt = (await desk.file()).json()
        await apply(desk, routed(UUID(receipt["appeal_id"])))
        screen = Screen(desk)
        await ring(desk, ANSWERED[:4])
        await screen.verified()
        page = (await screen.get()).text
        assert "Жалоба" in page[page.index(receipt["number"]) :][:500]

    async def test_the_public_list_shows_no_subject_of_the_former_kind(self, desk):
        await leave_entry(desk)
        [appeal] = await desk.rows(Appeal)
        await apply(desk, routed(appeal.id))
        page = await read_entries(desk)
        assert "Жалоба" in page
        assert "Отказ в записи" not in re.sub(r"<form.*?</form>", "", page, flags=re.DOTALL)


class TestAnOralAppealAndItsRecord:
    @pytest.mark.parametrize("point", ["call", "counter"])
    async def test_what_breaks_off_between_them_leaves_neither(self, desk, monkeypatch, point):
        async def post():
            if point == "call":
                return await Screen(desk).post("register", step="send", confirmed="yes", key="", **SPOKEN)
            return await Clerk(desk).post({**ORAL, "confirmed": "yes"})

        async def broken(*_):
            raise ConnectionResetError

        with monkeypatch.context() as patched:
            patched.setattr(calls, "add_oral_record", broken)
            assert (await post()).status_code == 503
        assert await desk.rows(Appeal) == []
        async with desk.parts.database.read() as session:
            assert (await session.execute(tables.outbox.select())).all() == []
        assert (await post()).status_code == 201
        [appeal], [record] = await desk.rows(Appeal), await desk.rows(OralRecord)
        assert record.appeal_id == appeal.id


class TestAClockThatRunsAhead:
    @pytest.mark.parametrize(("seconds", "status"), [(2, 201), (299, 201), (301, 422)])
    @pytest.mark.parametrize("role", ["partner", "channel", "operator"])
    async def test_a_little_is_accepted_and_counts_as_now(self, desk, role, seconds, status):
        given = (desk.clock.now() + timedelta(seconds=seconds)).isoformat()
        channel = {"partner": "HEALTH_DEPT", "channel": "APP", "operator": "CALL_1414"}[role]
        answer = await desk.file(desk.token(role, subject="s", name="Сынақ Айгүл"), channel=channel, received_at=given)
        assert answer.status_code == status, answer.text
        if status == 201:
            assert answer.json()["received_at"] == NOW.isoformat().replace("+00:00", "Z")

    async def test_in_a_former_register_too(self, desk):
        ahead = (desk.clock.now() + timedelta(seconds=2)).isoformat()
        line = legacy_row(received_at=ahead, closed_at=ahead)
        assert (await send_lines(desk, [line])).json()["imported"] == 1


class TestImportsOfTheSameLines:
    async def test_in_any_order_at_once_every_line_is_imported_once(self, desk, neighbour):
        lines = [json.dumps(legacy_row(number)) for number in range(60)]
        headers = desk.token("admin") | {"Content-Type": "application/x-ndjson"}
        orders = [lines, lines[::-1], lines[30:] + lines[:30], lines[::2] + lines[1::2]]
        async with neighbour() as other:
            answers = await asyncio.gather(
                *(
                    each.client.post("/intake/v1/imports", content="\n".join(order), headers=headers)
                    for order, each in zip(orders, (desk, other) * 2, strict=True)
                )
            )
        assert {one.status_code for one in answers} == {200}, [one.text for one in answers]
        assert sum(one.json()["imported"] for one in answers) == len(lines) == len(await desk.rows(Appeal))
        assert len(await desk.rows(Tracking)) == len(lines)

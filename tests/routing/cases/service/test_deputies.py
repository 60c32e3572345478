from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from routing.cases.models import DeputyAppointment
from routing.cases.service import acting, appoint, current_deputies, dismiss, supervisors
from shared.auth import Principal
from shared.errors import Forbidden, InvalidInput
from tests.routing.cases.service.test_extensions import approve, ask, clerk, events
from tests.routing.support import NOW

UNTIL = date(2026, 2, 6)
HEAD = Principal(subject="head-1", issuer="", roles=frozenset({"head"}), region="KZ-43")
DEPUTY = Principal(subject="dana", issuer="", roles=frozenset({"supervisor"}), region="KZ-43")


@pytest.fixture
async def supervisor(desk):
    """A supervisor of the head's region whom the desk knows, and others."""
    who = clerk(desk, "dana", "supervisor", name="Дана")
    for known in (who, clerk(desk, "erlan", "supervisor", region="KZ-75"), clerk(desk, "aigul")):
        await desk.get("/cases", known)
    return who


async def make_deputy(desk, subject="dana", until=UNTIL, head=HEAD):
    async with desk.parts.units.write() as work:
        await appoint(work, head, subject, until)


class TestAppointment:
    @pytest.mark.usefixtures("supervisor")
    async def test_supervisors_of_the_region_alone_can_be_chosen(self, desk):
        async with desk.parts.units.read() as work:
            assert [colleague.subject for colleague in await supervisors(work, "KZ-43")] == ["dana"]
        for subject in ("erlan", "aigul", "nobody"):
            with pytest.raises(InvalidInput):
                await make_deputy(desk, subject)

    @pytest.mark.usefixtures("supervisor")
    async def test_a_day_that_has_passed_is_refused(self, desk):
        with pytest.raises(InvalidInput):
            await make_deputy(desk, until=date(2026, 2, 1))

    @pytest.mark.usefixtures("supervisor")
    async def test_only_a_head_appoints(self, desk):
        with pytest.raises(Forbidden):
            await make_deputy(desk, head=DEPUTY)
        await make_deputy(desk)
        async with desk.parts.units.read() as work:
            deputy = await acting(work, DEPUTY)
            assert deputy.has("head")
            assert [(each.subject, each.name, each.until) for each in await current_deputies(work, "KZ-43")] == [("dana", "Дана", UNTIL)]

    @pytest.mark.usefixtures("supervisor")
    async def test_a_later_appointment_replaces_the_earlier_one(self, desk):
        await make_deputy(desk)
        desk.clock.advance(timedelta(hours=1))
        await make_deputy(desk, until=date(2026, 2, 20))
        async with desk.parts.units.read() as work:
            assert [each.until for each in await current_deputies(work, "KZ-43")] == [date(2026, 2, 20)]

    @pytest.mark.usefixtures("supervisor")
    async def test_it_stays_provable_who_was_entitled_from_when_until_when(self, desk):
        await make_deputy(desk)
        desk.clock.advance(timedelta(hours=1))
        await make_deputy(desk, until=date(2026, 2, 20))
        desk.clock.advance(timedelta(hours=1))
        async with desk.parts.units.write() as work:
            await dismiss(work, HEAD, "dana")
            await dismiss(work, HEAD, "nobody")
        async with desk.parts.database.read() as session:
            rows = (await session.execute(select(DeputyAppointment).order_by(col(DeputyAppointment.appointed_at)))).scalars().all()
        hours = [NOW + timedelta(hours=hours) for hours in range(3)]
        assert [(row.subject, row.until, row.appointed_by, row.appointed_at, row.ended_at) for row in rows] == [
            ("dana", UNTIL, "head-1", hours[0], hours[1]),
            ("dana", date(2026, 2, 20), "head-1", hours[1], hours[2]),
        ]


class TestActing:
    async def test_a_deputy_approves_and_is_named_by_the_own_role(self, desk, supervisor):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        assert (await approve(desk, appeal_id, supervisor)).status_code == 403
        await make_deputy(desk)
        assert "approve-extension" in [each["action"] for each in (await desk.case(appeal_id, supervisor))["next_actions"]]
        done = (await approve(desk, appeal_id, supervisor)).json()
        assert (done["extended_until"], done["extension"]["decided_by_role"]) == ("2026-03-16", "supervisor")
        assert [event["actor_role"] for event in await events(desk, "term-extended")] == ["supervisor"]

    async def test_a_deputy_terminates_on_every_ground_of_the_head(self, desk, supervisor):
        appeal_id = await desk.open()
        other = clerk(desk, "supervisor-2", "supervisor")
        assert (await desk.carry_out(appeal_id, "terminate", other, ground="COURT_ACT")).status_code == 200
        assert (await desk.carry_out(appeal_id, "approve", supervisor)).json()["code"] == "action-not-possible"
        await make_deputy(desk)
        assert (await desk.carry_out(appeal_id, "approve", supervisor)).json()["status"] == "TERMINATED"

    async def test_the_appointment_ends_with_its_day_or_earlier(self, desk, supervisor):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        await make_deputy(desk)
        desk.clock.set(datetime(2026, 2, 6, 18, 59, 59, tzinfo=UTC))
        async with desk.parts.units.read() as work:
            assert (await acting(work, DEPUTY)).has("head")
        desk.clock.set(datetime(2026, 2, 6, 19, 0, tzinfo=UTC))
        assert (await approve(desk, appeal_id, supervisor)).status_code == 403
        await make_deputy(desk, until=date(2026, 2, 20))
        async with desk.parts.units.write() as work:
            await dismiss(work, HEAD, "dana")
        assert (await approve(desk, appeal_id, supervisor)).status_code == 403

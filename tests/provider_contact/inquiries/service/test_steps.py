import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from provider_contact.inquiries.models import Inquiry, InquiryEntry
from provider_contact.inquiries.service import STEP_BATCH, NoNotices, advance_due
from shared.contracts import InquiryEscalated, InquiryOverdue, InquiryReminded
from tests.provider_contact.conftest import ANSWER, PROVIDER, closed, registered, routed, sent_inquiry

DUE = datetime(2026, 2, 10, 18, 59, 59, tzinfo=UTC)  # a Tuesday, asked on Thursday
REMINDED = datetime(2026, 2, 9, 4, 0, tzinfo=UTC)  # Monday, 9:00 in Qyzylorda
ESCALATED = datetime(2026, 2, 12, 4, 0, tzinfo=UTC)  # Thursday, 9:00
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Planned(NoNotices):
    """Notices that were planned."""

    def __init__(self):
        self.kinds = []

    async def plan(self, _work, notices):
        self.kinds += [(notice.kind, notice.body) for notice in notices]


async def advance(world, notices=None):
    async with world.parts.units.write() as work:
        return await advance_due(work, notices or NoNotices())


async def published(world):
    return [len(await world.emitted(kind)) for kind in (InquiryReminded, InquiryOverdue, InquiryEscalated)]


async def decide(world, inquiry_id, action, version, who=None, **fields):
    clerk = who or world.token("specialist", region="KZ-43", subject="s")
    return await world.post(f"/v1/inquiries/{inquiry_id}/actions/{action}", clerk, {"expected_version": version, **fields})


class TestSteps:
    async def test_each_comes_at_its_time_and_once(self, world):
        await sent_inquiry(world)
        notices = Planned()
        for moment, expected in (
            (REMINDED, [0, 0, 0]),
            (REMINDED + SECOND, [1, 0, 0]),
            (DUE, [1, 0, 0]),
            (DUE + SECOND, [1, 1, 0]),
            (ESCALATED + SECOND, [1, 1, 1]),
            (ESCALATED + timedelta(days=60), [1, 1, 1]),
        ):
            world.clock.set(moment)
            await advance(world, notices)
            await advance(world, notices)
            assert await published(world) == expected, moment
        assert notices.kinds == [("REMINDER", None), ("OVERDUE", None), ("ESCALATION", "HEALTH_DEPARTMENT")]
        (inquiry,) = await world.rows(Inquiry)
        assert (inquiry.overdue, inquiry.version, inquiry.next_step_at) == (True, 1, None)
        assert [entry.type for entry in await world.rows(InquiryEntry)] == ["REMINDER", "OVERDUE", "ESCALATION"]

    async def test_after_a_long_pause_the_late_one_is_not_reminded_and_the_rest_follows(self, world):
        await sent_inquiry(world)
        world.clock.set(ESCALATED + timedelta(days=30))
        while await advance(world):
            pass
        assert await published(world) == [0, 1, 1]

    async def test_an_answered_or_closed_one_has_none(self, world):
        first = await sent_inquiry(world, 1)
        await sent_inquiry(world, 2)
        await world.post(f"/v1/inquiries/{first}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        await world.consume(closed(2))
        world.clock.advance(timedelta(days=30))
        assert await advance(world) == 0

    async def test_a_late_answer_is_still_an_answer(self, world):
        inquiry_id = await sent_inquiry(world)
        world.clock.set(DUE + SECOND)
        await advance(world)
        answer = await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        assert (answer.json()["status"], answer.json()["overdue"]) == ("RESPONDED", True)

    async def test_a_clerk_who_was_faster_saves_the_rule_its_step(self, world):
        inquiry_id = await sent_inquiry(world)
        world.clock.set(DUE + SECOND)
        await advance(world)
        await decide(world, inquiry_id, "escalate-to", 1, body="MEDICAL_CONTROL")
        world.clock.set(ESCALATED + SECOND)
        await advance(world)
        assert [(event.body, event.actor_role) for event in await world.emitted(InquiryEscalated)] == [("MEDICAL_CONTROL", "specialist")]

    async def test_an_inquiry_of_an_earlier_version_is_planned_first(self, world):
        await sent_inquiry(world)
        async with world.parts.database.write() as session:
            await session.execute(update(Inquiry).values(next_step_at=BEGINNING))
        assert await advance(world) == 1
        assert await published(world) == [0, 0, 0]
        assert (await world.rows(Inquiry))[0].next_step_at == REMINDED

    async def test_one_that_an_earlier_version_flagged_is_not_published_again(self, world):
        await sent_inquiry(world)
        async with world.parts.database.write() as session:
            await session.execute(update(Inquiry).values(next_step_at=BEGINNING, overdue=True))
        world.clock.set(DUE + SECOND)
        await advance(world)
        assert await published(world) == [0, 0, 0]
        assert (await world.rows(Inquiry))[0].next_step_at == ESCALATED

    async def test_two_workers_take_each_step_once(self, world):
        numbers = range(1, 21)
        await world.consume(*(registered(number, provider_id=PROVIDER) for number in numbers))
        await world.consume(*(routed(number) for number in numbers))
        world.clock.set(DUE + SECOND)
        await asyncio.gather(*(advance(world) for _ in range(4)))
        while await advance(world):
            pass
        assert await published(world) == [0, 20, 0]

    async def test_a_killed_pass_changes_nothing(self, world):
        class Killed(Exception):
            pass

        class Dying(NoNotices):
            async def plan(self, _work, _notices):
                raise Killed

        await sent_inquiry(world)
        world.clock.set(DUE + SECOND)
        with suppress(Killed):
            await advance(world, Dying())
        assert await published(world) == [0, 0, 0]
        await advance(world)
        assert await published(world) == [0, 1, 0]

    async def test_many_go_in_portions_with_as_few_statements_as_one(self, world):
        numbers = range(1, STEP_BATCH + 2)
        await world.consume(*(registered(number, provider_id=PROVIDER) for number in numbers))
        await world.consume(*(routed(number) for number in numbers))
        world.clock.set(DUE + SECOND)
        counts = []
        for expected in (STEP_BATCH, 1):
            world.statements.clear()
            assert await advance(world) == expected
            counts.append(len(world.statements))
        assert counts[0] == counts[1]

from datetime import date, timedelta
from uuid import UUID

from analytics.facts.models import commitment_fact, inquiry_fact
from analytics.facts.schemas import CommitmentResult

DAY = timedelta(days=1)


async def stored(world, table):
    async with world.parts.database.read() as session:
        return (await session.execute(table.select())).all()


class TestInquiries:
    async def test_the_first_answer_counts_and_the_latest_refusal(self, world, make):
        now = world.clock.now()
        await world.consume(make("appeal-registered", 1), make("inquiry-sent", 1, due_at=now + DAY))
        [sent] = await stored(world, inquiry_fact)
        assert (sent.region, sent.sent_on, sent.answered_at, sent.late) == ("KZ-43", date(2026, 2, 5), None, False)
        await world.consume(make("inquiry-answered", 1, late=True, refusal_reason="NO_REFERRAL"), at=now + 2 * DAY)
        returned = make("inquiry-returned", 1, reason="X", round=2, due_at=now + 9 * DAY)
        again = make("inquiry-answered", 1, round=2, refusal_reason="NO_QUOTA")
        await world.consume(returned, again, at=now + 3 * DAY)
        await world.consume(make("inquiry-accepted", 1, refusal_reason="NO_QUOTA", refusal_lawful=True), at=now + 4 * DAY)
        [row] = await stored(world, inquiry_fact)
        assert (row.answered_at, row.late, row.due_at) == (now + 2 * DAY, True, now + 9 * DAY)
        assert (row.refusal_reason, row.refusal_lawful, row.cancelled) == ("NO_QUOTA", True, False)

    async def test_all_in_one_batch_is_the_same_as_one_by_one(self, world, make):
        granted = make("time-granted", 1, due_at=world.clock.now() + 5 * DAY)
        await world.consume(make("appeal-registered", 1), make("inquiry-sent", 1), granted, make("inquiry-cancelled", 1, reason="X"))
        [row] = await stored(world, inquiry_fact)
        assert (row.cancelled, row.due_at) == (True, world.clock.now() + 5 * DAY)

    async def test_an_inquiry_that_is_not_known_changes_nothing(self, world, make):
        await world.consume(make("appeal-registered", 1), make("inquiry-answered", 1))
        assert await stored(world, inquiry_fact) == []


class TestCommitments:
    async def test_a_promise_has_no_result_until_it_ends(self, world, make):
        made = {"commitment_id": UUID(int=20), "due_on": date(2026, 2, 9)}
        await world.consume(make("appeal-registered", 1), make("commitment-made", 1, **made))
        [promise] = await stored(world, commitment_fact)
        assert (promise.due_on, promise.region, promise.result) == (date(2026, 2, 9), "KZ-43", None)
        await world.consume(make("commitment-ended", 1, commitment_id=UUID(int=20), result="KEPT"))
        await world.consume(make("commitment-made", 1, **made))  # again
        assert [row.result for row in await stored(world, commitment_fact)] == [CommitmentResult.KEPT]

    async def test_a_promise_that_is_made_and_ends_in_one_batch_has_its_result(self, world, make):
        made = make("commitment-made", 1, commitment_id=UUID(int=20), due_on=date(2026, 2, 9))
        ended = make("commitment-ended", 1, commitment_id=UUID(int=20), result="BROKEN")
        await world.consume(make("appeal-registered", 1), made, ended)
        assert [row.result for row in await stored(world, commitment_fact)] == [CommitmentResult.BROKEN]

from datetime import date, timedelta

import pytest

from provider_contact.commitments import service
from provider_contact.commitments.errors import CommitmentEnded, TooManyPromises, UnknownCommitment
from provider_contact.commitments.models import Commitment
from shared import contracts
from shared.errors import InvalidInput, NotFound
from tests.provider_contact.conftest import NOW, OTHER, appeal_id
from tests.provider_contact.outcomes import SECRET, promise_again, promised, reported, statuses, take_steps

DAY = timedelta(days=1)


async def results(world):
    return [event.result for event in await world.emitted(contracts.CommitmentEnded)]


async def on_its_day(world):
    """A promise whose applicant is asked now."""
    commitment_id = await promised(world)
    world.clock.advance(7 * DAY + timedelta(hours=7))
    await take_steps(world)
    return commitment_id


class TestPromise:
    async def test_a_promise_is_published_without_its_text(self, world):
        commitment_id = await promised(world)
        [event] = await world.emitted(contracts.CommitmentMade)
        assert (event.commitment_id, event.due_on, event.language) == (commitment_id, date(2026, 2, 12), "kk")
        assert SECRET not in await world.every_column()

    @pytest.mark.parametrize(("day", "code"), [(NOW.date() - DAY, "too-early"), (NOW.date() + 91 * DAY, "too-late")])
    async def test_a_day_that_nobody_can_promise_is_refused(self, world, day, code):
        with pytest.raises(InvalidInput) as refused:
            await promised(world, due_on=day)
        assert [(error.field, error.code) for error in refused.value.errors] == [("due_on", code)]

    async def test_an_inquiry_has_only_so_many_open_promises(self, world):
        await promised(world)
        [row] = await world.rows(Commitment)
        for _ in range(4):
            await promise_again(world, row.inquiry_id)
        with pytest.raises(TooManyPromises):
            await promise_again(world, row.inquiry_id)


class TestDay:
    async def test_the_applicant_is_asked_on_the_day_in_the_time_of_the_region_and_once(self, world):
        await promised(world)
        world.clock.advance(7 * DAY + timedelta(hours=6, minutes=59))
        assert await take_steps(world) == 0, "17:59 in Qyzylorda"
        world.clock.advance(timedelta(minutes=1))
        assert (await take_steps(world), await take_steps(world)) == (1, 0)
        [event] = await world.emitted(contracts.CommitmentDue)
        assert event.answer_until.isoformat() == "2026-02-17T18:59:59+00:00", "from a Thursday: Friday, Monday, Tuesday"
        assert await statuses(world, Commitment) == ["DUE"]

    async def test_silence_is_no_answer(self, world):
        await on_its_day(world)
        world.clock.advance(6 * DAY)
        assert (await take_steps(world), await take_steps(world)) == (1, 0)
        assert await results(world) == ["NO_ANSWER"]


class TestAnswer:
    @pytest.mark.parametrize(("is_kept", "result"), [(True, "KEPT"), (False, "BROKEN")])
    async def test_the_first_answer_ends_the_promise(self, world, is_kept, result):
        commitment_id = await on_its_day(world)
        await world.consume(reported(commitment_id, as_promised=is_kept))
        await world.consume(reported(commitment_id, as_promised=not is_kept))
        assert await results(world) == await statuses(world, Commitment) == [result]
        world.clock.advance(30 * DAY)
        assert await take_steps(world) == 0

    @pytest.mark.parametrize(("is_kept", "result"), [(True, "KEPT"), (False, "BROKEN")])
    async def test_a_late_answer_is_still_the_applicants_word(self, world, is_kept, result):
        commitment_id = await on_its_day(world)
        world.clock.advance(6 * DAY)
        await take_steps(world)
        await world.consume(reported(commitment_id, as_promised=is_kept))
        assert await results(world) == ["NO_ANSWER", result]

    async def test_before_its_day_a_promise_can_be_kept_but_not_broken(self, world):
        commitment_id = await promised(world)
        await world.consume(reported(commitment_id, as_promised=False))
        assert await statuses(world, Commitment) == ["OPEN"]
        await world.consume(reported(commitment_id))
        assert await results(world) == ["KEPT"]

    async def test_an_answer_about_no_promise_is_quarantined(self, world):
        with pytest.raises(UnknownCommitment):
            await world.consume(reported(appeal_id(9)))


class TestExcuse:
    async def excuse(self, world, reason="APPLICANT_ABSENT", inquiry_id=None):
        [row] = await world.rows(Commitment)
        async with world.parts.units.write() as work:
            await service.excuse(
                work, inquiry_id=inquiry_id or row.inquiry_id, commitment_id=row.commitment_id, reason=reason, subject="clerk"
            )

    async def test_a_clerk_releases_the_provider_once_and_the_applicant_is_not_asked(self, world):
        await promised(world)
        await self.excuse(world)
        world.clock.advance(30 * DAY)
        assert await take_steps(world) == 0
        assert await results(world) == ["EXCUSED"]
        [row] = await world.rows(Commitment)
        assert (row.excuse_reason, row.excused_by) == ("APPLICANT_ABSENT", "clerk")
        with pytest.raises(CommitmentEnded):
            await self.excuse(world)

    async def test_a_broken_promise_is_not_excused_any_more(self, world):
        await world.consume(reported(await on_its_day(world), as_promised=False))
        with pytest.raises(CommitmentEnded):
            await self.excuse(world)

    async def test_another_inquiry_is_refused(self, world):
        await promised(world)
        with pytest.raises(NotFound):
            await self.excuse(world, inquiry_id=OTHER)

import pytest
from sqlalchemy import func, select

from provider_contact.inquiries.errors import UnknownAppeal
from provider_contact.inquiries.models import Appeal, Inquiry
from shared.contracts import AppealWithdrawn, CaseForwarded, CaseReopened, CaseReturned, CaseTerminated, InquirySent
from shared.messaging.tables import outbox
from tests.provider_contact.conftest import FIFTEENTH, PROVIDER, appeal_id, closed, corrected, raised, registered, routed, sent_inquiry


class TestReopenedCases:
    async def test_a_reopened_case_is_on_its_new_tier_and_may_be_asked_about_again(self, world):
        await sent_inquiry(world, 1)
        await world.consume(closed(1))
        await world.consume(CaseReopened(appeal_id=appeal_id(1), tier=3, queue="KZ-43/3/kk", reason="PROMISE_BROKEN"))
        [appeal] = await world.rows(Appeal)
        [inquiry] = await world.rows(Inquiry)
        assert (appeal.closed, appeal.tier, inquiry.closed_at is None) == (False, 3, False)


class TestApplyRouting:
    @pytest.mark.parametrize("discloses", [True, False])
    async def test_a_complaint_for_the_provider_is_put_to_it(self, world, discloses):
        await world.consume(registered(1, provider_id=PROVIDER, discloses_to_provider=discloses))
        await world.consume(routed(1))
        emitted = (await world.emitted(InquirySent))[0]
        assert (emitted.provider_id, emitted.category, emitted.discloses) == (PROVIDER, "WAITING", discloses)
        assert (await world.rows(Inquiry))[0].due_at == emitted.due_at

    async def test_a_matched_name_in_the_same_batch_is_put_to_its_provider(self, listed):
        listed.intake.names(1, "15 емхана")
        await listed.consume(registered(1, provider_named=True), routed(1))
        assert (await listed.emitted(InquirySent))[0].provider_id == (await listed.providers())[FIFTEENTH]

    @pytest.mark.parametrize(
        "changed", [{"kind": "CONSULTATION", "category": None, "topic": "ATTACHMENT"}, {"kind": "GRATITUDE"}, {"category": "EXTORTION"}]
    )
    async def test_others_are_not(self, world, changed):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(routed(1, **changed))
        assert await world.rows(Inquiry) == []

    async def test_an_appeal_about_a_provider_that_was_never_registered_is_an_error_with_a_name(self, world):
        with pytest.raises(UnknownAppeal):
            await world.consume(routed(1, concerns_provider=True))

    @pytest.mark.parametrize("published", [False, None], ids=["now", "by an earlier version"])
    async def test_an_appeal_without_a_provider_changes_nothing_in_a_batch_with_others(self, world, published):
        await world.consume(registered(1), registered(2, provider_id=PROVIDER))
        await world.consume(routed(1, concerns_provider=published), routed(2, concerns_provider=True))
        assert [event.appeal_id for event in await world.emitted(InquirySent)] == [appeal_id(2)]
        assert [appeal.appeal_id for appeal in await world.rows(Appeal)] == [appeal_id(2)]

    async def test_done_again_it_asks_once_and_repeats_its_ids(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        consumed = await world.consume(routed(1))
        first = (await world.rows(Inquiry))[0].inquiry_id
        await world.apply(consumed)
        assert [inquiry.inquiry_id for inquiry in await world.rows(Inquiry)] == [first]


class TestApplyCorrection:
    async def test_a_corrected_appeal_may_turn_out_to_be_for_the_provider(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(routed(1, category="EXTORTION"))
        await world.consume(corrected(1, category="WAITING"))
        assert [event.category for event in await world.emitted(InquirySent)] == ["WAITING"]

    async def test_a_closed_one_does_not(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(routed(1, category="EXTORTION"))
        await world.consume(closed(1))
        await world.consume(corrected(1, category="WAITING"))
        assert await world.rows(Inquiry) == []

    async def test_of_an_appeal_without_a_provider_it_changes_nothing(self, world):
        await world.consume(registered(1), registered(2, provider_id=PROVIDER))
        await world.consume(routed(2, category="EXTORTION"))
        await world.consume(corrected(1, category="WAITING"), corrected(2, category="WAITING"))
        assert [event.appeal_id for event in await world.emitted(InquirySent)] == [appeal_id(2)]

    async def test_an_inquiry_is_sent_once_an_appeal(self, world):
        await sent_inquiry(world)
        await world.consume(corrected(1, category="ETHICS"))
        assert len(await world.emitted(InquirySent)) == 1


class TestApplyTier:
    async def test_the_tier_follows_the_case(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(raised(1, 3))
        assert (await world.rows(Appeal))[0].tier == 3

    async def test_an_old_appeals_tier_is_no_concern(self, world):
        await world.consume(raised(1, 3))
        assert await world.rows(Appeal) == []


class TestCloseEndedCases:
    @pytest.mark.parametrize(
        "end",
        [
            closed(1),
            AppealWithdrawn(appeal_id=appeal_id(1), reason="SOLVED"),
            CaseReturned(appeal_id=appeal_id(1), ground="NOT_COMPLETED", actor_role="specialist"),
            CaseTerminated(appeal_id=appeal_id(1), ground="ANONYMOUS", actor_role="head"),
            CaseForwarded(appeal_id=appeal_id(1), body="HEALTH_DEPT", actor_role="specialist"),
        ],
        ids=lambda end: end.FACT,
    )
    async def test_open_inquiries_close_quietly_however_the_case_ended(self, world, end):
        await world.consume(registered(1, provider_id=PROVIDER), registered(2, provider_id=PROVIDER))
        await world.consume(routed(1), routed(2))
        async with world.parts.database.read() as session:
            emitted = (await session.execute(select(func.count()).select_from(outbox))).scalar_one()
        await world.consume(end)
        found = {inquiry.appeal_id: inquiry for inquiry in await world.rows(Inquiry)}
        assert found[appeal_id(1)].closed_at is not None
        assert found[appeal_id(2)].closed_at is None
        async with world.parts.database.read() as session:
            assert (await session.execute(select(func.count()).select_from(outbox))).scalar_one() == emitted

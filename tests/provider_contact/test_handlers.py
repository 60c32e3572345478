from uuid import UUID

import pytest
from sqlalchemy import func, select

from provider_contact.errors import UnknownAppeal
from provider_contact.models import Appeal, Delivery, Inquiry, NameMatch
from shared.contents import OwnerUnavailable
from shared.contracts import AppealWithdrawn, CaseForwarded, CaseReturned, CaseTerminated, InquirySent, ProviderMatched
from shared.messaging.tables import outbox
from tests.provider_contact.conftest import BINS, SOLE_TRADER, appeal_id, closed, corrected, imported, raised, registered, routed

PROVIDER = UUID(int=501)
FIFTEENTH = "Городская поликлиника №15"


class TestNoteAppeals:
    async def test_a_name_that_is_clear_is_matched_and_told(self, listed):
        listed.intake.names(1, "15 емхана")
        await listed.tell(registered(1, provider_named=True))
        told = (await listed.emitted(ProviderMatched))[0]
        assert (told.provider_id, told.matched_by) == ((await listed.providers())[FIFTEENTH], "name")
        assert told.score > 0.9
        assert (await listed.rows(Appeal))[0].provider_id == told.provider_id

    async def test_a_name_that_is_not_is_kept_for_a_clerk(self, listed):
        listed.intake.names(1, "қалалық емхана")
        await listed.tell(registered(1, provider_named=True))
        assert await listed.emitted(ProviderMatched) == []
        assert len((await listed.rows(NameMatch))[0].candidates) == 3

    async def test_a_provider_chosen_from_the_directory_is_not_matched_again(self, listed):
        await listed.tell(registered(1, provider_id=PROVIDER, provider_named=True))
        assert (await listed.rows(Appeal))[0].provider_id == PROVIDER
        assert await listed.emitted(ProviderMatched) == []
        assert listed.intake.asked == []

    async def test_an_erased_name_leaves_nothing_to_do(self, listed):
        await listed.tell(registered(1, provider_named=True))
        assert await listed.rows(NameMatch) == []
        assert len(await listed.rows(Appeal)) == 1

    async def test_names_are_read_in_one_call(self, listed):
        for number in range(1, 51):
            listed.intake.names(number, "15 емхана")
        await listed.tell(*(registered(number, provider_named=True) for number in range(1, 51)))
        assert [(len(one.ids), one.purpose) for one in listed.intake.asked] == [(50, "provider-matching")]

    async def test_while_their_owner_is_down_the_batch_waits(self, listed):
        listed.intake.down = True
        with pytest.raises(OwnerUnavailable):
            await listed.tell(registered(1, provider_named=True))
        assert await listed.rows(Appeal) == []

    async def test_done_again_it_is_the_same(self, listed):
        listed.intake.names(1, "қалалық емхана")
        told = await listed.tell(registered(1, provider_named=True), registered(2, provider_id=PROVIDER))
        await listed.apply(told)
        assert len(await listed.rows(Appeal)) == 2
        assert len(await listed.rows(NameMatch)) == 1


class TestTellImported:
    @pytest.mark.parametrize("number", [BINS[1], SOLE_TRADER])
    async def test_an_old_appeal_is_matched_by_bin(self, listed, number):
        listed.intake.names(1, bin_=number)
        await listed.tell(imported(1))
        told = (await listed.emitted(ProviderMatched))[0]
        assert (told.matched_by, told.score) == ("bin", 1.0)
        assert told.provider_id in (await listed.providers()).values()

    async def test_or_else_by_name(self, listed):
        listed.intake.names(1, "15 емхана", BINS[30])
        await listed.tell(imported(1))
        assert (await listed.emitted(ProviderMatched))[0].matched_by == "name"

    async def test_what_is_not_found_is_nobodys_work(self, listed):
        listed.intake.names(1, "бір жер", BINS[30])
        await listed.tell(imported(1))
        assert await listed.emitted(ProviderMatched) == []
        assert await listed.rows(NameMatch) == []

    async def test_it_never_leads_to_an_inquiry(self, listed):
        listed.intake.names(1, bin_=BINS[1])
        await listed.tell(imported(1, category="WAITING"))
        assert await listed.emitted(InquirySent) == []
        assert await listed.rows(Appeal) == []


class TestTakeRouting:
    @pytest.mark.parametrize("discloses", [True, False])
    async def test_a_complaint_for_the_provider_is_put_to_it(self, world, discloses):
        await world.tell(registered(1, provider_id=PROVIDER, discloses_to_provider=discloses))
        await world.tell(routed(1))
        told = (await world.emitted(InquirySent))[0]
        assert (told.provider_id, told.category, told.discloses) == (PROVIDER, "WAITING", discloses)
        assert (await world.rows(Inquiry))[0].due_at == told.due_at

    async def test_a_matched_name_in_the_same_batch_is_put_to_its_provider(self, listed):
        listed.intake.names(1, "15 емхана")
        await listed.tell(registered(1, provider_named=True), routed(1))
        assert (await listed.emitted(InquirySent))[0].provider_id == (await listed.providers())[FIFTEENTH]

    @pytest.mark.parametrize(
        "changed", [{"kind": "CONSULTATION", "category": None, "topic": "ATTACHMENT"}, {"kind": "GRATITUDE"}, {"category": "EXTORTION"}]
    )
    async def test_others_are_not(self, world, changed):
        await world.tell(registered(1, provider_id=PROVIDER))
        await world.tell(routed(1, **changed))
        assert await world.rows(Inquiry) == []

    async def test_an_appeal_that_was_never_registered_is_an_error_with_a_name(self, world):
        with pytest.raises(UnknownAppeal):
            await world.tell(routed(1))

    async def test_done_again_it_asks_once_and_repeats_its_ids(self, world):
        await world.tell(registered(1, provider_id=PROVIDER))
        told = await world.tell(routed(1))
        first = (await world.rows(Inquiry))[0].inquiry_id
        await world.apply(told)
        assert [one.inquiry_id for one in await world.rows(Inquiry)] == [first]


class TestTakeCorrection:
    async def test_a_corrected_appeal_may_turn_out_to_be_for_the_provider(self, world):
        await world.tell(registered(1, provider_id=PROVIDER))
        await world.tell(routed(1, category="EXTORTION"))
        await world.tell(corrected(1, category="WAITING"))
        assert [one.category for one in await world.emitted(InquirySent)] == ["WAITING"]

    async def test_a_closed_one_does_not(self, world):
        await world.tell(registered(1, provider_id=PROVIDER))
        await world.tell(routed(1, category="EXTORTION"))
        await world.tell(closed(1))
        await world.tell(corrected(1, category="WAITING"))
        assert await world.rows(Inquiry) == []


class TestTakeTier:
    async def test_the_tier_follows_the_case(self, world):
        await world.tell(registered(1))
        await world.tell(raised(1, 3))
        assert (await world.rows(Appeal))[0].tier == 3

    async def test_an_old_appeals_tier_is_no_concern(self, world):
        await world.tell(raised(1, 3))
        assert await world.rows(Appeal) == []


class TestClose:
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
        await world.tell(registered(1, provider_id=PROVIDER), registered(2, provider_id=PROVIDER))
        await world.tell(routed(1), routed(2))
        async with world.parts.database.read() as session:
            told = (await session.execute(select(func.count()).select_from(outbox))).scalar_one()
        await world.tell(end)
        found = {one.appeal_id: one for one in await world.rows(Inquiry)}
        assert found[appeal_id(1)].closed_at is not None
        assert found[appeal_id(2)].closed_at is None
        async with world.parts.database.read() as session:
            assert (await session.execute(select(func.count()).select_from(outbox))).scalar_one() == told


class TestStatements:
    async def test_they_do_not_grow_with_the_batch(self, listed):
        async def counted(numbers):
            counts = []
            for number in numbers:
                listed.intake.names(number, "15 емхана" if number % 3 else "бір жер")
            some = [{"provider_named": True}, {"provider_id": PROVIDER}, {"provider_named": True}]
            for facts in (
                [registered(number, **some[number % 3]) for number in numbers],
                [routed(number) for number in numbers],
                [corrected(number, category="ETHICS" if number % 2 else None) for number in numbers],
                [raised(number, 3) for number in numbers],
                [closed(number) for number in numbers],
                [imported(number + 5000) for number in numbers],
            ):
                await listed.tell(*facts)
                counts.append(len(listed.statements))
            return counts

        assert await counted(range(1, 4)) == await counted(range(10, 310))
        assert len(await listed.rows(Delivery)) == len(await listed.rows(Inquiry))

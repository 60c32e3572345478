import pytest

from provider_contact.inquiries.models import Appeal
from provider_contact.matching.models import NameMatch
from shared.contents import OwnerUnavailable
from shared.contracts import InquirySent, ProviderMatched
from tests.provider_contact.conftest import BINS, FIFTEENTH, PROVIDER, SOLE_TRADER, closed, imported, registered


class TestMatchRegistered:
    async def test_a_name_that_is_clear_is_matched_and_emitted(self, listed):
        listed.intake.names(1, "15 емхана")
        await listed.consume(registered(1, provider_named=True))
        emitted = (await listed.emitted(ProviderMatched))[0]
        assert (emitted.provider_id, emitted.matched_by) == ((await listed.providers())[FIFTEENTH], "name")
        assert emitted.score > 0.9
        assert (await listed.rows(Appeal))[0].provider_id == emitted.provider_id

    async def test_a_name_that_is_not_is_stored_for_a_clerk(self, listed):
        listed.intake.names(1, "қалалық емхана")
        await listed.consume(registered(1, provider_named=True))
        assert await listed.emitted(ProviderMatched) == []
        assert len((await listed.rows(NameMatch))[0].candidates) == 3

    async def test_a_provider_chosen_from_the_directory_is_not_matched_again(self, listed):
        await listed.consume(registered(1, provider_id=PROVIDER, provider_named=True))
        assert (await listed.rows(Appeal))[0].provider_id == PROVIDER
        assert await listed.emitted(ProviderMatched) == []
        assert listed.intake.asked == []

    async def test_of_an_appeal_without_a_provider_nothing_is_stored(self, listed):
        await listed.consume(registered(1), registered(2, provider_id=PROVIDER))
        await listed.consume(closed(1))
        assert [appeal.appeal_id for appeal in await listed.rows(Appeal)] == [registered(2).appeal_id]
        assert listed.intake.asked == []

    async def test_an_erased_name_leaves_nothing_to_do(self, listed):
        await listed.consume(registered(1, provider_named=True))
        assert await listed.rows(NameMatch) == []
        assert len(await listed.rows(Appeal)) == 1

    async def test_names_are_read_in_one_call(self, listed):
        for number in range(1, 51):
            listed.intake.names(number, "15 емхана")
        await listed.consume(*(registered(number, provider_named=True) for number in range(1, 51)))
        assert [(len(item.ids), item.purpose) for item in listed.intake.asked] == [(50, "provider-matching")]

    async def test_while_their_owner_is_down_the_batch_waits(self, listed):
        listed.intake.down = True
        with pytest.raises(OwnerUnavailable):
            await listed.consume(registered(1, provider_named=True))
        assert await listed.rows(Appeal) == []

    async def test_done_again_it_is_the_same(self, listed):
        listed.intake.names(1, "қалалық емхана")
        consumed = await listed.consume(registered(1, provider_named=True), registered(2, provider_id=PROVIDER))
        await listed.apply(consumed)
        assert len(await listed.rows(Appeal)) == 2
        assert len(await listed.rows(NameMatch)) == 1


class TestMatchImported:
    @pytest.mark.parametrize("number", [BINS[1], SOLE_TRADER])
    async def test_an_old_appeal_is_matched_by_bin(self, listed, number):
        listed.intake.names(1, bin_=number)
        await listed.consume(imported(1))
        emitted = (await listed.emitted(ProviderMatched))[0]
        assert (emitted.matched_by, emitted.score) == ("bin", 1.0)
        assert emitted.provider_id in (await listed.providers()).values()

    async def test_or_else_by_name(self, listed):
        listed.intake.names(1, "15 емхана", BINS[30])
        await listed.consume(imported(1))
        assert (await listed.emitted(ProviderMatched))[0].matched_by == "name"

    async def test_what_is_not_found_is_nobodys_work(self, listed):
        listed.intake.names(1, "бір жер", BINS[30])
        await listed.consume(imported(1))
        assert await listed.emitted(ProviderMatched) == []
        assert await listed.rows(NameMatch) == []

    async def test_it_never_leads_to_an_inquiry(self, listed):
        listed.intake.names(1, bin_=BINS[1])
        await listed.consume(imported(1, category="WAITING"))
        assert await listed.emitted(InquirySent) == []
        assert await listed.rows(Appeal) == []


class TestDropWaitingNames:
    async def test_once_the_case_has_ended_no_clerk_has_to_choose(self, listed):
        for number in (1, 2):
            listed.intake.names(number, "қалалық емхана")
        await listed.consume(registered(1, provider_named=True), registered(2, provider_named=True))
        await listed.consume(closed(1))
        assert [match.appeal_id for match in await listed.rows(NameMatch)] == [registered(2).appeal_id]

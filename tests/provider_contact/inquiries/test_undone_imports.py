from sqlalchemy import Uuid, select

from provider_contact.base import ProviderContactModel
from provider_contact.inquiries.models import Appeal, Inquiry
from shared.contracts import ImportUndone, InquirySent, ProviderMatched
from tests.provider_contact.conftest import BINS, appeal_id, registered, routed


def taken_over(number, **changed):
    return registered(number, provider_named=True, taken_over=True, **{"asks_provider": False, **changed})


class TestTakenOver:
    async def test_its_provider_is_found_by_bin_and_is_not_asked(self, listed):
        listed.intake.names(1, bin_=BINS[1])
        await listed.consume(taken_over(1))
        (matched,) = await listed.emitted(ProviderMatched)
        assert matched.matched_by == "bin"
        await listed.consume(routed(1))
        assert await listed.emitted(InquirySent) == []
        assert [appeal.provider_id for appeal in await listed.rows(Appeal)] == [matched.provider_id]

    async def test_it_is_asked_if_the_import_asks_for_it(self, listed):
        listed.intake.names(1, bin_=BINS[1])
        await listed.consume(taken_over(1, asks_provider=True), routed(1))
        assert len(await listed.emitted(InquirySent)) == 1


class TestRemoveUndone:
    async def test_nothing_is_left_of_it(self, listed):
        for number in (1, 2):
            listed.intake.names(number, bin_=BINS[1])
        await listed.consume(taken_over(1, asks_provider=True), taken_over(2, asks_provider=True), routed(1), routed(2))
        (gone,) = [each.inquiry_id for each in await listed.rows(Inquiry) if each.appeal_id == appeal_id(1)]
        await listed.consume(ImportUndone(appeal_id=appeal_id(1)))
        sought = {"appeal_id": appeal_id(1), "inquiry_id": gone}
        async with listed.parts.database.read() as session:
            for table in ProviderContactModel.metadata.sorted_tables:
                for name in sought.keys() & table.c.keys():
                    if isinstance(table.c[name].type, Uuid):
                        found = await session.execute(select(table).where(table.c[name] == sought[name]))
                        assert found.first() is None, table.name
        assert [each.appeal_id for each in await listed.rows(Inquiry)] == [appeal_id(2)]

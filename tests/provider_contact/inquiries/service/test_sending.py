from datetime import UTC, datetime, timedelta

import pytest

from provider_contact.inquiries.models import Appeal, Delivery, Inquiry
from provider_contact.inquiries.service.sending import OVERDUE_BATCH, addressee, mark_overdue
from shared.contracts import InquiryOverdue
from shared.domain.taxonomy import taxonomy
from tests.provider_contact.conftest import ANSWER, NOW, PROVIDER, appeal_id, closed, registered, routed, sent_inquiry


def appeal(**changed):
    values = {
        "appeal_id": appeal_id(1), "number": "2026-43-0000001-0", "region": "KZ-43", "tier": 2, "kind": "COMPLAINT", "category": "WAITING",
        "provider_id": PROVIDER, "discloses": False, "received_at": NOW, "closed": False,
    }  # fmt: skip
    return Appeal(**values | changed)


class TestAddressee:
    @pytest.mark.parametrize("category", taxonomy().categories.values(), ids=lambda category: category.code)
    def test_only_categories_that_may_go_to_the_provider_first_do(self, category):
        expected = (PROVIDER, category.code) if category.spp_first else None
        assert addressee(appeal(category=category.code)) == expected

    @pytest.mark.parametrize("kind", taxonomy().kinds)
    def test_only_complaints_do(self, kind):
        assert (addressee(appeal(kind=kind)) is not None) == (kind == "COMPLAINT")

    @pytest.mark.parametrize(
        "changed", [{"provider_id": None}, {"closed": True}, {"category": None}, {"kind": None}, {"category": "LATER_CODE"}]
    )
    def test_nobody_is_asked_where_something_is_missing(self, changed):
        assert addressee(appeal(**changed)) is None

    @pytest.mark.parametrize("discloses", [True, False])
    def test_consent_does_not_decide_whether(self, discloses):
        assert addressee(appeal(discloses=discloses)) == (PROVIDER, "WAITING")


class TestDueDate:
    @pytest.mark.parametrize(
        ("asked", "due"),
        [
            (datetime(2026, 2, 5, 6, tzinfo=UTC), datetime(2026, 2, 10, 18, 59, 59, tzinfo=UTC)),  # Thursday to Tuesday
            (datetime(2026, 2, 5, 19, 30, tzinfo=UTC), datetime(2026, 2, 11, 18, 59, 59, tzinfo=UTC)),  # already Friday in Qyzylorda
            (datetime(2026, 3, 19, 6, tzinfo=UTC), datetime(2026, 3, 27, 18, 59, 59, tzinfo=UTC)),  # over Nauryz
        ],
    )
    async def test_it_is_three_working_days_after_the_local_day_of_the_request(self, world, asked, due):
        world.clock.set(asked)
        await sent_inquiry(world)
        assert (await world.rows(Inquiry))[0].due_at == due


class TestDelivery:
    async def test_the_portal_has_it_at_once(self, world):
        inquiry_id = await sent_inquiry(world)
        delivery = (await world.rows(Delivery))[0]
        assert (delivery.inquiry_id, delivery.channel, delivery.attempts, delivery.delivered_at) == (inquiry_id, "PORTAL", 1, NOW)


class TestMarkOverdue:
    async def test_a_late_inquiry_is_emitted_once(self, world):
        inquiry_id = await sent_inquiry(world)
        due = (await world.rows(Inquiry))[0].due_at
        for moment, emitted in ((due, 0), (due + timedelta(seconds=1), 1), (due + timedelta(days=1), 1)):
            world.clock.set(moment)
            async with world.parts.units.write() as work:
                await mark_overdue(work)
            assert len(await world.emitted(InquiryOverdue)) == emitted
        listed = (await world.get("/v1/inquiries", world.token("admin"), overdue=True)).json()["items"]
        assert [(item["inquiry_id"], item["version"], item["overdue"]) for item in listed] == [(str(inquiry_id), 1, True)]

    async def test_an_answered_or_closed_one_is_never_late(self, world):
        first = await sent_inquiry(world, 1)
        await sent_inquiry(world, 2)
        await world.post(f"/v1/inquiries/{first}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        await world.consume(closed(2))
        world.clock.advance(timedelta(days=30))
        async with world.parts.units.write() as work:
            assert await mark_overdue(work) == 0

    async def test_a_late_answer_is_still_an_answer(self, world):
        inquiry_id = await sent_inquiry(world)
        world.clock.advance(timedelta(days=30))
        async with world.parts.units.write() as work:
            assert await mark_overdue(work) == 1
        shown = (
            await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        ).json()
        assert (shown["status"], shown["overdue"]) == ("RESPONDED", True)

    async def test_many_are_emitted_in_portions_with_as_few_statements_as_one(self, world):
        numbers = range(1, OVERDUE_BATCH + 2)
        await world.consume(*(registered(number, provider_id=PROVIDER) for number in numbers))
        await world.consume(*(routed(number) for number in numbers))
        world.clock.advance(timedelta(days=30))
        counts = []
        for expected in (OVERDUE_BATCH, 1):
            world.statements.clear()
            async with world.parts.units.write() as work:
                assert await mark_overdue(work) == expected
            counts.append(len(world.statements))
        assert counts[0] == counts[1]

from datetime import UTC, datetime

import pytest

from provider_contact.deliveries.models import Delivery
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.inquiries.service.sending import addressee
from shared.domain.taxonomy import taxonomy
from tests.provider_contact.conftest import NOW, PROVIDER, appeal_id, sent_inquiry


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

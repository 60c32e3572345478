"""Registered statements, templates, and the figures next to the median of the region."""

from datetime import timedelta
from uuid import UUID

import pytest

from provider_contact.portal.codes import FigureCode
from provider_contact.portal.schemas import ExchangeRow
from provider_contact.portal.service.figures import confirmed, measured
from provider_contact.proposals.codes import ProposalStatus
from tests.provider_contact.conftest import FIFTEENTH, NOW, OTHER, PROVIDER, closed, registered, sent_inquiry


class TestStatements:
    async def test_what_the_officers_registered_is_listed_with_its_state(self, world, manager):
        await world.consume(registered(1, channel="SPP", provider_id=PROVIDER), registered(2, channel="SPP", provider_id=OTHER))
        await world.consume(registered(3, provider_id=PROVIDER))
        page = await manager.page("/statements")
        assert "2026-43-0000001-0" in page
        assert "2026-43-0000002-0" not in page
        assert "2026-43-0000003-0" not in page
        assert "рассматривается" in page
        await world.consume(closed(1))
        assert "закрыто" in await manager.page("/statements")

    async def test_an_event_that_comes_again_is_listed_once(self, world, manager):
        for _ in range(2):
            await world.consume(registered(1, channel="SPP", provider_id=PROVIDER))
        assert (await manager.page("/statements")).count("2026-43-0000001-0") == 1


class TestTemplates:
    async def test_a_saved_template_is_offered_to_every_colleague_and_sealed(self, world, manager, officer):
        inquiry = await sent_inquiry(world)
        given = {"title": "Біздің үлгі", "body": "№ {{number}}: жауап дайын.", "language": "kk"}
        assert (await manager.post("/templates", **given)).status_code == 303
        assert "№ 2026-43-0000001-0: жауап дайын." in await officer.page(f"/inquiries/{inquiry}")
        assert "Біздің үлгі" not in await world.every_column()

    @pytest.mark.parametrize("wrong", [{"body": "{{iin}}"}, {"title": ""}, {"language": "xx"}])
    async def test_a_wrong_one_comes_back_as_it_was_typed(self, manager, wrong):
        answer = await manager.post("/templates", **({"title": "Т", "body": "Мәтін", "language": "kk"} | wrong))
        assert answer.status_code == 422
        assert 'id="error-summary"' in answer.text


class TestFigures:
    def test_they_are_counted_by_provider_and_a_cancelled_inquiry_does_not_count(self):
        def row(days, *, late=False, rounds=1, status="RESPONDED"):
            answered = NOW + timedelta(days=days) if days is not None else None
            return ExchangeRow(PROVIDER, NOW, answered, late if days is not None else None, rounds, status)

        found = measured([row(1), row(2, late=True), row(3, rounds=2), row(None, status="DELIVERED"), row(None, status="CANCELLED")])
        assert found[FigureCode.IN_TIME][PROVIDER] == (50.0, 4)
        assert found[FigureCode.DAYS][PROVIDER] == (2, 3)
        assert found[FigureCode.RETURNED][PROVIDER] == (33.3, 3)

    def test_only_a_confirmation_counts_as_solved(self):
        counts = [(PROVIDER, status, 1) for status in ProposalStatus if status is not ProposalStatus.PROPOSED]
        assert confirmed(counts)[FigureCode.CONFIRMED][PROVIDER] == (40.0, 5)

    @pytest.mark.parametrize(("others", "is_shown"), [(4, False), (5, True)])
    async def test_a_median_needs_five_other_providers_with_five_inquiries(self, listed, person, others, is_shown):
        own, number = (await listed.providers())[FIFTEENTH], 0
        for provider in range(others):
            for _ in range(5):
                number += 1
                await sent_inquiry(listed, number, provider_id=UUID(int=900 + provider))
        listed.clock.advance(timedelta(days=10))
        page = await person(provider_id=own).page("/figures")
        assert ("Медиана региона: 0,0" in page) is is_shown

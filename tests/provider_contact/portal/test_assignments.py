"""Whose an inquiry is: who may claim, assign and return it, and what is refused."""

from uuid import UUID

import pytest

from provider_contact.accounts.models import InquiryAssignment
from provider_contact.accounts.policy import account_policy
from tests.provider_contact.conftest import OTHER, sent_inquiry
from tests.provider_contact.portal.test_colleagues import change, ids


@pytest.fixture
async def inquiry(world):
    return await sent_inquiry(world)


async def owners(world) -> list[UUID]:
    return [row.account_id for row in await world.rows(InquiryAssignment)]


class TestAssignment:
    async def test_an_officer_claims_an_inquiry_and_returns_it(self, world, manager, officer, inquiry):
        own = (await ids(manager))["Сынақ Маман"]
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id=own)).headers["location"].endswith("flash=assigned")
        assert await owners(world) == [UUID(own)]
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id="")).headers["location"].endswith("flash=released")
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id="")).headers["location"].endswith("flash=released")
        assert await owners(world) == []

    async def test_an_officer_assigns_to_nobody_else_and_takes_nothing_away(self, world, manager, officer, inquiry):
        chief = (await ids(manager))["Сынақ Жетекші"]
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id=chief)).status_code == 403
        assert (await manager.post(f"/inquiries/{inquiry}/assign", account_id=chief)).status_code == 303
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id="")).status_code == 403
        assert await owners(world) == [UUID(chief)]

    async def test_an_invited_colleague_gets_no_inquiry_yet(self, world, manager, inquiry):
        await manager.invite()
        invited = (await ids(manager))["Сынақ Айнұр"]
        answer = await manager.post(f"/inquiries/{inquiry}/assign", account_id=invited)
        assert answer.headers["location"].endswith("flash=colleague-unavailable")
        assert await owners(world) == []

    async def test_an_inquiry_of_another_organisation_is_not_found(self, world, manager):
        foreign = await sent_inquiry(world, 2, provider_id=OTHER)
        assert (await manager.post(f"/inquiries/{foreign}/assign", account_id="")).status_code == 404


class TestInvitations:
    async def test_there_are_no_more_accounts_than_the_policy_allows(self, manager, monkeypatch):
        limits = account_policy().model_copy(update={"accounts": 1})
        monkeypatch.setattr("provider_contact.accounts.service.colleagues.account_policy", lambda: limits)
        answer = await manager.post("/colleagues", name="Сынақ Айнұр", email="ainur@emhana.example", role="OFFICER")
        assert answer.status_code == 409

    async def test_an_accepted_invitation_is_not_renewed(self, manager, officer):
        assert officer
        assert (await change(manager, "Сынақ Маман", "renew")).status_code == 410

    async def test_who_has_an_account_needs_no_second_one(self, manager, officer):
        answer = await officer.post(f"/join/{await manager.invite()}")
        assert answer.status_code == 409

    async def test_work_is_not_moved_to_the_same_person(self, manager, officer):
        assert officer
        account = (await ids(manager))["Сынақ Маман"]
        answer = await manager.post(f"/colleagues/{account}/transfer", to=account, expected_version="1")
        assert answer.headers["location"].endswith("flash=colleague-unavailable")

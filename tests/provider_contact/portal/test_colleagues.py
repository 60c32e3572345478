"""The colleagues of a provider: invitations, roles, absence, removal, transfer, and the log."""

import asyncio
import re
from datetime import timedelta

import pytest

from provider_contact.accounts.errors import NoAccount
from provider_contact.accounts.models import InquiryAssignment, ProviderAccount
from provider_contact.accounts.service.sign_in import account_of
from provider_contact.deliveries.models import ProviderMail
from shared.auth import Principal
from tests.provider_contact.conftest import ANSWER, OTHER, closed, sent_inquiry
from tests.provider_contact.deliveries.conftest import PUBLIC_URL
from tests.provider_contact.deliveries.service.test_provider_mails import send_mails


async def ids(person):
    """Accounts by name, as the page shows them."""
    page = await person.page("/colleagues")
    return {name: account for account, name in re.findall(r'id="c-([0-9a-f-]+)">([^<]+?)(?: <span|</h2>)', page)}


async def version(person, account_id):
    page = await person.page("/colleagues")
    part = page.partition(f"{account_id}/absence")[2] or page.partition(f"{account_id}/remove")[2]
    return re.search(r'name="expected_version" value="(\d+)"', part)[1]


async def change(person, name, what, **fields):
    account_id = (await ids(person))[name]
    return await person.post(f"/colleagues/{account_id}/{what}", expected_version=await version(person, account_id), **fields)


class TestTheFirstPerson:
    @pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite has one writer
    async def test_requests_that_come_together_make_one_account(self, world):
        people = [Principal(name, "test", frozenset({"provider"}), provider_id=OTHER, name="Сынақ Маман") for name in "abababab"]
        found = await asyncio.gather(*(account_of(world.parts.units, each) for each in people), return_exceptions=True)
        [row] = await world.rows(ProviderAccount)
        accounts = [each for each in found if not isinstance(each, NoAccount)]
        assert {each.account_id for each in accounts} == {row.account_id}
        assert len(accounts) == len(people) / 2


class TestAnInvitation:
    async def test_the_link_works_once_and_binds_the_account_to_whoever_accepts(self, manager, person):
        token = await manager.invite()
        newcomer, late = person("ainur"), person("late")
        assert "Сынақ Айнұр" in await newcomer.page(f"/join/{token}")
        assert (await newcomer.post(f"/join/{token}")).status_code == 303
        assert "Запросы Фонда" in await newcomer.page()
        assert (await late.post(f"/join/{token}")).status_code == 410
        assert (await late.get(f"/join/{token}")).status_code == 410

    async def test_opening_the_link_changes_nothing(self, world, manager, person):
        await person("ainur").get(f"/join/{await manager.invite()}")
        assert [row.state for row in await world.rows(ProviderAccount)] == ["ACTIVE", "INVITED"]

    async def test_it_ends_after_a_week_and_is_renewed_by_the_manager(self, world, manager, person):
        token = await manager.invite()
        world.clock.advance(timedelta(days=7))
        assert (await person("ainur").post(f"/join/{token}")).status_code == 410
        manager = person("manager-1", name="Сынақ Жетекші")
        renewed = re.search(r"/portal/join/([\w-]+)", (await change(manager, "Сынақ Айнұр", "renew")).text)[1]
        assert (await person("ainur").post(f"/join/{renewed}")).status_code == 303

    async def test_a_person_of_another_provider_cannot_accept_it(self, world, manager, person):
        token = await manager.invite()
        other = person("elsewhere", provider_id=OTHER)
        assert (await other.get(f"/join/{token}")).status_code == 404
        assert (await other.post(f"/join/{token}")).status_code == 404
        assert [row.state for row in await world.rows(ProviderAccount)] == ["ACTIVE", "INVITED"]

    async def test_nobody_is_invited_twice_and_wrong_addresses_are_refused_at_the_field(self, manager):
        await manager.invite()
        again = await manager.post("/colleagues", name="Басқа", email="AINUR@emhana.example", role="OFFICER")
        assert (again.status_code, "уже есть доступ или приглашение" in again.text) == (422, True)
        wrong = await manager.post("/colleagues", name="", email="nonsense", role="OFFICER")
        assert wrong.status_code == 422
        assert 'id="f-name-error"' in wrong.text

    async def test_names_and_mailboxes_are_sealed_and_the_link_is_not_stored(self, world, manager):
        token = await manager.invite()
        stored = await world.every_column()
        for text in ("Сынақ Айнұр", "ainur@emhana.example", token, "manager-1"):
            assert text not in stored


class TestTheMailOfAnInvitation:
    async def test_it_has_the_link_of_the_page_first_in_the_language_of_the_inviter(self, world, manager, person, mail_server):
        token = await manager.invite()
        [mail] = await send_mails(world, mail_server)
        text = mail.get_content()
        assert mail["To"] == "ainur@emhana.example"
        assert text.index("Сынақ Жетекші приглашает вас") < text.index("Сынақ Жетекші сізді")
        assert text.count(f"{PUBLIC_URL}/provider-contact/portal/join/{token}") == 2
        assert (await person("ainur").post(f"/join/{token}")).status_code == 303

    async def test_the_page_says_that_a_mail_is_on_its_way_and_still_shows_the_link(self, manager):
        answer = await manager.post("/colleagues", name="Сынақ Айнұр", email="ainur@emhana.example", role="OFFICER")
        assert "Письмо со ссылкой отправлено коллеге." in answer.text
        assert "/portal/join/" in answer.text

    async def test_without_mail_the_link_is_shown_alone(self, world, manager):
        world.parts.settings = world.parts.settings.model_copy(update={"env": "production", "mail_host": None})
        answer = await manager.post("/colleagues", name="Сынақ Айнұр", email="ainur@emhana.example", role="OFFICER")
        assert "Отправьте её коллеге сами." in answer.text
        assert "/portal/join/" in answer.text
        assert await world.rows(ProviderMail) == []

    async def test_a_renewed_invitation_is_the_only_one_that_is_mailed(self, world, manager, mail_server):
        void = await manager.invite()
        renewed = re.search(r"/portal/join/([\w-]+)", (await change(manager, "Сынақ Айнұр", "renew")).text)[1]
        [mail] = await send_mails(world, mail_server)
        assert (renewed in mail.get_content(), void in mail.get_content()) == (True, False)

    async def test_a_page_that_is_sent_again_makes_no_other_link(self, manager, person):
        await manager.invite()
        account = (await ids(manager))["Сынақ Айнұр"]
        seen = await version(manager, account)
        renewed = await manager.post(f"/colleagues/{account}/renew", expected_version=seen)
        again = await manager.post(f"/colleagues/{account}/renew", expected_version=seen)
        assert again.headers["location"].endswith("flash=account-changed")
        token = re.search(r"/portal/join/([\w-]+)", renewed.text)[1]
        assert (await person("ainur").post(f"/join/{token}")).status_code == 303

    async def test_the_page_says_how_far_it_is_and_why_it_failed(self, world, manager, officer, mail_server):
        await manager.invite()
        assert "Отправляется" in await manager.page("/colleagues")
        mail_server.refusal = "550 no such user"
        await send_mails(world, mail_server)
        page = await manager.page("/colleagues")
        assert ("Не доставлено" in page, "почтовый ящик не принял письмо" in page) == (True, True)
        assert "Не доставлено" not in await officer.page("/colleagues"), "invitations are the manager's"
        mail_server.refusal = None
        await change(manager, "Сынақ Айнұр", "renew")
        await send_mails(world, mail_server)
        page = await manager.page("/colleagues")
        assert ("Доставлено" in page, "Не доставлено" in page) == (True, False)

    async def test_a_withdrawn_invitation_is_not_mailed(self, world, manager, mail_server):
        await manager.invite()
        assert (await change(manager, "Сынақ Айнұр", "remove", sure="yes")).status_code == 303
        assert await send_mails(world, mail_server) == []

    async def test_the_link_is_deleted_when_the_mail_was_sent(self, world, manager, mail_server):
        await manager.invite()
        await send_mails(world, mail_server)
        [row] = await world.rows(ProviderMail)
        assert (row.state, row.content) == ("DELIVERED", None)


class TestRoles:
    async def test_an_officer_invites_and_changes_nobody(self, manager, officer):
        accounts = await ids(manager)
        assert (await officer.post("/colleagues", name="А", email="a@emhana.example", role="MANAGER")).status_code == 403
        for what in ("role", "remove", "transfer", "renew", "absence"):
            fields = {"role": "OFFICER", "sure": "yes", "expected_version": 1}
            assert (await officer.post(f"/colleagues/{accounts['Сынақ Жетекші']}/{what}", **fields)).status_code == 403, what
        assert "Пригласить коллегу" not in await officer.page("/colleagues")

    @pytest.mark.usefixtures("officer")
    async def test_the_last_manager_stays(self, manager):
        for what, fields in (("role", {"role": "OFFICER"}), ("remove", {"sure": "yes"})):
            answer = await change(manager, "Сынақ Жетекші", what, **fields)
            assert answer.headers["location"].endswith("flash=last-manager")
        assert (await change(manager, "Сынақ Маман", "role", role="MANAGER")).headers["location"].endswith("flash=role-changed")
        assert (await change(manager, "Сынақ Жетекші", "role", role="OFFICER")).headers["location"].endswith("flash=role-changed")

    @pytest.mark.usefixtures("officer")
    async def test_a_stale_form_changes_nothing(self, manager):
        account = (await ids(manager))["Сынақ Маман"]
        answer = await manager.post(f"/colleagues/{account}/role", role="MANAGER", expected_version=99)
        assert answer.headers["location"].endswith("flash=account-changed")


class TestRemoval:
    async def test_a_removed_person_is_refused_on_pages_and_by_the_api_with_a_valid_token(self, world, manager, officer):
        inquiry = await sent_inquiry(world)
        assert (await change(manager, "Сынақ Маман", "remove", sure="yes")).headers["location"].endswith("flash=removed")
        assert (await officer.get()).status_code == 403
        for answer in (
            await world.get("/v1/inquiries", officer.bearer),
            await world.get(f"/v1/inquiries/{inquiry}", officer.bearer),
            await world.post(f"/v1/inquiries/{inquiry}/actions/respond", officer.bearer, ANSWER),
            await officer.post(f"/inquiries/{inquiry}/acknowledge", expected_version=1),
        ):
            assert answer.status_code == 403

    async def test_it_needs_the_tick(self, manager, officer):
        answer = await change(manager, "Сынақ Маман", "remove")
        assert answer.headers["location"].endswith("flash=account-changed")
        assert (await officer.get()).status_code == 200

    async def test_a_removed_person_comes_back_by_a_new_invitation(self, manager, officer):
        await change(manager, "Сынақ Маман", "remove", sure="yes")
        token = await manager.invite(name="Сынақ Маман", email="maman@emhana.example")
        assert (await officer.post(f"/join/{token}")).status_code == 303
        assert (await officer.get()).status_code == 200

    async def test_the_open_inquiries_go_to_the_colleague_named(self, world, manager, officer):
        inquiry = await sent_inquiry(world)
        accounts = await ids(manager)
        await officer.post(f"/inquiries/{inquiry}/assign", account_id=accounts["Сынақ Маман"])
        await change(manager, "Сынақ Маман", "remove", sure="yes", to=accounts["Сынақ Жетекші"])
        assert [str(row.account_id) for row in await world.rows(InquiryAssignment)] == [accounts["Сынақ Жетекші"]]
        page = await manager.page("/colleagues")
        assert "Открытые запросы переданы коллеге: Сынақ Маман" in page
        assert "Доступ закрыт: Сынақ Маман" in page

    @pytest.mark.parametrize("heir", ["Сынақ Жетекші", ""])
    async def test_an_answered_inquiry_is_with_nobody_who_lost_access_when_its_answer_is_returned(self, world, manager, officer, heir):
        inquiry = await sent_inquiry(world)
        accounts = await ids(manager)
        await officer.post(f"/inquiries/{inquiry}/assign", account_id=accounts["Сынақ Маман"])
        clerk, path = world.token("specialist", region="KZ-43"), f"/v1/inquiries/{inquiry}/actions"
        plain = ANSWER | {"code": "EXPLANATION"}
        answered = (await world.post(f"{path}/respond", officer.bearer, plain)).json()
        await change(manager, "Сынақ Маман", "remove", sure="yes", to=accounts.get(heir, ""))
        back = {"expected_version": answered["version"], "reason": "UNCLEAR", "text": "?"}
        assert (await world.post(f"{path}/return", clerk, back)).status_code == 200
        assert [str(row.account_id) for row in await world.rows(InquiryAssignment)] == ([accounts[heir]] if heir else [])

    async def test_an_inquiry_of_an_ended_case_still_says_whose_it_was(self, world, manager, officer):
        inquiry = await sent_inquiry(world)
        account = (await ids(manager))["Сынақ Маман"]
        await officer.post(f"/inquiries/{inquiry}/assign", account_id=account)
        await world.consume(closed(1))
        await change(manager, "Сынақ Маман", "remove", sure="yes")
        assert [str(row.account_id) for row in await world.rows(InquiryAssignment)] == [account]


class TestAbsence:
    async def test_an_absent_colleague_gets_no_inquiry(self, world, manager, officer, person):
        inquiry = await sent_inquiry(world)
        account = (await ids(manager))["Сынақ Маман"]
        own = await version(officer, account)
        assert (await officer.post(f"/colleagues/{account}/absence", absent_until="2026-02-20", expected_version=own)).status_code == 303
        answer = await manager.post(f"/inquiries/{inquiry}/assign", account_id=account)
        assert answer.headers["location"].endswith("flash=colleague-unavailable")
        world.clock.advance(timedelta(days=20))
        answer = await person("manager-1", name="Сынақ Жетекші").post(f"/inquiries/{inquiry}/assign", account_id=account)
        assert answer.headers["location"].endswith("flash=assigned")


class TestAssignment:
    async def test_an_officer_takes_and_returns_an_inquiry_and_assigns_nobody_else(self, world, manager, officer):
        inquiry = await sent_inquiry(world)
        accounts = await ids(manager)
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id=accounts["Сынақ Жетекші"])).status_code == 403
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id=accounts["Сынақ Маман"])).status_code == 303
        assert "Сынақ Маман" in await manager.page()
        assert (await officer.post(f"/inquiries/{inquiry}/assign", account_id="")).status_code == 303
        assert await world.rows(InquiryAssignment) == []

    async def test_an_account_of_another_provider_is_nobody(self, world, manager, person):
        inquiry = await sent_inquiry(world)
        other = person("elsewhere", provider_id=OTHER, name="Бөтен")
        foreign = (await ids(other))["Бөтен"]
        assert (await manager.post(f"/inquiries/{inquiry}/assign", account_id=foreign)).status_code == 404
        for what in ("role", "remove", "transfer", "renew", "absence"):
            fields = {"role": "OFFICER", "sure": "yes", "expected_version": 1}
            assert (await manager.post(f"/colleagues/{foreign}/{what}", **fields)).status_code == 404, what
        assert "Бөтен" not in await manager.page("/colleagues")


@pytest.mark.parametrize("path", ["/statements", "/templates", "/figures"])
async def test_the_other_pages_open_and_are_empty_at_first(manager, path):
    assert await manager.page(path)

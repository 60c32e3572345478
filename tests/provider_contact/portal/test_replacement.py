"""The Fund replaces the managers that an organisation has lost."""

import html
import re
from uuid import uuid4

import pytest

from provider_contact.accounts.models import InquiryAssignment, ProviderAccount
from provider_contact.inquiries.models import ContentRead
from shared.contracts import InquirySent
from tests.provider_contact.conftest import FIFTEENTH, registered, routed
from tests.provider_contact.deliveries.service.test_provider_mails import send_mails
from tests.provider_contact.portal.conftest import Person
from tests.provider_contact.portal.test_colleagues import ids

SUCCESSOR = {"name": "Сынақ Мұрагер", "email": "muragher@emhana.example"}


@pytest.fixture
async def provider(listed):
    return (await listed.providers())[FIFTEENTH]


@pytest.fixture
async def lost(listed, provider):
    """The manager, who has an open inquiry."""
    found = Person(listed, "manager-1", provider, name="Сынақ Жетекші")
    await found.get()
    await listed.consume(registered(1, provider_id=provider))
    await listed.consume(routed(1))
    inquiry = (await listed.emitted(InquirySent))[-1].inquiry_id
    assert (await found.post(f"/inquiries/{inquiry}/assign", account_id=(await ids(found))["Сынақ Жетекші"])).status_code == 303
    return found


@pytest.fixture
async def officer(listed, provider, lost):
    found = Person(listed, "officer-1", provider, name="Сынақ Маман")
    await found.post(f"/join/{await lost.invite(name='Сынақ Маман', email='maman@emhana.example')}")
    return found


async def replace(world, provider, who="admin", **fields):
    return await world.post(f"/v1/providers/{provider}/manager", world.token(who), SUCCESSOR | fields)


class TestByTheApi:
    async def test_the_old_access_is_closed_and_the_work_is_for_everybody(self, listed, provider, lost, officer):
        done = await replace(listed, provider)
        assert (done.status_code, done.json()["closed"], done.json()["released"]) == (201, 1, 1)
        assert (await lost.get()).status_code == 403
        assert (await listed.get("/v1/inquiries", lost.bearer)).status_code == 403
        assert (await officer.get()).status_code == 200
        assert await listed.rows(InquiryAssignment) == []

    @pytest.mark.usefixtures("lost", "officer")
    async def test_the_successor_comes_by_the_link_and_reads_who_did_it(self, listed, provider):
        link = (await replace(listed, provider)).json()["link"]
        successor = Person(listed, "successor", provider)
        assert (await successor.post(f"/join/{link.rpartition('/')[2]}")).status_code == 303
        page = await successor.page("/colleagues")
        assert "Доступ закрыт: Сынақ Жетекші" in page
        assert "Открытые запросы переданы коллеге: Сынақ Жетекші" in page
        assert "· Фонд" in page
        assert "Пригласить коллегу" in page

    @pytest.mark.usefixtures("lost")
    async def test_the_audit_log_names_the_keeper(self, listed, provider):
        await replace(listed, provider)
        [entry] = [each for each in await listed.rows(ContentRead) if each.purpose == "manager-replaced"]
        assert str(provider) in [str(each) for each in entry.ids]

    @pytest.mark.usefixtures("lost")
    async def test_nobody_takes_over_while_the_successor_has_not_come(self, listed, provider):
        await replace(listed, provider)
        somebody = Person(listed, "somebody", provider)
        await somebody.get()
        assert (await somebody.post("/colleagues", **SUCCESSOR, role="OFFICER")).status_code == 403
        assert sorted(row.state for row in await listed.rows(ProviderAccount)) == ["INVITED", "REMOVED"]

    @pytest.mark.usefixtures("lost")
    async def test_a_manager_who_lost_only_the_sign_in_is_invited_again_under_the_same_address(self, listed, provider):
        first = (await replace(listed, provider)).json()["link"]
        second = (await replace(listed, provider)).json()["link"]
        newcomer = Person(listed, "newcomer", provider)
        assert (await newcomer.post(f"/join/{first.rpartition('/')[2]}")).status_code == 410
        assert (await newcomer.post(f"/join/{second.rpartition('/')[2]}")).status_code == 303

    @pytest.mark.usefixtures("officer")
    async def test_what_cannot_be_is_refused_and_nothing_is_closed(self, listed, provider, lost):
        assert (await replace(listed, uuid4())).status_code == 404
        assert (await replace(listed, provider, email="maman@emhana.example")).json()["errors"][0]["code"] == "given-twice"
        assert (await replace(listed, provider, email="maman")).json()["errors"][0]["code"] == "bad-email"
        assert (await replace(listed, provider, "supervisor")).status_code == 403
        assert (await lost.get()).status_code == 200


class TestManagersThatChanged:
    """Only those lose their access whom the reader saw."""

    async def seen(self, listed):
        return [
            {"account_id": str(row.account_id), "version": row.version}
            for row in await listed.rows(ProviderAccount)
            if row.state != "REMOVED"
        ]

    async def test_the_same_request_again_does_not_close_the_successor(self, listed, provider, lost):
        seen = await self.seen(listed)
        first = await replace(listed, provider, managers=seen)
        successor = Person(listed, "successor", provider)
        await successor.post(f"/join/{first.json()['link'].rpartition('/')[2]}")
        again = await replace(listed, provider, managers=seen)
        assert (again.status_code, again.json()["code"]) == (409, "managers-changed")
        assert again.json()["managers"] == [each for each in await self.seen(listed) if each["account_id"] == first.json()["account_id"]]
        assert ((await successor.get()).status_code, (await lost.get()).status_code) == (200, 403)

    @pytest.mark.usefixtures("officer")
    async def test_an_officer_changes_nothing_and_a_new_version_of_a_manager_does(self, listed, provider, lost):
        managers = (await self.seen(listed))[:1]
        assert (await replace(listed, provider, managers=[managers[0] | {"version": 99}])).status_code == 409
        assert (await replace(listed, provider, managers=[])).status_code == 409
        assert (await lost.get()).status_code == 200
        assert (await replace(listed, provider, managers=managers)).status_code == 201


class TestByThePage:
    def page_of(self, listed, provider, language="ru"):
        keeper = Person(listed, "keeper", None, role="admin", language=language)
        return keeper.headers, f"/provider-contact/directory/{provider}"

    async def form(self, listed, headers, path, **changed):
        """The form as the page has it now, filled."""
        page = (await listed.client.get(f"{path}/manager", headers=headers)).text
        return SUCCESSOR | {"sure": "yes", "seen": re.search(r'name="seen" value="([^"]*)"', page)[1]} | changed

    async def send(self, listed, headers, path, **changed):
        return await listed.client.post(f"{path}/manager", headers=headers, data=await self.form(listed, headers, path, **changed))

    async def test_a_page_that_is_sent_again_closes_nobody_and_says_what_changed(self, listed, provider, lost):
        headers, path = self.page_of(listed, provider)
        form = await self.form(listed, headers, path)
        done = await listed.client.post(f"{path}/manager", headers=headers, data=form)
        successor = Person(listed, "successor", provider)
        assert "</time>." in done.text  # no space between a time and the end of its sentence
        token = re.search(r"/portal/join/([\w-]+)", done.text)[1]
        await successor.post(f"/join/{token}")
        again = await listed.client.post(f"{path}/manager", headers=headers, data=form)
        assert again.status_code == 409
        assert "Больше не руководитель: Сынақ Жетекші" in html.unescape(again.text)
        assert "Новый руководитель: Сынақ Мұрагер" in html.unescape(again.text)
        assert ('value="Сынақ Мұрагер"' in again.text, "checked" in again.text) == (True, False)
        assert ((await successor.get()).status_code, (await lost.get()).status_code) == (200, 403)

    async def test_a_form_without_what_its_reader_saw_closes_nobody(self, listed, provider, lost):
        headers, path = self.page_of(listed, provider)
        for seen in ("", "nonsense", "x:1"):
            answer = await listed.client.post(f"{path}/manager", headers=headers, data=SUCCESSOR | {"sure": "yes", "seen": seen})
            assert answer.status_code == 409
        assert (await lost.get()).status_code == 200

    @pytest.mark.usefixtures("lost")
    async def test_the_mail_of_the_invitation_has_a_state_and_is_sent_again(self, listed, provider, mail_server):
        headers, path = self.page_of(listed, provider)
        await self.send(listed, headers, path)
        mail_server.refusal = "550 no such user"
        await send_mails(listed, mail_server)
        page = (await listed.client.get(f"{path}/manager", headers=headers)).text
        assert ("Не доставлено" in page, "почтовый ящик не принял письмо" in page) == (True, True)
        [action] = re.findall(rf'action="({path}/manager/[0-9a-f-]+/renew)"', page)
        version = re.search(r'name="expected_version" value="(\d+)"', page)[1]
        renewed = await listed.client.post(action, headers=headers, data={"expected_version": version})
        assert (renewed.status_code, "Отправляется" in renewed.text) == (200, True)
        token = re.search(r"/portal/join/([\w-]+)", renewed.text)[1]
        again = await listed.client.post(action, headers=headers, data={"expected_version": version})
        assert (again.status_code, "/portal/join/" in again.text) == (409, False)
        assert (await Person(listed, "successor", provider).post(f"/join/{token}")).status_code == 303
        assert [each.purpose for each in await listed.rows(ContentRead)][-2:] == ["manager-replaced", "manager-invited-again"]

    @pytest.mark.usefixtures("lost")
    async def test_the_card_leads_to_it_and_the_link_is_shown_once(self, listed, provider):
        headers, path = self.page_of(listed, provider)
        assert f'href="{path}/manager"' in (await listed.client.get(path, headers=headers)).text
        assert "Сынақ Жетекші" in (await listed.client.get(f"{path}/manager", headers=headers)).text
        done = await self.send(listed, headers, path)
        token = re.search(r"/portal/join/([\w-]+)", done.text)[1]
        assert token not in (await listed.client.get(f"{path}/manager", headers=headers)).text
        assert (await Person(listed, "successor", provider).post(f"/join/{token}")).status_code == 303

    @pytest.mark.parametrize("wrong", [{"sure": ""}, {"name": ""}, {"email": "x"}])
    async def test_a_form_that_lacks_something_is_shown_again_and_closes_nothing(self, listed, provider, lost, wrong):
        headers, path = self.page_of(listed, provider)
        answer = await self.send(listed, headers, path, **wrong)
        assert answer.status_code == 422
        assert "Сынақ Жетекші" in answer.text
        assert (await lost.get()).status_code == 200

"""The Fund replaces the managers that an organisation has lost."""

import re
from uuid import uuid4

import pytest

from provider_contact.accounts.models import InquiryAssignment, ProviderAccount
from provider_contact.inquiries.models import ContentRead
from shared.contracts import InquirySent
from tests.provider_contact.conftest import FIFTEENTH, registered, routed
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


class TestByThePage:
    def page_of(self, listed, provider, language="ru"):
        keeper = Person(listed, "keeper", None, role="admin", language=language)
        return keeper.headers, f"/provider-contact/directory/{provider}"

    @pytest.mark.usefixtures("lost")
    async def test_the_card_leads_to_it_and_the_link_is_shown_once(self, listed, provider):
        headers, path = self.page_of(listed, provider)
        assert f'href="{path}/manager"' in (await listed.client.get(path, headers=headers)).text
        assert "Сынақ Жетекші" in (await listed.client.get(f"{path}/manager", headers=headers)).text
        done = await listed.client.post(f"{path}/manager", headers=headers, data=SUCCESSOR | {"sure": "yes"})
        token = re.search(r"/portal/join/([\w-]+)", done.text)[1]
        assert token not in (await listed.client.get(f"{path}/manager", headers=headers)).text
        assert (await Person(listed, "successor", provider).post(f"/join/{token}")).status_code == 303

    @pytest.mark.parametrize("wrong", [{"sure": ""}, {"name": ""}, {"email": "x"}])
    async def test_a_form_that_lacks_something_is_shown_again_and_closes_nothing(self, listed, provider, lost, wrong):
        headers, path = self.page_of(listed, provider)
        answer = await listed.client.post(f"{path}/manager", headers=headers, data=SUCCESSOR | {"sure": "yes"} | wrong)
        assert answer.status_code == 422
        assert "Сынақ Жетекші" in answer.text
        assert (await lost.get()).status_code == 200

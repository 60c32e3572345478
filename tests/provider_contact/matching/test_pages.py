from pathlib import Path

import pytest

import provider_contact
from provider_contact.matching.models import NameMatch
from shared.contracts import InquirySent, ProviderMatched
from shared.web.catalogs import missing_messages
from shared.web.session import COOKIE
from tests.provider_contact.conftest import appeal_id, registered, routed

HOSPITAL = "Жанакорганская центральная районная больница"


@pytest.fixture
async def waiting(listed):
    listed.intake.names(1, "біздің аурухана")
    await listed.consume(registered(1, provider_named=True))
    await listed.consume(routed(1))
    return listed


def cookie(world, role="specialist", **claims):
    token = world.token(role, **({"region": "KZ-43"} | claims))["Authorization"].removeprefix("Bearer ")
    return {"Cookie": f"{COOKIE}={token}", "Accept": "text/html"}


async def send(world, headers=None, **fields):
    return await world.client.post(f"/provider-contact/matches/{appeal_id(1)}", headers=headers or cookie(world), data=fields)


class TestTheFormOfTheDesk:
    async def test_a_choice_is_published_and_leads_back_to_the_case(self, waiting):
        chosen = (await waiting.providers())[HOSPITAL]
        answer = await send(waiting, provider_id=str(chosen))
        assert (answer.status_code, answer.headers["location"]) == (303, f"/routing/desk/{appeal_id(1)}?flash=provider-chosen")
        assert [event.provider_id for event in await waiting.emitted(ProviderMatched)] == [chosen]
        assert [event.provider_id for event in await waiting.emitted(InquirySent)] == [chosen]

    async def test_none_of_the_candidates_ends_the_waiting_and_publishes_nothing(self, waiting):
        answer = await send(waiting, provider_id="none")
        assert answer.headers["location"].endswith("flash=provider-none")
        assert (await waiting.emitted(ProviderMatched), await waiting.rows(NameMatch)) == ([], [])

    @pytest.mark.parametrize("chosen", ["", "nonsense", "ffffffff-0000-4000-8000-000000000001"])
    async def test_what_names_no_provider_chooses_nothing(self, waiting, chosen):
        answer = await send(waiting, provider_id=chosen)
        assert answer.headers["location"].endswith("flash=provider-not-chosen")
        assert len(await waiting.rows(NameMatch)) == 1

    async def test_a_second_choice_changes_nothing(self, waiting):
        await send(waiting, provider_id="none")
        answer = await send(waiting, provider_id=str((await waiting.providers())[HOSPITAL]))
        assert answer.headers["location"].endswith("flash=provider-not-chosen")
        assert await waiting.emitted(ProviderMatched) == []

    async def test_only_staff_who_see_the_case_choose_and_only_from_this_site(self, waiting):
        assert (await send(waiting, cookie(waiting, region="KZ-75"), provider_id="none")).status_code == 404
        assert (await send(waiting, cookie(waiting, "admin"), provider_id="none")).status_code == 403
        assert (await send(waiting, {"Accept": "text/html"}, provider_id="none")).status_code == 401
        foreign = cookie(waiting) | {"Sec-Fetch-Site": "cross-site"}
        assert (await send(waiting, foreign, provider_id="none")).status_code == 403
        assert len(await waiting.rows(NameMatch)) == 1


class TestTheList:
    async def seen(self, world, headers=None, query="?lang=ru"):
        return await world.client.get(f"/provider-contact/matches{query}", headers=headers or cookie(world))

    async def test_it_shows_what_was_typed_and_the_organisations_to_choose_from(self, waiting):
        page = (await self.seen(waiting)).text
        assert "біздің аурухана" in page
        assert str(appeal_id(1)) in page
        assert page.count('name="provider_id"') >= 1

    async def test_an_empty_list_says_so(self, listed):
        assert "Нет названий, которые ждут вас" in (await self.seen(listed)).text

    async def test_a_confirmed_choice_is_published_and_leads_back_to_the_list(self, waiting):
        chosen = (await waiting.providers())[HOSPITAL]
        answer = await send(waiting, provider_id=str(chosen), sure="yes", **{"from": "list"})
        assert answer.headers["location"] == "/provider-contact/matches?flash=provider-chosen"
        assert [event.provider_id for event in await waiting.emitted(ProviderMatched)] == [chosen]
        assert "біздің аурухана" not in (await self.seen(waiting)).text

    @pytest.mark.parametrize("choice", ["none", HOSPITAL])
    async def test_without_the_confirmation_nothing_is_chosen(self, waiting, choice):
        chosen = (await waiting.providers()).get(choice, choice)
        answer = await send(waiting, provider_id=str(chosen), **{"from": "list"})
        assert answer.headers["location"] == "/provider-contact/matches?flash=provider-not-chosen"
        assert len(await waiting.rows(NameMatch)) == 1

    async def test_the_longest_waiting_is_first_and_a_long_list_has_pages(self, waiting, monkeypatch):
        monkeypatch.setattr("provider_contact.matching.pages.LISTED", 1)
        waiting.intake.names(2, "басқа аурухана")
        await waiting.consume(registered(2, provider_named=True))
        page = (await self.seen(waiting)).text
        assert ("біздің аурухана" in page, "басқа аурухана" in page) == (True, False)
        cursor = page.partition("/provider-contact/matches?cursor=")[2].partition('"')[0]
        assert "басқа аурухана" in (await self.seen(waiting, query=f"?cursor={cursor}&lang=ru")).text

    async def test_it_works_while_intake_does_not_answer(self, waiting):
        waiting.intake.down = True
        assert "Название сейчас не прочитать" in (await self.seen(waiting)).text

    async def test_it_is_for_staff_and_admins_of_what_they_see(self, waiting):
        assert "біздің аурухана" not in (await self.seen(waiting, cookie(waiting, region="KZ-75"))).text
        admin = await self.seen(waiting, cookie(waiting, "admin"))
        assert ("біздің аурухана" in admin.text, '<form method="post" action="/provider' in admin.text) == (True, False)
        assert (await self.seen(waiting, cookie(waiting, "analyst"))).status_code == 403
        visitor = await self.seen(waiting, {"Accept": "text/html"})
        assert (visitor.status_code, visitor.headers["location"]) == (303, "/sign-in?next=%2Fprovider-contact%2Fmatches")

    def test_every_sentence_is_translated(self):
        assert missing_messages(Path(provider_contact.__file__).parent) == []


class TestTheExchangeForTheDesk:
    async def read(self, world, *ids, reader="routing", on_behalf_of="clerk-7"):
        asked = {"ids": [str(each) for each in ids], "purpose": "desk-exchange", "on_behalf_of": on_behalf_of}
        headers = world.token("service", subject=reader)
        return await world.client.post("/provider-contact/internal/v1/contents", json=asked, headers=headers)

    async def test_it_names_the_candidates_until_a_clerk_has_chosen_and_then_the_inquiry(self, waiting):
        (item,) = (await self.read(waiting, appeal_id(1))).json()["items"]
        assert isinstance(item["content"]["candidates"], list)
        assert item["content"]["inquiries"] == []
        chosen = (await waiting.providers())[HOSPITAL]
        await send(waiting, provider_id=str(chosen))
        (item,) = (await self.read(waiting, appeal_id(1))).json()["items"]
        ((inquiry,), candidates) = item["content"]["inquiries"], item["content"]["candidates"]
        assert (candidates, inquiry["provider_id"], inquiry["status"], inquiry["overdue"]) == (None, str(chosen), "DELIVERED", False)

    async def test_it_is_for_routing_alone_and_for_a_person(self, waiting):
        assert (await self.read(waiting, appeal_id(1), reader="analytics")).status_code == 403
        assert (await self.read(waiting, appeal_id(1), on_behalf_of=None)).status_code == 422

import pytest

from provider_contact.matching.models import NameMatch
from shared.contracts import InquirySent, ProviderMatched
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

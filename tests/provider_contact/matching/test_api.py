import pytest

from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.matching.models import NameMatch
from shared.contracts import InquirySent, ProviderMatched
from tests.provider_contact.conftest import appeal_id, closed, raised, registered, routed

HOSPITAL = "Жанакорганская центральная районная больница"


@pytest.fixture
async def waiting(listed):
    """A typed name that could be anything, of a complaint that a provider could be asked about."""
    listed.intake.names(1, "біздің аурухана")
    await listed.consume(registered(1, provider_named=True))
    await listed.consume(routed(1))
    return listed


class TestList:
    async def test_a_clerk_sees_the_name_and_the_candidates(self, waiting):
        answer = (await waiting.get("/v1/matches", waiting.token("specialist", region="KZ-43", subject="маман"))).json()
        item = answer["items"][0]
        assert (answer["total"], item["number"], item["name"]) == (1, "2026-43-0000001-0", "біздің аурухана")
        assert [action["action"] for action in item["next_actions"]] == ["choose", "none"]
        assert waiting.intake.asked[-1].on_behalf_of == "маман"

    async def test_candidates_come_with_their_names_and_scores(self, listed):
        listed.intake.names(1, "Жаңақорған")
        await listed.consume(registered(1, provider_named=True))
        item = (await listed.get("/v1/matches", listed.token("admin"))).json()["items"][0]
        assert [candidate["name_ru"] for candidate in item["candidates"]] == [HOSPITAL]
        assert 0 < item["candidates"][0]["score"] < 0.86
        assert item["next_actions"] == []

    async def test_the_name_is_stored_nowhere(self, waiting):
        assert "біздің" not in await waiting.every_column()

    async def test_while_its_owner_is_down_the_name_is_missing(self, waiting):
        waiting.intake.down = True
        assert (await waiting.get("/v1/matches", waiting.token("admin"))).json()["items"][0]["name"] is None

    @pytest.mark.parametrize(
        ("role", "region", "tier", "seen"),
        [
            ("specialist", "KZ-43", 2, 1), ("specialist", "KZ-75", 2, 0), ("specialist", None, 2, 0), ("operator", None, 2, 1),
            ("expert", None, 2, 0), ("expert", None, 3, 1), ("admin", None, 2, 1), ("head", "KZ-43", 2, 1),
        ],
    )  # fmt: skip
    async def test_it_is_seen_by_those_who_see_the_case(self, waiting, role, region, tier, seen):
        await waiting.consume(raised(1, tier))
        token = waiting.token(role, region=region)
        answer = (await waiting.get("/v1/matches", token)).json()
        assert (len(answer["items"]), answer["total"]) == (seen, seen)
        if role != "admin":
            chosen = {"provider_id": str((await waiting.providers())[HOSPITAL])}
            status = (await waiting.post(f"/v1/matches/{appeal_id(1)}/actions/choose", token, chosen)).status_code
            assert status == (200 if seen else 404)

    async def test_pages_follow_one_another_by_waiting_time(self, listed):
        for number in range(1, 6):
            listed.intake.names(number, "бір жер")
            await listed.consume(registered(number, provider_named=True))
        seen, cursor = [], None
        while True:
            page = (await listed.get("/v1/matches", listed.token("admin"), limit=2, **({"cursor": cursor} if cursor else {}))).json()
            seen += [item["appeal_id"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == [str(appeal_id(number)) for number in range(1, 6)]

    @pytest.mark.parametrize("role", ["provider", "analyst", "applicant", "service"])
    async def test_others_have_no_business_here(self, listed, role):
        assert (await listed.get("/v1/matches", listed.token(role))).status_code == 403


class TestChoose:
    async def choose(self, world, name=HOSPITAL, number=1, **headers):
        token = world.token("specialist", region="KZ-43") | headers
        return await world.post(
            f"/v1/matches/{appeal_id(number)}/actions/choose", token, {"provider_id": str((await world.providers())[name])}
        )

    async def test_the_choice_is_emitted_and_the_inquiry_follows(self, waiting):
        answer = (await self.choose(waiting)).json()
        emitted = (await waiting.emitted(ProviderMatched))[-1]
        assert (str(emitted.provider_id), emitted.matched_by) == (answer["provider_id"], "clerk")
        assert str((await waiting.emitted(InquirySent))[0].inquiry_id) == answer["inquiry_id"]
        assert await waiting.rows(NameMatch) == []
        assert (await waiting.rows(Appeal))[0].provider_id == emitted.provider_id

    async def test_where_no_provider_is_asked_only_the_choice_is_emitted(self, listed):
        listed.intake.names(1, "бір жер")
        await listed.consume(registered(1, provider_named=True))
        await listed.consume(routed(1, category="EXTORTION"))
        assert (await self.choose(listed)).json()["inquiry_id"] is None
        assert await listed.rows(Inquiry) == []

    async def test_a_choice_is_made_once(self, waiting):
        await self.choose(waiting)
        again = await self.choose(waiting)
        assert (again.status_code, again.json()["code"], again.json()["next_actions"]) == (409, "action-not-possible", [])

    async def test_a_key_sent_again_answers_as_the_first_time(self, waiting):
        first = await self.choose(waiting, **{"Idempotency-Key": "k"})
        assert (await self.choose(waiting, **{"Idempotency-Key": "k"})).content == first.content

    async def test_a_closed_case_needs_no_choice(self, waiting):
        await waiting.consume(closed(1))
        assert (await self.choose(waiting)).status_code == 409

    async def test_an_unknown_provider_is_refused(self, waiting):
        token = waiting.token("specialist", region="KZ-43")
        answer = await waiting.post(f"/v1/matches/{appeal_id(1)}/actions/choose", token, {"provider_id": str(appeal_id(9))})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown-provider")

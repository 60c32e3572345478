from uuid import UUID

import pytest

from provider_contact.inquiries.models import ContentRead, ProviderResponse
from tests.provider_contact.conftest import ANSWER, NOW, PROVIDER, sent_inquiry


class TestContents:
    async def answer(self, world):
        inquiry_id = await sent_inquiry(world)
        await world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", world.token("provider", provider_id=PROVIDER), ANSWER)
        return (await world.rows(ProviderResponse))[0].response_id

    async def test_a_service_reads_an_answer_and_the_read_is_recorded(self, world):
        response_id = await self.answer(world)
        asked = {"ids": [str(response_id), str(UUID(int=999))], "purpose": "desk", "on_behalf_of": "маман"}
        answer = (await world.post("/internal/v1/contents", world.token("service", subject="routing"), asked)).json()
        assert answer["items"] == [
            {
                "id": str(response_id),
                "found": True,
                "content": {"language": "kk", "code": "RESOLVED", "text": ANSWER["text"], "at": NOW.isoformat(), "attachments": []},
            },
            {"id": str(UUID(int=999)), "found": False, "content": None},
        ]
        noted = (await world.rows(ContentRead))[0]
        assert (noted.reader, noted.on_behalf_of, noted.purpose, noted.ids) == ("routing", "маман", "desk", asked["ids"])

    @pytest.mark.parametrize(("changed", "field"), [({"purpose": "curiosity"}, "purpose"), ({"on_behalf_of": None}, "on_behalf_of")])
    async def test_a_purpose_must_be_known_and_complete(self, world, changed, field):
        asked = {"ids": [str(await self.answer(world))], "purpose": "desk", "on_behalf_of": "маман"} | changed
        answer = await world.post("/internal/v1/contents", world.token("service", subject="routing"), asked)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
        assert await world.rows(ContentRead) == []

    @pytest.mark.parametrize("role", ["admin", "head", "provider", "applicant"])
    async def test_people_do_not_read_here(self, world, role):
        assert (await world.post("/internal/v1/contents", world.token(role), {"ids": [], "purpose": "desk"})).status_code == 403

from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlmodel import col

from intake.register.models import Appeal, ContentRead
from tests.stored_protection import BROKEN

TEXT = "Жүрек дәрігеріне жазылу мүмкін болмады"


async def read(desk, ids, purpose, on_behalf_of=None, headers=None, reader="routing"):
    asked = {"ids": [str(one) for one in ids], "purpose": purpose, "on_behalf_of": on_behalf_of}
    sent = headers or desk.token("service", subject=reader)
    return await desk.client.post("/intake/internal/v1/contents", json=asked, headers=sent)


async def filed(desk, **changes):
    return (await desk.file(**changes)).json()["appeal_id"]


class TestPurposes:
    async def test_classification_gets_the_text_alone(self, desk):
        appeal_id = await filed(desk)
        items = (await read(desk, [appeal_id], "classification")).json()["items"]
        assert items == [{"id": appeal_id, "found": True, "content": {"text": TEXT}}]

    async def test_matching_gets_the_name_typed(self, desk):
        appeal_id = await filed(desk, provider={"name": "23 емхана"})
        (item,) = (await read(desk, [appeal_id], "provider-matching", reader="provider-contact")).json()["items"]
        assert item["content"] == {"provider_name": "23 емхана", "provider_bin": None}

    async def test_the_desk_gets_text_and_applicant_on_somebodys_behalf(self, desk):
        appeal_id = await filed(desk)
        (item,) = (await read(desk, [appeal_id], "desk", "specialist-1")).json()["items"]
        assert item["content"]["text"] == TEXT
        assert item["content"]["applicant"]["phone"] == "+77010000000"
        answer = await read(desk, [appeal_id], "desk")
        assert answer.json()["errors"][0] | {"detail": ""} == {"field": "on_behalf_of", "code": "required", "detail": ""}

    async def test_the_provider_gets_words_only_with_the_applicants_consent(self, desk):
        closed, open_ = await filed(desk), await filed(desk, consents=["PROCESSING", "DISCLOSE_TO_PROVIDER"])
        items = (await read(desk, [closed, open_], "provider-disclosure", "officer-1", reader="provider-contact")).json()["items"]
        assert items[0] == {"id": closed, "found": False, "content": None}
        assert items[1]["content"]["text"] == TEXT

    @pytest.mark.parametrize(
        ("reader", "purpose"),
        [("analytics", "desk"), ("analytics", "classification"), ("provider-contact", "desk"), ("routing", "provider-disclosure")],
    )
    async def test_a_purpose_is_for_the_services_named_with_it_alone(self, desk, reader, purpose):
        answer = await read(desk, [await filed(desk)], purpose, "specialist-1", reader=reader)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert await desk.rows(ContentRead) == []

    async def test_one_damaged_row_does_not_keep_the_others_from_being_read(self, desk):
        damaged, whole = await filed(desk), await filed(desk)
        async with desk.parts.database.write() as session:
            await session.execute(update(Appeal).where(col(Appeal.id) == UUID(damaged)).values(text=BROKEN))
        items = (await read(desk, [damaged, whole], "classification")).json()["items"]
        assert [one["found"] for one in items] == [False, True]

    async def test_an_unknown_purpose_is_422_and_an_unknown_id_not_found(self, desk):
        assert (await read(desk, [uuid4()], "curiosity")).json()["errors"][0]["field"] == "purpose"
        (item,) = (await read(desk, [uuid4()], "classification")).json()["items"]
        assert item["found"] is False

    async def test_an_anonymous_appeal_has_no_applicant(self, desk):
        (item,) = (await read(desk, [await filed(desk, applicant={})], "desk", "x")).json()["items"]
        assert item["content"]["applicant"] is None

    @pytest.mark.parametrize("role", ["admin", "head", "operator", "provider"])
    async def test_only_services_may_ask(self, desk, role):
        assert (await read(desk, [], "classification", headers=desk.token(role))).status_code == 403


class TestAudit:
    async def test_one_row_a_read_says_who_for_whom_why_and_what(self, desk):
        appeal_id, unknown = await filed(desk), str(uuid4())
        await read(desk, [appeal_id, unknown], "desk", "specialist-1")
        (row,) = await desk.rows(ContentRead)
        assert (row.reader, row.on_behalf_of, row.purpose, row.ids) == ("routing", "specialist-1", "desk", [appeal_id, unknown])
        assert row.at == desk.clock.now()

    async def test_500_ids_are_one_read_and_501_too_many(self, desk):
        ids = [UUID(int=number) for number in range(501)]
        assert len((await read(desk, ids[:500], "classification")).json()["items"]) == 500
        assert (await read(desk, ids, "classification")).status_code == 422


class TestRequest:
    async def test_an_unknown_field_is_refused(self, desk):
        asked = {"ids": [], "purpose": "classification", "reason": "x"}
        answer = await desk.client.post("/intake/internal/v1/contents", json=asked, headers=desk.token("service"))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown-field")

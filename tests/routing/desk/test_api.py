from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from routing.cases.models import ContentRead
from shared.contracts import InquiryAnswered, InquirySent, OutcomeConfirmed
from tests.routing.desk.support import ANSWER, attachment, message, send, session
from tests.routing.support import NOW


async def read(desk, appeal_id, who=None):
    return await desk.get(f"/cases/{appeal_id}/conversation", who or desk.token("specialist", region="KZ-43", subject="clerk-7"))


async def accesses(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(select(ContentRead))).scalars()
        return [(row.reader, row.on_behalf_of, row.purpose, row.ids) for row in rows]


class TestConversation:
    async def test_everything_written_stands_in_the_order_of_time(self, desk, owners, complaint):
        usual = {"appeal_id": complaint, "inquiry_id": uuid4(), "provider_id": uuid4()}
        response, clerk = uuid4(), session(desk, subject="clerk-8", name="Сынақ Арман")
        desk.clock.advance(timedelta(hours=1))
        await desk.apply(InquirySent(category="REFUSAL_APPOINTMENT", due_at=NOW, discloses=True, **usual))
        desk.clock.advance(timedelta(hours=1))
        await desk.apply(InquiryAnswered(response_id=response, code="RESOLVED", **usual))
        owners.responses[str(response)] = {"language": "ru", "code": "RESOLVED", "text": "Пациент записан."}
        desk.clock.advance(timedelta(hours=1))
        await send(desk, complaint, "ask", clerk, **{"ask-text": "Вас приняли?", "ask-language": "ru"})
        reply = message("Приняли.", desk.clock.now() + timedelta(minutes=30))
        owners.sent = {"messages": [reply], "attachments": [attachment(), attachment("акт.png", message_id=reply["id"])]}
        desk.clock.advance(timedelta(hours=1))
        assert (await send(desk, complaint, "answer", clerk, **ANSWER)).status_code == 303
        desk.clock.advance(timedelta(hours=1))
        answer_id = uuid4()
        await desk.apply(OutcomeConfirmed(appeal_id=complaint, answer_id=answer_id))
        found = (await read(desk, complaint)).json()
        assert [(item["from"], item["type"], item["text"]) for item in found["items"]] == [
            ("APPLICANT", "APPEAL", desk.texts.known[complaint]),
            ("FUND", "INQUIRY", None),
            ("PROVIDER", "RESPONSE", "Пациент записан."),
            ("FUND", "QUESTION", "Вас приняли?"),
            ("APPLICANT", "MESSAGE", "Приняли."),
            ("FUND", "ANSWER", ANSWER["text"]),
            ("APPLICANT", "CONFIRMATION", None),
        ]
        items = {item["type"]: item for item in found["items"]}
        assert (items["RESPONSE"]["language"], items["RESPONSE"]["code"]) == ("ru", "RESOLVED")
        assert (items["QUESTION"]["author_role"], items["QUESTION"]["author_name"]) == ("specialist", "Сынақ Арман")
        assert items["ANSWER"]["answer"]["findings"][0]["outcome"] == "JUSTIFIED"
        assert [file["name"] for file in items["APPEAL"]["attachments"]] == ["рецепт.png"]
        assert [file["name"] for file in items["MESSAGE"]["attachments"]] == ["акт.png"]
        assert (found["total"], found["next_cursor"], found["unavailable"]) == (7, None, [])

    async def test_the_access_is_recorded_by_every_owner(self, desk, owners, complaint):
        await read(desk, complaint)
        assert await accesses(desk) == [("clerk-7", None, "conversation", [str(complaint)])]
        assert owners.asked == [("intake", "desk-text", "clerk-7")]

    async def test_a_file_is_fetched_under_its_address_and_one_that_is_not_clean_has_none(self, desk, owners, complaint):
        clean = attachment()
        owners.sent = {"attachments": [clean, attachment(state="INFECTED", available=False)]}
        owners.files[clean["attachment_id"]] = (b"pixels", "image/png", "a.png")
        first, second = (await read(desk, complaint)).json()["items"][0]["attachments"]
        assert (second["href"], second["state"]) == (None, "INFECTED")
        given = await desk.client.get(first["href"], headers=desk.token("specialist", region="KZ-43"))
        assert (given.status_code, given.content) == (200, b"pixels")

    async def test_the_files_of_a_provider_come_with_its_answer_and_are_fetched_from_its_owner(self, desk, owners, complaint):
        response, file_id, waiting = uuid4(), str(uuid4()), str(uuid4())
        usual = {"appeal_id": complaint, "inquiry_id": uuid4(), "provider_id": uuid4()}
        await desk.apply(InquiryAnswered(response_id=response, code="RESOLVED", **usual))
        shown = {"file_id": file_id, "name": "журнал.png", "media_type": "image/png", "size": 7, "state": "CLEAN", "available": True}
        unchecked = shown | {"file_id": waiting, "state": "SCANNING", "available": False}
        answer = {"language": "ru", "code": "RESOLVED", "text": "Пациент записан."}
        owners.responses[str(response)] = answer | {"attachments": [shown, unchecked]}
        owners.files[file_id] = (b"pixels", "image/png", "a.png")
        first, second = (await read(desk, complaint)).json()["items"][-1]["attachments"]
        assert (first["name"], second["href"], second["state"]) == ("журнал.png", None, "SCANNING")
        clerk = desk.token("specialist", region="KZ-43", subject="clerk-7")
        given = await desk.client.get(first["href"], headers=clerk)
        assert (given.status_code, given.content, owners.opened_at) == (200, b"pixels", ["provider-contact"])
        assert owners.opened[0] == {
            "appeal_id": str(complaint), "attachment_id": file_id, "purpose": "desk-attachment",
            "on_behalf_of": "clerk-7", "role": "specialist",
        }  # fmt: skip
        owners.withheld = (409, "attachment-not-checked")
        assert (await desk.get(f"/cases/{complaint}/provider-files/{waiting}", clerk)).status_code == 409

    async def test_what_a_silent_owner_has_is_named_as_missing(self, desk, owners, complaint):
        usual = {"appeal_id": complaint, "inquiry_id": uuid4(), "provider_id": uuid4()}
        await desk.apply(InquiryAnswered(response_id=uuid4(), code="RESOLVED", **usual))
        owners.down = True
        found = (await read(desk, complaint)).json()
        assert found["unavailable"] == ["intake", "provider-contact"]
        assert [(item["type"], item["text"], item["unavailable"]) for item in found["items"]] == [
            ("APPEAL", None, True), ("RESPONSE", None, True),
        ]  # fmt: skip

    @pytest.mark.parametrize(("role", "claims", "status"), [
        ("specialist", {"region": "KZ-75"}, 404), ("specialist", {}, 404), ("expert", {}, 404),
        ("provider", {"provider_id": uuid4()}, 403), ("analyst", {}, 403), ("service", {}, 403),
    ])  # fmt: skip
    async def test_whoever_does_not_see_the_case_sees_none_of_it(self, desk, owners, complaint, role, claims, status):
        who = desk.token(role, **claims)
        assert (await read(desk, complaint, who)).status_code == status
        assert (await desk.get(f"/cases/{complaint}/attachments/{uuid4()}", who)).status_code == status
        assert (await desk.get(f"/cases/{complaint}/provider-files/{uuid4()}", who)).status_code == status
        assert (owners.asked, owners.opened, await accesses(desk)) == ([], [], [])

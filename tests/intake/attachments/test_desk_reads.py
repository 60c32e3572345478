from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col

from intake.attachments.models import Attachment
from intake.register.models import ContentRead
from shared.files.codes import AttachmentState
from tests.intake.attachments.test_api import filed
from tests.shared.files.samples import PDF


class TestReadingForTheDesk:
    async def read(self, desk, appeal_id, attachment_id, reader="routing", **changes):
        asked = {"appeal_id": appeal_id, "attachment_id": attachment_id, "purpose": "desk-attachment", "on_behalf_of": "clerk-7"} | changes
        return await desk.client.post("/intake/internal/v1/attachments", json=asked, headers=desk.token("service", subject=reader))

    async def add(self, desk):
        created, pin, calls = await filed(desk)
        added = await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        return created["appeal_id"], added.json()["attachment_id"]

    async def test_routing_gets_the_file_for_a_person_and_the_access_is_recorded(self, desk):
        appeal_id, attachment_id = await self.add(desk)
        given = await self.read(desk, appeal_id, attachment_id)
        assert (given.status_code, given.content, given.headers["content-type"]) == (200, PDF, "application/pdf")
        (row,) = await desk.rows(ContentRead)
        assert (row.reader, row.on_behalf_of, row.purpose, row.ids) == ("routing", "clerk-7", "desk-attachment", [attachment_id])

    async def test_a_file_of_another_appeal_is_not_found(self, desk):
        _, attachment_id = await self.add(desk)
        other, _ = await self.add(desk)
        assert (await self.read(desk, other, attachment_id)).status_code == 404
        assert await desk.rows(ContentRead) == []

    @pytest.mark.parametrize(("state", "status"), [(AttachmentState.SCANNING, 409), (AttachmentState.INFECTED, 410)])
    async def test_a_file_that_is_not_clean_is_withheld(self, desk, state, status):
        appeal_id, attachment_id = await self.add(desk)
        async with desk.parts.database.write() as session:
            await session.execute(update(Attachment).where(col(Attachment.id) == UUID(attachment_id)).values(state=state))
        assert (await self.read(desk, appeal_id, attachment_id)).status_code == status

    async def test_other_services_and_other_purposes_are_refused(self, desk):
        appeal_id, attachment_id = await self.add(desk)
        assert (await self.read(desk, appeal_id, attachment_id, reader="analytics")).status_code == 403
        assert (await self.read(desk, appeal_id, attachment_id, purpose="curiosity")).status_code == 422

    async def test_the_contents_for_the_desk_list_the_file_with_its_name_and_the_message_it_came_with(self, desk):
        appeal_id, attachment_id = await self.add(desk)
        asked = {"ids": [appeal_id], "purpose": "desk-text", "on_behalf_of": "clerk-7"}
        headers = desk.token("service", subject="routing")
        content = (await desk.client.post("/intake/internal/v1/contents", json=asked, headers=headers)).json()["items"][0]["content"]
        ((file,), (message,)) = content["attachments"], content["messages"]
        assert (file["attachment_id"], file["name"], file["message_id"]) == (attachment_id, "document.pdf", message["id"])
        assert (file["state"], file["available"], message["text"], message["damaged"]) == ("UNSCANNED", True, None, False)


class TestReadingForAProvider:
    async def add(self, desk, **filed_with):
        created = (await desk.file(**filed_with)).json()
        pin = {"Appeal-Pin": created["pin"], "Content-Type": "application/pdf"}
        calls = f"/intake/v1/appeals/{created['number']}/attachments"
        return created["appeal_id"], (await desk.client.post(calls, content=PDF, headers=pin)).json()["attachment_id"]

    async def read(self, desk, appeal_id, attachment_id, reader="provider-contact"):
        asked = {"appeal_id": appeal_id, "attachment_id": attachment_id, "purpose": "inquiry-document", "on_behalf_of": "officer-1"}
        headers = desk.token("service", subject=reader)
        return await desk.client.post("/intake/internal/v1/attachments", json=asked | {"role": "provider"}, headers=headers)

    async def test_a_file_is_given_with_the_consent_to_disclosure_alone(self, desk):
        disclosed = await self.add(desk, consents=["PROCESSING", "DISCLOSE_TO_PROVIDER"])
        assert (await self.read(desk, *disclosed)).content == PDF
        withheld = await self.add(desk, consents=["PROCESSING"])
        assert (await self.read(desk, *withheld)).status_code == 404
        (row,) = await desk.rows(ContentRead)
        assert (row.reader, row.on_behalf_of, row.purpose, row.ids) == (
            "provider-contact", "officer-1", "inquiry-document", [disclosed[1]],
        )  # fmt: skip

    async def test_routing_does_not_read_for_this_purpose(self, desk):
        assert (await self.read(desk, *await self.add(desk), reader="routing")).status_code == 403

    @pytest.mark.parametrize("purpose", ["provider-disclosure", "inquiry-documents"])
    async def test_the_files_are_listed_with_the_consent_alone(self, desk, purpose):
        disclosed, file_id = await self.add(desk, consents=["PROCESSING", "DISCLOSE_TO_PROVIDER"])
        withheld, _ = await self.add(desk, consents=["PROCESSING"])
        asked = {"ids": [disclosed, withheld], "purpose": purpose, "on_behalf_of": "officer-1"}
        headers = desk.token("service", subject="provider-contact")
        items = (await desk.client.post("/intake/internal/v1/contents", json=asked, headers=headers)).json()["items"]
        assert [file["attachment_id"] for file in items[0]["content"]["attachments"]] == [file_id]
        assert (items[1]["found"], "messages" in items[0]["content"]) == (False, False)

    @pytest.mark.parametrize(("purpose", "part"), [("inquiry-documents", "DOCUMENT_LIST"), ("inquiry-document", "DOCUMENT")])
    async def test_the_applicant_reads_whether_the_list_or_a_document_was_opened(self, desk, purpose, part):
        created, pin, calls = await filed(desk, consents=["PROCESSING", "DISCLOSE_TO_PROVIDER"])
        file = (await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})).json()["attachment_id"]
        if purpose == "inquiry-document":
            await self.read(desk, created["appeal_id"], file)
        else:
            asked = {"ids": [created["appeal_id"]], "purpose": purpose, "on_behalf_of": "clerk-7"}
            await desk.client.post("/intake/internal/v1/contents", json=asked, headers=desk.token("service", subject="provider-contact"))
        seen = (await desk.client.get(f"/intake/v1/appeals/{created['number']}", headers=pin)).json()
        assert [read["part"] for read in seen["reads"]] == [part]

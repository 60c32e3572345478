"""A provider that uploads files for its inquiry, and a real virus scanner."""

from urllib.parse import quote

import pytest

from provider_contact.attachments import jobs
from tests.provider_contact.conftest import PROVIDER, appeal_id, sent_inquiry
from tests.virus_scanner import clamd  # noqa: F401 - pytest finds fixtures by name

ANSWER = {"language": "kk", "code": "EXPLANATION", "text": "Пациент қабылданды."}


class Files:
    """The calls of one provider about the files of its inquiry, and of a clerk who reads them."""

    def __init__(self, world, inquiry_id, provider_id=PROVIDER):
        self.world, self.inquiry_id = world, inquiry_id
        self.path = f"/provider-contact/v1/inquiries/{inquiry_id}"
        self.headers = world.token("provider", provider_id=provider_id, subject=f"system {provider_id}")
        self.clerk = world.token("specialist", region="KZ-43", subject="clerk-1")

    async def upload(self, content, media_type="application/pdf", name="журнал.pdf", **headers):
        sent = {"Content-Type": media_type, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", **headers}
        return await self.world.client.post(f"{self.path}/files", content=content, headers=self.headers | sent)

    async def uploaded(self, content, **given):
        answer = await self.upload(content, **given)
        assert answer.status_code == 201, answer.text
        return answer.json()["file_id"]

    async def respond(self, *file_ids, version=1, **changed):
        body = {"expected_version": version, **ANSWER, "attachments": list(file_ids)} | changed
        return await self.world.client.post(f"{self.path}/actions/respond", json=body, headers=self.headers)

    async def get(self, file_id, headers=None):
        return await self.world.client.get(f"{self.path}/files/{file_id}", headers=headers or self.headers)

    async def detail(self, headers=None):
        return (await self.world.client.get(self.path, headers=headers or self.headers)).json()

    async def read_for_the_desk(self, file_id, number=1, **changed):
        asked = {"appeal_id": str(appeal_id(number)), "attachment_id": file_id, "purpose": "desk-attachment", "on_behalf_of": "clerk-7"}
        reader = changed.pop("reader", "routing")
        headers = self.world.token("service", subject=reader)
        return await self.world.client.post("/provider-contact/internal/v1/attachments", json=asked | changed, headers=headers)

    async def scan(self):
        await self.world.app.state.answer_files.scans.run()


@pytest.fixture
def files_of(world):
    """Return a function that sends an inquiry to a provider."""

    async def files(number=1, provider_id=PROVIDER, **changed):
        return Files(world, await sent_inquiry(world, number, provider_id=provider_id, **changed), provider_id)

    return files


@pytest.fixture
async def files(files_of):
    return await files_of()


@pytest.fixture
def loops(world):
    return {loop.name: loop for loop in jobs.loops(world.parts)}

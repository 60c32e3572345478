"""The scan queue: waiting files, found viruses, and files that cannot be scanned."""

from uuid import UUID

from obstore.exceptions import GenericError
from sqlalchemy import update

from intake.attachments.models import Attachment
from shared.files import scan_queue, storage
from shared.files.codes import AttachmentState
from shared.files.scanning import NotScanned, ScannerUnavailable
from shared.rows import table_of
from tests.intake.attachments.test_api import filed, objects
from tests.shared.files.samples import EICAR, PDF


class FakeScanner:
    def __init__(self, verdict):
        self.verdict = verdict
        self.seen = []

    async def finds_virus(self, data):
        self.seen.append(b"".join([chunk async for chunk in data]))
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


def scanner(desk, verdict):
    scans = desk.app.state.uploads.scans
    scans.scanner = FakeScanner(verdict)
    return scans


def _fails(*_, **__):
    raise GenericError("away")


class TestScanning:
    async def test_a_file_waits_until_it_was_scanned(self, desk):
        scans = scanner(desk, ScannerUnavailable("ConnectionRefusedError"))
        _, pin, calls = await filed(desk)
        created = (await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})).json()
        assert created["state"] == AttachmentState.SCANNING
        await scans.run()
        waiting = await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)
        assert (waiting.status_code, waiting.json()["code"]) == (409, "attachment-not-checked")
        scanner(desk, verdict=False)
        await scans.run()
        assert scans.scanner.seen == [PDF]
        assert (await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)).content == PDF
        assert [row.state for row in await desk.rows(Attachment)] == [AttachmentState.CLEAN]

    async def test_an_infected_file_is_deleted_and_reported(self, desk):
        scans = scanner(desk, verdict=True)
        _, pin, calls = await filed(desk)
        created = (await desk.client.post(calls, content=EICAR, headers={**pin, "Content-Type": "text/plain"})).json()
        await scans.run()
        answer = await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)
        assert (answer.status_code, answer.json()["code"]) == (410, "attachment-infected")
        assert [row.state for row in await desk.rows(Attachment)] == [AttachmentState.INFECTED]
        assert objects(desk) == []

    async def test_a_file_that_cannot_be_scanned_delays_no_other(self, desk):
        scans = scanner(desk, NotScanned())
        _, pin, calls = await filed(desk)
        for _ in range(2):
            await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        await scans.run()
        await scans.run()  # they wait for their retry
        assert len(scans.scanner.seen) == 2
        desk.clock.advance(scan_queue.FIRST_RETRY)
        await scans.run()
        assert len(scans.scanner.seen) == 4
        desk.clock.advance(scan_queue.FIRST_RETRY)
        await scans.run()  # the second interval is twice as long
        assert len(scans.scanner.seen) == 4
        assert {row.scan_attempts for row in await desk.rows(Attachment)} == {2}
        assert {row.state for row in await desk.rows(Attachment)} == {AttachmentState.SCANNING}

    async def test_files_wait_while_the_store_is_unavailable(self, desk, monkeypatch):
        scans = scanner(desk, verdict=False)
        _, pin, calls = await filed(desk)
        await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        with monkeypatch.context() as away:
            away.setattr(storage.obstore, "get_range", _fails)
            await scans.run()
        assert [row.state for row in await desk.rows(Attachment)] == [AttachmentState.SCANNING]
        await scans.run()
        assert [row.state for row in await desk.rows(Attachment)] == [AttachmentState.CLEAN]

    async def test_a_file_whose_key_cannot_be_opened_delays_no_other(self, desk):
        scans = scanner(desk, verdict=False)
        _, pin, calls = await filed(desk)
        for _ in range(2):
            created = (await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})).json()
        async with desk.parts.database.write() as session:
            first = table_of(Attachment).c.id != UUID(created["attachment_id"])
            await session.execute(update(table_of(Attachment)).where(first).values(key=b"\x01\x00broken"))
        await scans.run()
        assert sorted(row.state for row in await desk.rows(Attachment)) == [AttachmentState.CLEAN, AttachmentState.SCANNING]

    async def test_without_a_scanner_waiting_files_become_unscanned(self, desk):
        scans = scanner(desk, verdict=False)
        _, pin, calls = await filed(desk)
        await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        scans.scanner = None
        await scans.run()
        assert [row.state for row in await desk.rows(Attachment)] == [AttachmentState.UNSCANNED]

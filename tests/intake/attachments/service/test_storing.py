"""The quarantine: what waits for the scanner, what it finds, and what it can make nothing of."""

from uuid import UUID

from obstore.exceptions import GenericError
from sqlalchemy import update

from intake.attachments.models import Attachment
from intake.attachments.service import scan_queue, storage
from intake.attachments.service.policy import CLEAN, INFECTED, SCANNING, UNSCANNED
from intake.attachments.service.scanning import NotScanned, ScannerAway
from shared.database import table_of
from tests.intake.attachments.samples import EICAR, PDF
from tests.intake.attachments.test_api import filed, objects


class FakeScanner:
    def __init__(self, verdict):
        self.verdict = verdict
        self.seen = []

    async def finds(self, data):
        self.seen.append(b"".join([chunk async for chunk in data]))
        if isinstance(self.verdict, Exception):
            raise self.verdict
        return self.verdict


def scanner(desk, verdict):
    attachments = desk.app.state.attachments
    attachments.scans.scanner = FakeScanner(verdict)
    return attachments


def _fails(*_, **__):
    raise GenericError("away")


class TestScanning:
    async def test_a_file_waits_until_it_was_scanned(self, desk):
        attachments = scanner(desk, ScannerAway("ConnectionRefusedError"))
        _, pin, calls = await filed(desk)
        told = (await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})).json()
        assert told["state"] == SCANNING
        await attachments.scan()
        waiting = await desk.client.get(f"{calls}/{told['attachment_id']}", headers=pin)
        assert (waiting.status_code, waiting.json()["code"]) == (409, "attachment-not-checked")
        scanner(desk, verdict=False)
        await attachments.scan()
        assert attachments.scans.scanner.seen == [PDF]
        assert (await desk.client.get(f"{calls}/{told['attachment_id']}", headers=pin)).content == PDF
        assert [one.state for one in await desk.rows(Attachment)] == [CLEAN]

    async def test_what_is_infected_is_deleted_and_said_to_be(self, desk):
        attachments = scanner(desk, verdict=True)
        _, pin, calls = await filed(desk)
        told = (await desk.client.post(calls, content=EICAR, headers={**pin, "Content-Type": "text/plain"})).json()
        await attachments.scan()
        answer = await desk.client.get(f"{calls}/{told['attachment_id']}", headers=pin)
        assert (answer.status_code, answer.json()["code"]) == (410, "attachment-infected")
        assert [one.state for one in await desk.rows(Attachment)] == [INFECTED]
        assert objects(desk) == []

    async def test_one_that_cannot_be_scanned_keeps_no_other_waiting(self, desk):
        attachments = scanner(desk, NotScanned())
        _, pin, calls = await filed(desk)
        for _ in range(2):
            await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        await attachments.scan()
        await attachments.scan()  # they rest for a while
        assert len(attachments.scans.scanner.seen) == 2
        desk.clock.advance(scan_queue.FIRST_RETRY)
        await attachments.scan()
        assert len(attachments.scans.scanner.seen) == 4
        desk.clock.advance(scan_queue.FIRST_RETRY)
        await attachments.scan()  # the second interval is twice as long
        assert len(attachments.scans.scanner.seen) == 4
        assert {one.scan_attempts for one in await desk.rows(Attachment)} == {2}
        assert {one.state for one in await desk.rows(Attachment)} == {SCANNING}

    async def test_while_the_store_is_away_files_wait(self, desk, monkeypatch):
        attachments = scanner(desk, verdict=False)
        _, pin, calls = await filed(desk)
        await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        with monkeypatch.context() as away:
            away.setattr(storage.obstore, "get_range", _fails)
            await attachments.scan()
        assert [one.state for one in await desk.rows(Attachment)] == [SCANNING]
        await attachments.scan()
        assert [one.state for one in await desk.rows(Attachment)] == [CLEAN]

    async def test_one_whose_key_does_not_open_keeps_no_other_waiting(self, desk):
        attachments = scanner(desk, verdict=False)
        _, pin, calls = await filed(desk)
        for _ in range(2):
            told = (await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})).json()
        async with desk.parts.database.write() as session:
            first = table_of(Attachment).c.id != UUID(told["attachment_id"])
            await session.execute(update(table_of(Attachment)).where(first).values(key=b"\x01\x00broken"))
        await attachments.scan()
        assert sorted(one.state for one in await desk.rows(Attachment)) == [CLEAN, SCANNING]

    async def test_without_a_scanner_what_waited_counts_as_not_scanned(self, desk):
        attachments = scanner(desk, verdict=False)
        _, pin, calls = await filed(desk)
        await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        attachments.scans.scanner = None
        await attachments.scan()
        assert [one.state for one in await desk.rows(Attachment)] == [UNSCANNED]

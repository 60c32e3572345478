import asyncio
from contextlib import asynccontextmanager

import pytest

from intake.attachments.models import Attachment
from shared.files import scan_queue
from shared.files.codes import AttachmentState
from shared.files.scanning import Clamd, NotScanned, ScannerUnavailable
from tests.shared.files.samples import EICAR, PDF, docx
from tests.virus_scanner import free_port

HANGS = b"SynaqHangsTheScanner"


class ClamdDouble:
    """A double of clamd's INSTREAM; it never answers for a file with `HANGS` in it."""

    def __init__(self):
        self.seen = []

    async def answer(self, reader, writer):
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        content = b""
        while length := int.from_bytes(await reader.readexactly(4)):
            content += await reader.readexactly(length)
        self.seen.append(content)
        if HANGS in content:
            await reader.read()  # until the other side gives up
        else:
            writer.write(b"stream: Synaq FOUND\0" if EICAR in content else b"stream: OK\0")
            await writer.drain()
        writer.close()

    @asynccontextmanager
    async def listening(self):
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        async with server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def send(desk, created, content):
    calls, pin = f"/intake/v1/appeals/{created['number']}/attachments", {"Appeal-Pin": created["pin"]}
    answer = await desk.client.post(calls, content=content, headers={**pin, "Content-Type": "text/plain"})
    return answer.json()["attachment_id"]


async def states(desk):
    return {str(row.id): (row.state, row.scan_attempts) for row in await desk.rows(Attachment)}


class TestHangingFile:
    async def test_the_others_are_scanned_and_the_hanging_file_is_retried_later(self, start, tmp_path):
        double = ClamdDouble()
        async with double.listening() as address, start(tmp_path, clamd=address) as desk:
            scans = desk.app.state.uploads.scans
            scans.scanner = Clamd(address, seconds=0.5)
            created = (await desk.file()).json()
            hanging = await send(desk, created, b"first " + HANGS)
            others = [await send(desk, created, f"file {number}".encode()) for number in range(6)]
            infected = await send(desk, created, EICAR)
            await scans.run()
            assert (await states(desk))[hanging] == (AttachmentState.SCANNING, 1)
            assert {(await states(desk))[one][0] for one in others} == {AttachmentState.CLEAN}
            assert (await states(desk))[infected][0] == AttachmentState.INFECTED
            await scans.run()  # its retry is not due yet
            assert sum(HANGS in one for one in double.seen) == 1
            desk.clock.advance(scan_queue.retry_after(1))
            await scans.run()
            assert (await states(desk))[hanging] == (AttachmentState.SCANNING, 2)

    async def test_a_new_file_is_scanned_at_once_while_another_hangs(self, start, tmp_path, monkeypatch):
        monkeypatch.setattr(scan_queue, "NEW_FILES_EVERY", 0.01)
        double = ClamdDouble()
        async with double.listening() as address, start(tmp_path, clamd=address) as desk:
            scans = desk.app.state.uploads.scans
            created = (await desk.file()).json()
            await send(desk, created, HANGS)
            scanning = asyncio.create_task(scans.run())
            while not double.seen:
                await asyncio.sleep(0.01)
            late = await send(desk, created, b"late")
            while (await states(desk))[late][0] == AttachmentState.SCANNING:
                await asyncio.sleep(0.01)
            assert not scanning.done()
            scanning.cancel()
            await asyncio.gather(scanning, return_exceptions=True)
            assert (await states(desk))[late][0] == AttachmentState.CLEAN

    async def test_the_retries_of_hanging_files_leave_the_scanner_to_others(self, start, tmp_path):
        double = ClamdDouble()
        async with double.listening() as address, start(tmp_path, clamd=address) as desk:
            scans = desk.app.state.uploads.scans
            scans.scanner = Clamd(address, seconds=0.3)
            created = (await desk.file()).json()
            for number in range(5):
                await send(desk, created, HANGS + bytes([65 + number]))
            await scans.run()
            desk.clock.advance(scan_queue.retry_after(1))
            scans.scanner = Clamd(address, seconds=30)
            double.seen.clear()
            late = await send(desk, created, b"late")
            scanning = asyncio.create_task(scans.run())
            while (await states(desk))[late][0] == AttachmentState.SCANNING:
                await asyncio.sleep(0.01)
            assert sum(HANGS in one for one in double.seen) <= scan_queue.RETRIES_AT_ONCE
            scanning.cancel()
            await asyncio.gather(scanning, return_exceptions=True)

    def test_the_interval_doubles_up_to_a_day(self):
        assert [scan_queue.retry_after(n) / scan_queue.FIRST_RETRY for n in (1, 2, 3)] == [1, 2, 4]
        assert scan_queue.retry_after(1000) == scan_queue.LAST_RETRY


async def chunks(*data):
    for one in data:
        yield one


class TestClamd:
    async def test_a_test_virus_is_found_also_between_two_chunks(self, clamd):
        assert await Clamd(clamd).finds_virus(chunks(EICAR)) is True
        assert await Clamd(clamd).finds_virus(chunks(b"x" * 70_000 + EICAR[:20], EICAR[20:])) is True

    async def test_a_harmless_file_passes(self, clamd):
        assert await Clamd(clamd).finds_virus(chunks(PDF)) is False

    async def test_a_missing_scanner_is_unavailable(self, tmp_path):
        for address in (f"127.0.0.1:{free_port()}", str(tmp_path / "no.sock")):
            with pytest.raises(ScannerUnavailable):
                await Clamd(address).finds_virus(chunks(PDF))

    async def test_a_file_that_cannot_be_read_is_not_scanned(self, clamd):
        async def unreadable():
            yield b"x"
            raise NotScanned

        with pytest.raises(NotScanned):
            await Clamd(clamd).finds_virus(unreadable())


class TestThroughTheWorker:
    async def test_a_test_virus_is_caught_in_a_text_and_in_a_document(self, start, tmp_path, clamd):
        async with start(tmp_path, clamd=clamd) as desk:
            created = (await desk.file()).json()
            calls, pin = f"/intake/v1/appeals/{created['number']}/attachments", {"Appeal-Pin": created["pin"]}
            sent = {"INFECTED": EICAR, "ALSO": docx(parts={"word__media__image1.png": EICAR}), "CLEAN": PDF}
            ids = {}
            for name, content in sent.items():
                answer = await desk.client.post(calls, content=content, headers={**pin, "Content-Type": "application/octet-stream"})
                assert answer.json()["state"] == AttachmentState.SCANNING
                ids[name] = answer.json()["attachment_id"]
            await desk.app.state.uploads.scans.run()
            states = {str(row.id): row.state for row in await desk.rows(Attachment)}
            assert [states[ids[name]] for name in sent] == [AttachmentState.INFECTED, AttachmentState.INFECTED, AttachmentState.CLEAN]
            statuses = {name: (await desk.client.get(f"{calls}/{one}", headers=pin)).status_code for name, one in ids.items()}
            assert statuses == {"INFECTED": 410, "ALSO": 410, "CLEAN": 200}

import pytest

from intake.attachments.policy import CLEAN, INFECTED, SCANNING
from intake.attachments.scanning import Clamd, NotScanned, ScannerAway
from intake.models.attachments import Attachment
from tests.intake.attachments.conftest import free_port
from tests.intake.attachments.samples import EICAR, PDF, docx


async def chunks(*data):
    for one in data:
        yield one


class TestClamd:
    async def test_a_test_virus_is_found_also_between_two_chunks(self, clamd):
        assert await Clamd(clamd).finds(chunks(EICAR)) is True
        assert await Clamd(clamd).finds(chunks(b"x" * 70_000 + EICAR[:20], EICAR[20:])) is True

    async def test_what_is_harmless_passes(self, clamd):
        assert await Clamd(clamd).finds(chunks(PDF)) is False

    async def test_one_that_is_not_there_is_away(self, tmp_path):
        for address in (f"127.0.0.1:{free_port()}", str(tmp_path / "no.sock")):
            with pytest.raises(ScannerAway):
                await Clamd(address).finds(chunks(PDF))

    async def test_a_file_that_cannot_be_read_is_its_own_trouble(self, clamd):
        async def unreadable():
            yield b"x"
            raise NotScanned

        with pytest.raises(NotScanned):
            await Clamd(clamd).finds(unreadable())


class TestThroughTheWorker:
    async def test_a_test_virus_is_caught_in_a_text_and_in_a_document(self, start, tmp_path, clamd):
        async with start(tmp_path, clamd=clamd) as desk:
            told = (await desk.file()).json()
            calls, pin = f"/intake/v1/appeals/{told['number']}/attachments", {"Appeal-Pin": told["pin"]}
            sent = {"INFECTED": EICAR, "ALSO": docx(parts={"word__media__image1.png": EICAR}), "CLEAN": PDF}
            ids = {}
            for name, content in sent.items():
                answer = await desk.client.post(calls, content=content, headers={**pin, "Content-Type": "application/octet-stream"})
                assert answer.json()["state"] == SCANNING
                ids[name] = answer.json()["attachment_id"]
            await desk.app.state.intake.attachments.scan()
            states = {str(one.id): one.state for one in await desk.rows(Attachment)}
            assert [states[ids[name]] for name in sent] == [INFECTED, INFECTED, CLEAN]
            statuses = {name: (await desk.client.get(f"{calls}/{one}", headers=pin)).status_code for name, one in ids.items()}
            assert statuses == {"INFECTED": 410, "ALSO": 410, "CLEAN": 200}

"""Files of a provider's answer: uploaded, checked, sent with the answer, and read by the provider and by staff alone."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from provider_contact.attachments.models import AnswerFile
from provider_contact.attachments.service import answer_files
from provider_contact.inquiries.models import ContentRead, ProviderResponse
from shared.files.codes import AttachmentState
from shared.files.policy import policy
from shared.files.scanning import Clamd
from tests.provider_contact.attachments.conftest import Files
from tests.provider_contact.conftest import OTHER
from tests.shared.files.samples import EICAR, PDF, SVG, photograph


def objects(world):
    folder = world.parts.settings.data / "objects"
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


class TestUpload:
    async def test_a_file_is_stored_encrypted_with_its_name_sealed(self, files, world):
        answer = await files.upload(PDF, name="zhurnal-azamat.pdf")
        assert answer.status_code == 201, answer.text
        stored = answer.json()
        assert (stored["name"], stored["kind"], stored["state"], stored["size"]) == ("zhurnal-azamat.pdf", "PDF", "UNSCANNED", len(PDF))
        assert stored["ru"] == policy().states[AttachmentState.UNSCANNED].ru
        assert "azamat" not in await world.every_column()
        assert [PDF in path.read_bytes() for path in objects(world)] == [False]

    async def test_a_form_with_one_file_is_an_upload_too(self, files):
        sent = {"file": ("journal.pdf", PDF, "application/pdf")}
        answer = await files.world.client.post(f"{files.path}/files", files=sent, headers=files.headers)
        assert (answer.status_code, answer.json()["name"]) == (201, "journal.pdf")

    async def test_a_photograph_loses_its_metadata(self, files):
        file_id = await files.uploaded(photograph(), media_type="image/jpeg", name="photo.jpg")
        assert b"Exif" in photograph()
        assert b"Exif" not in (await files.get(file_id)).content

    @pytest.mark.parametrize(
        ("content", "media_type", "code"),
        [
            (SVG, "image/svg+xml", "attachment-type-not-allowed"),
            (PDF, "image/png", "attachment-type-mismatch"),
            (b"", "text/plain", "attachment-empty"),
        ],
    )
    async def test_a_file_that_is_not_accepted_is_refused_in_three_languages_and_not_stored(self, files, world, content, media_type, code):
        answer = await files.upload(content, media_type=media_type, name="file")
        assert (answer.json()["code"], {"kk", "ru", "en"} <= answer.json().keys()) == (code, True)
        assert (await world.rows(AnswerFile), objects(world)) == ([], [])

    async def test_a_repeat_under_the_same_key_stores_nothing_twice_and_another_file_is_refused(self, files, world):
        key = {"Idempotency-Key": "first"}
        first, second = await files.upload(PDF, **key), await files.upload(PDF, **key)
        assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
        assert (await files.upload(PDF + b"\n", **key)).json()["code"] == "idempotency-key-reused"
        assert len(await world.rows(AnswerFile)) == len(objects(world)) == 1

    async def test_the_unsent_files_of_a_sender_are_limited(self, files, monkeypatch):
        receiver = files.world.app.state.answer_files
        limits = replace(receiver.limits, unclaimed_files=1)
        monkeypatch.setattr(type(receiver), "limits", property(lambda _: limits))
        await files.uploaded(PDF)
        assert (await files.upload(PDF)).json()["code"] == "uploads-unclaimed"

    async def test_a_file_that_no_answer_names_is_deleted_after_a_day(self, files, world, loops):
        sent = await files.uploaded(PDF)
        assert (await files.respond(sent)).status_code == 200
        await files.uploaded(PDF)
        world.clock.advance(timedelta(hours=25))
        await world.app.state.answer_files.purge_unclaimed()
        assert [str(row.id) for row in await world.rows(AnswerFile)] == [sent]
        assert len(objects(world)) == 1
        assert {"scan-answer-files", "purge-answer-files"} == loops.keys()


class TestAnswer:
    async def test_the_files_come_with_the_answer_for_the_provider_the_clerk_and_the_desk(self, files, world):
        file_id = await files.uploaded(PDF)
        assert (await files.respond(file_id)).status_code == 200
        [response] = await world.rows(ProviderResponse)
        for reader in (files.headers, files.clerk):
            [shown] = (await files.detail(reader))["responses"][0]["attachments"]
            assert (shown["file_id"], shown["name"], shown["available"]) == (file_id, "журнал.pdf", True)
        asked = {"ids": [str(response.response_id)], "purpose": "desk", "on_behalf_of": "clerk-7"}
        headers = world.token("service", subject="routing")
        found = await world.post("/internal/v1/contents", headers, asked)
        assert found.json()["items"][0]["content"]["attachments"][0]["file_id"] == file_id

    async def test_a_file_is_sent_once_and_for_its_own_inquiry_alone(self, files, files_of):
        other = await files_of(2)
        file_id, foreign = await files.uploaded(PDF), await other.uploaded(PDF)
        refused = await files.respond(file_id, file_id, foreign, str(uuid4()))
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [
            ("attachments.1", "given-twice"), ("attachments.2", "unknown-upload"), ("attachments.3", "unknown-upload"),
        ]  # fmt: skip
        assert (await files.respond(file_id)).status_code == 200
        clerk = files.clerk
        returned = {"expected_version": 2, "reason": "UNCLEAR", "text": "Қай күні?"}
        assert (await files.world.client.post(f"{files.path}/actions/return", json=returned, headers=clerk)).status_code == 200
        again = await files.respond(file_id, version=3)
        assert [(each["field"], each["code"]) for each in again.json()["errors"]] == [("attachments.0", "unknown-upload")]

    async def test_a_request_for_time_has_no_files(self, files):
        refused = await files.respond(await files.uploaded(PDF), code="NEEDS_TIME")
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [("attachments", "not-accepted")]

    async def test_an_answer_has_at_most_its_bytes_together(self, files, monkeypatch):
        found = policy()
        tight = replace(found, limits=replace(found.limits, total_bytes=len(PDF)))
        file_ids = [await files.uploaded(PDF) for _ in range(2)]
        monkeypatch.setattr(answer_files, "policy", lambda: tight)
        refused = await files.respond(*file_ids)
        assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [("attachments", "too-large")]


class TestReading:
    async def test_staff_read_what_was_sent_and_each_access_is_recorded(self, files, world):
        file_id = await files.uploaded(PDF)
        assert (await files.get(file_id, files.clerk)).status_code == 404  # it was not sent yet
        await files.respond(file_id)
        got = await files.get(file_id, files.clerk)
        assert (got.content, got.headers["content-disposition"].split(";")[0]) == (PDF, "attachment")
        for_desk = await files.read_for_the_desk(file_id)
        assert for_desk.content == PDF
        rows = [(row.reader, row.on_behalf_of, row.purpose, row.ids) for row in await world.rows(ContentRead)]
        assert rows == [("clerk-1", None, "inquiry", [file_id]), ("routing", "clerk-7", "desk-attachment", [file_id])]

    async def test_the_provider_reads_its_own_file_without_a_record(self, files, world):
        file_id = await files.uploaded(PDF)
        assert (await files.get(file_id)).content == PDF
        assert await world.rows(ContentRead) == []

    async def test_the_desk_gets_no_file_of_another_appeal_or_for_another_service(self, files, files_of):
        await files_of(2)
        file_id = await files.uploaded(PDF)
        assert (await files.read_for_the_desk(file_id)).status_code == 404  # it was not sent yet
        await files.respond(file_id)
        assert (await files.read_for_the_desk(file_id, number=2)).status_code == 404
        assert (await files.read_for_the_desk(file_id, reader="intake")).status_code == 403
        assert (await files.read_for_the_desk(file_id, purpose="curiosity")).status_code == 422

    async def test_another_provider_reaches_no_file_by_any_call(self, files, files_of):
        file_id = await files.uploaded(PDF)
        own = await files_of(2, OTHER)
        stranger = Files(files.world, files.inquiry_id, OTHER)
        assert (await stranger.get(file_id)).status_code == 404
        assert (await stranger.upload(PDF)).status_code == 404
        assert (await own.get(file_id)).status_code == 404
        assert [each["code"] for each in (await own.respond(file_id)).json()["errors"]] == ["unknown-upload"]
        await files.respond(file_id)
        assert (await stranger.get(file_id)).status_code == 404
        assert (await own.get(file_id)).status_code == 404

    async def test_a_clerk_of_another_region_reaches_no_file(self, files):
        file_id = await files.uploaded(PDF)
        await files.respond(file_id)
        elsewhere = files.world.token("specialist", region="KZ-75", subject="clerk-2")
        assert (await files.get(file_id, elsewhere)).status_code == 404


class TestScanning:
    @pytest.fixture
    def scanned(self, files, clamd):
        """The files of a service with a scanner."""
        files.world.app.state.answer_files.scans.scanner = Clamd(clamd)
        return files

    async def test_nobody_reads_a_file_before_it_was_scanned(self, scanned):
        file_id = await scanned.uploaded(PDF)
        await scanned.respond(file_id)
        for got in (await scanned.get(file_id), await scanned.get(file_id, scanned.clerk), await scanned.read_for_the_desk(file_id)):
            assert (got.status_code, got.json()["code"]) == (409, "attachment-not-checked")
        await scanned.scan()
        assert (await scanned.get(file_id, scanned.clerk)).content == PDF

    async def test_an_infected_file_is_deleted_and_cannot_be_sent(self, scanned):
        file_id = await scanned.uploaded(EICAR, media_type="text/plain", name="file.txt")
        await scanned.scan()
        assert objects(scanned.world) == []
        got = await scanned.get(file_id)
        assert (got.status_code, got.json()["code"]) == (410, "attachment-infected")
        assert [each["code"] for each in (await scanned.respond(file_id)).json()["errors"]] == ["infected"]

    async def test_a_virus_that_is_found_after_the_answer_is_shown_as_such(self, scanned):
        file_id = await scanned.uploaded(EICAR, media_type="text/plain", name="file.txt")
        await scanned.respond(file_id)
        await scanned.scan()
        [shown] = (await scanned.detail(scanned.clerk))["responses"][0]["attachments"]
        assert (shown["state"], shown["available"]) == ("INFECTED", False)
        assert (await scanned.read_for_the_desk(file_id)).status_code == 410

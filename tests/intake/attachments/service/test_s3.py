"""Files in a bucket: against moto's server, a double of S3, behind a wire that can be cut."""

import asyncio
import io
from datetime import timedelta
from uuid import UUID, uuid4

import obstore
import pytest

from intake.attachments.models import Attachment
from intake.settings import Settings
from shared.errors import Unavailable
from shared.files.codes import AttachmentState
from shared.files.settings import StoreRefused
from shared.files.storage import BUFFER, CHUNK, ObjectStorage, check_store, new_key, open_store
from shared.settings import BadSettings
from tests.intake.attachments.conftest import BUCKET
from tests.intake.attachments.test_api import PHOTO, begun, filed, peak_kb, piece
from tests.shared.files.samples import PDF, photograph
from tests.shared.files.test_storage import content, in_pieces

KEY = new_key()
LARGE = 200 * 2**20
AS_PDF = {"Content-Type": "application/pdf"}


@pytest.fixture
def store(bucket, tmp_path):  # noqa: ARG001 - the environment names it
    """Return a store under the test's own prefix."""
    return open_store(f"s3://{BUCKET}/{uuid4().hex}", tmp_path)


@pytest.fixture
async def desk(start, bucket, tmp_path):  # noqa: ARG001 - as above
    async with start(tmp_path, objects_url=f"s3://{BUCKET}/{uuid4().hex}") as desk:
        yield desk


async def objects(store):
    return [one["path"] for one in await obstore.list(store).collect_async()]


def stored_objects(desk):
    return objects(desk.app.state.uploads._objects._store)


class TestSettings:
    @pytest.mark.parametrize("url", ["https://files.example/bucket", "s3://", "s3://bucket?secret=1", "objects"])
    def test_nothing_but_a_bucket_is_accepted(self, url):
        with pytest.raises(BadSettings, match="OBJECTS_URL"):
            Settings(objects_url=url)


class TestStart:
    async def test_a_bucket_that_answers_is_accepted(self, store):
        await check_store(store)

    async def test_a_bucket_that_is_missing_is_named_by_its_setting(self, bucket, tmp_path):
        assert bucket
        with pytest.raises(StoreRefused, match=r"no such bucket \(NoSuchBucket\): see ARYZ_OBJECTS_URL"):
            await check_store(open_store("s3://nowhere", tmp_path))

    async def test_a_store_that_does_not_answer_stops_no_start(self, store, bucket):
        await bucket.down()
        await check_store(store)

    def test_an_endpoint_without_tls_is_for_this_machine_alone(self, bucket, monkeypatch, tmp_path):
        assert bucket
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://objects.example:8080")
        with pytest.raises(StoreRefused, match="use https://, or set ARYZ_OBJECTS_HTTP=true"):
            open_store(f"s3://{BUCKET}", tmp_path)
        assert open_store(f"s3://{BUCKET}", tmp_path, allow_http=True)

    def test_an_authority_that_cannot_be_read_is_named(self, tmp_path):
        with pytest.raises(StoreRefused, match="ARYZ_OBJECTS_CA_FILE"):
            open_store(f"s3://{BUCKET}", tmp_path, authority=tmp_path / "absent.pem")


class TestObjects:
    @pytest.mark.parametrize("size", [0, 1, CHUNK + 1, 2 * BUFFER + 7])
    async def test_an_object_is_read_from_any_position(self, store, size):
        files = ObjectStorage(store)
        assert await files.write(KEY, "aa/1", in_pieces(content(size), CHUNK)) == size
        reader = io.BufferedReader(files.reader(KEY, [["aa/1", size]]))
        assert await asyncio.to_thread(reader.read) == content(size)
        reader.seek(size // 2)
        assert await asyncio.to_thread(reader.read, 20) == content(size)[size // 2 :][:20]

    async def test_a_large_file_is_sent_in_parts_and_not_held_in_memory(self, store):
        async def large():
            for _ in range(LARGE // 2**20):
                yield bytes(2**20)

        await ObjectStorage(store).write(KEY, "aa/0", in_pieces(content(2 * BUFFER)))  # what a first upload takes for good is not the file
        before = peak_kb(anew=True)
        assert await ObjectStorage(store).write(KEY, "aa/1", large()) == LARGE
        assert peak_kb() - before < 60_000
        parts = (await obstore.head_async(store, "aa/1"))["e_tag"].strip('"').rpartition("-")[2]
        assert int(parts) == -(-LARGE // BUFFER) + 1  # the seals are some bytes more

    async def test_all_objects_of_a_file_are_deleted_and_a_missing_one_raises(self, store):
        files, file_id = ObjectStorage(store), uuid4()
        for each in ("1", "2"):
            await files.write(KEY, f"{file_id.hex}/{each}", in_pieces(b"abc"))
        await files.write(KEY, "other/1", in_pieces(b"abc"))
        await files.drop(file_id)
        assert await objects(store) == ["other/1"]
        with pytest.raises(FileNotFoundError):
            await asyncio.to_thread(files.reader(KEY, [[f"{file_id.hex}/1", 3]]).read, 1)

    async def test_a_broken_stream_leaves_no_object(self, store):
        async def breaking():
            yield bytes(3 * BUFFER)
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await ObjectStorage(store).write(KEY, "aa/1", breaking())
        assert await objects(store) == []

    async def test_every_call_raises_unavailable_while_the_store_is_unavailable(self, store, bucket):
        files = ObjectStorage(store)
        await files.write(KEY, "aa/1", in_pieces(b"abc"))
        await bucket.down()
        with pytest.raises(Unavailable):
            await files.write(KEY, "aa/2", in_pieces(content(2 * BUFFER)))
        with pytest.raises(Unavailable):
            await asyncio.to_thread(files.reader(KEY, [["aa/1", 3]]).read, 1)
        with pytest.raises(Unavailable):
            await files.drop(uuid4())
        await bucket.up()
        assert await asyncio.to_thread(files.reader(KEY, [["aa/1", 3]]).read, 3) == b"abc"


class TestFiles:
    async def test_a_document_is_stored_in_the_bucket_and_nowhere_else(self, desk):
        _, pin, calls = await filed(desk)
        created = (await desk.client.post(calls, content=photograph(), headers=pin | PHOTO)).json()
        [name] = await stored_objects(desk)
        assert name.startswith(UUID(created["attachment_id"]).hex)
        assert not (desk.parts.settings.data / "objects").exists()
        given = await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)
        assert given.content[:2] == b"\xff\xd8"

    async def test_an_upload_is_resumed_once_the_store_is_back(self, desk, bucket):
        created, upload, token = await begun(desk, PDF)
        await desk.client.patch(upload, content=PDF[:30], headers=piece(0, token))
        await bucket.down()
        away = await desk.client.patch(upload, content=PDF[30:], headers=piece(30, token))
        assert (away.status_code, away.json()["code"]) == (503, "unavailable")
        assert int(away.headers["retry-after"]) > 0
        assert (await desk.client.head(upload, headers=token)).headers["upload-offset"] == "30"
        await bucket.up()
        assert (await desk.client.patch(upload, content=PDF[30:], headers=piece(30, token))).json()["complete"] is True
        _, pin, calls = await filed(desk)
        await desk.client.post(calls, json={"upload_id": created["upload_id"], "token": created["token"]}, headers=pin)
        assert (await desk.client.get(f"{calls}/{created['upload_id']}", headers=pin)).content == PDF

    async def test_a_file_whose_inspection_failed_is_not_sent_again(self, desk, monkeypatch):
        uploads = desk.app.state.uploads
        _, upload, token = await begun(desk, PDF)
        with monkeypatch.context() as away:
            away.setattr(uploads._objects, "reader", _away)
            assert (await desk.client.patch(upload, content=PDF, headers=piece(0, token))).status_code == 503
        looked = await desk.client.head(upload, headers=token)
        assert (looked.headers["upload-offset"], looked.headers["upload-complete"]) == (str(len(PDF)), "?0")
        assert (await desk.client.patch(upload, content=b"", headers=piece(len(PDF), token))).json()["complete"] is True

    async def test_a_document_is_read_again_once_the_store_is_back(self, desk, bucket):
        _, pin, calls = await filed(desk)
        created = (await desk.client.post(calls, content=PDF, headers=pin | AS_PDF)).json()
        await bucket.down()
        away = await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)
        assert (away.status_code, away.json()["code"]) == (503, "unavailable")
        refused = await desk.client.post(calls, content=PDF, headers=pin | AS_PDF)
        assert refused.status_code == 503
        await bucket.up()
        assert (await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)).content == PDF

    async def test_a_file_cancelled_while_the_store_is_unavailable_is_deleted_later(self, desk, bucket):
        _, upload, token = await begun(desk, PDF)
        await desk.client.patch(upload, content=PDF, headers=piece(0, token))
        await bucket.down()
        assert (await desk.client.delete(upload, headers=token)).status_code == 204
        assert (await desk.client.head(upload, headers=token)).status_code == 404
        desk.clock.advance(timedelta(hours=25))
        await desk.app.state.uploads.purge_unclaimed()
        assert [row.state for row in await desk.rows(Attachment)] == [AttachmentState.DROPPED]
        await bucket.up()
        await desk.app.state.uploads.purge_unclaimed()
        assert (await desk.rows(Attachment), await stored_objects(desk)) == ([], [])

    async def test_a_missing_object_is_reported(self, desk):
        _, pin, calls = await filed(desk)
        created = (await desk.client.post(calls, content=PDF, headers=pin | AS_PDF)).json()
        await desk.app.state.uploads._objects.drop(UUID(created["attachment_id"]))
        answer = await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)
        assert (answer.status_code, answer.json()["code"]) == (410, "attachment-lost")


def _away(*_):
    raise Unavailable

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from intake.attachments.dependencies.attaching import attach
from intake.attachments.dependencies.uploads import Uploads
from intake.attachments.models import Attachment
from intake.register.models import ContentRead, Message, Timeline, Tracking
from shared.files import receiving
from shared.files.codes import AttachmentState
from shared.files.policy import policy
from shared.messaging import tables
from tests.keys import key_named
from tests.shared.files.samples import PDF, SVG, photograph, picture

PHOTO = {"Content-Type": "image/jpeg", "Content-Disposition": "attachment; filename*=UTF-8''%D0%B0%D0%BA%D1%82.jpg"}
LARGE = 200 * 2**20


def peak_kb(*, anew=False):
    """Return the peak memory of this process; `anew`: reset the peak first (proc(5))."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


async def filed(desk, **more):
    created = (await desk.file(**more)).json()
    return created, {"Appeal-Pin": created["pin"]}, f"/intake/v1/appeals/{created['number']}/attachments"


async def facts(desk):
    async with desk.parts.database.read() as session:
        return [row.type for row in await session.execute(tables.outbox.select()) if row.type.endswith("message-added.v1")]


def objects(desk):
    return [one for one in (desk.parts.settings.data / "objects").rglob("*") if one.is_file()]


async def begun(desk, content, **more):
    answer = await desk.client.post("/intake/v1/uploads", json={"length": len(content), **more})
    assert answer.status_code == 201
    created = answer.json()
    return created, f"/intake/v1/uploads/{created['upload_id']}", {"Upload-Token": created["token"]}


def piece(offset, token):
    return {"Upload-Offset": str(offset), "Content-Type": "application/partial-upload", **token}


class TestAdding:
    async def test_a_document_is_added_listed_published_and_downloaded(self, desk):
        _, pin, calls = await filed(desk)
        answer = await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        assert answer.status_code == 201
        assert answer.json() | {"attachment_id": "", "message_id": "", "added_at": ""} == {
            "attachment_id": "", "message_id": "", "added_at": "", "name": "document.pdf", "kind": "PDF", "media_type": "application/pdf",
            "size": len(PDF), "state": AttachmentState.UNSCANNED, **policy().states[AttachmentState.UNSCANNED].as_dict(),
        }  # fmt: skip
        assert len(await facts(desk)) == 1
        assert [(str(one.id), one.by, one.text) for one in await desk.rows(Message)] == [(answer.json()["message_id"], "APPLICANT", None)]
        assert [one.type for one in await desk.rows(Timeline)] == ["message-added"]
        given = await desk.client.get(f"{calls}/{answer.json()['attachment_id']}", headers=pin)
        assert given.content == PDF
        assert given.headers["content-disposition"].startswith("attachment; ")
        assert given.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert given.headers["x-content-type-options"] == "nosniff"
        assert given.headers["cross-origin-resource-policy"] == "same-origin"
        assert given.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("is_form", [False, True])
    async def test_a_file_sent_again_under_its_key_is_added_once(self, desk, is_form):
        _, pin, calls = await filed(desk)
        keyed = {**pin, "Idempotency-Key": key_named("file-1")}

        async def send(content):
            if is_form:
                return await desk.client.post(calls, files={"file": ("a.pdf", content, "application/pdf")}, headers=keyed)
            return await desk.client.post(calls, content=content, headers={**keyed, "Content-Type": "application/pdf"})

        first, again, other = await send(PDF), await send(PDF), await send(PDF + b"\n")
        assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (201, first.json(), "true")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert (len(await desk.rows(Attachment)), len(objects(desk)), len(await facts(desk))) == (1, 1, 1)

    async def test_a_finished_upload_is_added_under_its_key_once_and_under_none_but_that(self, desk):
        _, pin, calls = await filed(desk)
        claims = []
        for _ in range(2):
            created, upload, token = await begun(desk, PDF)
            await desk.client.patch(upload, content=PDF, headers=piece(0, token))
            claims.append({"upload_id": created["upload_id"], "token": created["token"]})
        keyed = {**pin, "Idempotency-Key": key_named("file-1")}
        first, again, other = [await desk.client.post(calls, json=claim, headers=keyed) for claim in (claims[0], *claims)]
        assert (again.status_code, again.json(), again.headers["Idempotency-Replayed"]) == (201, first.json(), "true")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
        assert len(await facts(desk)) == 1

    async def test_the_same_file_sent_twice_at_once_under_one_key_is_added_once(self, desk):
        _, pin, calls = await filed(desk)
        keyed = {**pin, "Idempotency-Key": key_named("file-1"), "Content-Type": "application/pdf"}
        answers = await asyncio.gather(*(desk.client.post(calls, content=PDF, headers=keyed) for _ in range(3)))
        assert {one.status_code for one in answers} == {201}
        assert len({one.json()["attachment_id"] for one in answers}) == 1
        assert (len(await desk.rows(Attachment)), len(objects(desk)), len(await facts(desk))) == (1, 1, 1)

    async def test_a_repeat_is_answered_even_without_room_for_another_file_or_for_a_finished_appeal(self, desk):
        _, pin, calls = await filed(desk)
        headers = {**pin, "Content-Type": "application/pdf"}
        answers = [
            await desk.client.post(calls, content=PDF, headers={**headers, "Idempotency-Key": key_named(f"file-{place}")})
            for place in range(11)
        ]
        assert [one.status_code for one in answers] == [201] * 10 + [422]
        async with desk.parts.database.write() as session:
            await session.execute(Tracking.__table__.update().values(status="CLOSED"))
        again = await desk.client.post(calls, content=PDF, headers={**headers, "Idempotency-Key": key_named("file-9")})
        assert (again.status_code, again.json()) == (201, answers[9].json())
        assert len(objects(desk)) == 10

    async def test_a_requested_document_returns_the_appeal_to_review(self, desk):
        created, pin, calls = await filed(desk)
        async with desk.parts.database.write() as session:
            await session.execute(Tracking.__table__.update().values(status="NEEDS_FIX"))
        await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        assert (await desk.track(created["number"], created["pin"])).json()["status"] == "IN_REVIEW"

    async def test_nothing_is_added_to_a_finished_appeal(self, desk):
        _, pin, calls = await filed(desk)
        async with desk.parts.database.write() as session:
            await session.execute(Tracking.__table__.update().values(status="CLOSED"))
        answer = await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        assert (answer.status_code, answer.json()["code"]) == (409, "appeal-finished")
        assert objects(desk) == []
        assert await desk.rows(Message) == []

    async def test_a_photograph_is_stored_without_its_metadata(self, desk):
        _, pin, calls = await filed(desk)
        created = (await desk.client.post(calls, content=photograph(), headers=pin | PHOTO)).json()
        assert created["name"] == "акт.jpg"
        given = await desk.client.get(f"{calls}/{created['attachment_id']}", headers=pin)
        assert given.content[:2] == b"\xff\xd8"
        assert b"Exif" not in given.content
        assert "filename*=UTF-8''%D0%B0%D0%BA%D1%82.jpg" in given.headers["content-disposition"]
        assert len(objects(desk)) == 1

    async def test_a_form_has_one_file(self, desk):
        _, pin, calls = await filed(desk)
        answer = await desk.client.post(calls, files={"file": ("Анықтама.png", picture("PNG"), "image/png")}, headers=pin)
        assert (answer.status_code, answer.json()["name"]) == (201, "Анықтама.png")
        wrong = await desk.client.post(calls, data={"file": "no file"}, files={"other": ("a", b"x")}, headers=pin)
        assert wrong.status_code == 422

    @pytest.mark.parametrize(
        ("content", "media_type", "status", "code"),
        [
            (b"", "text/plain", 422, "attachment-empty"),
            (SVG, "image/svg+xml", 415, "attachment-type-not-allowed"),
            (SVG, "text/plain", 422, "attachment-active-content"),
            (PDF, "image/jpeg", 422, "attachment-type-mismatch"),
            (bytes(20_971_521), "application/pdf", 413, "attachment-too-large"),
        ],
    )
    async def test_a_refused_file_leaves_nothing(self, desk, content, media_type, status, code):
        _, pin, calls = await filed(desk)
        answer = await desk.client.post(calls, content=content, headers={**pin, "Content-Type": media_type})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["kk"]
        assert objects(desk) == []
        assert await desk.rows(Attachment) == []
        assert await facts(desk) == []

    async def test_two_hundred_megabytes_are_refused_early_and_not_held_in_memory(self, desk):
        _, pin, calls = await filed(desk)
        sent = 0

        async def endless(beginning):
            nonlocal sent
            yield beginning
            while sent < LARGE:
                sent += 2**20
                yield bytes(2**20)

        before = peak_kb(anew=True)
        announced = await desk.client.post(calls, content=b"x", headers={**pin, "Content-Length": str(LARGE)})
        assert (announced.status_code, announced.json()["code"]) == (413, "attachment-too-large")
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        for media_type, beginning in (("application/pdf", PDF), ("multipart/form-data; boundary=b", form)):
            sent = 0
            answer = await desk.client.post(calls, content=endless(beginning), headers={**pin, "Content-Type": media_type})
            assert (answer.status_code, answer.json()["code"]) == (413, "attachment-too-large")
            assert sent <= 22 * 2**20
        assert peak_kb() - before < 40_000  # what is on its way to the store at once, not what was sent
        assert objects(desk) == []

    async def test_the_number_of_an_appeals_files_is_limited(self, desk):
        _, pin, calls = await filed(desk)
        answers = [await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"}) for _ in range(11)]
        assert [one.status_code for one in answers] == [201] * 10 + [422]
        assert answers[-1].json()["code"] == "attachments-too-many"
        assert len(await desk.rows(Attachment)) == 10


class TestUploads:
    async def test_an_upload_is_resumed_and_claimed_once(self, desk):
        created, upload, token = await begun(desk, PDF, name="акт.pdf", media_type="application/pdf")
        assert (await desk.client.patch(upload, content=PDF[:30], headers=piece(0, token))).json()["offset"] == 30
        looked = await desk.client.head(upload, headers=token)
        assert (looked.status_code, looked.headers["upload-offset"], looked.headers["upload-complete"]) == (204, "30", "?0")
        wrong = await desk.client.patch(upload, content=b"x", headers=piece(10, token))
        assert (wrong.status_code, wrong.json()["code"], wrong.json()["offset"]) == (409, "upload-offset-mismatch", 30)
        _, pin, calls = await filed(desk)
        claim = {"upload_id": created["upload_id"], "token": created["token"]}
        early = await desk.client.post(calls, json=claim, headers=pin)
        assert early.json()["code"] == "upload-incomplete"
        assert (await desk.client.patch(upload, content=PDF[30:], headers=piece(30, token))).json()["complete"] is True
        first, again = [await desk.client.post(calls, json=claim, headers=pin) for _ in range(2)]
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert len(await facts(desk)) == 1
        given = await desk.client.get(f"{calls}/{created['upload_id']}", headers=pin)
        assert given.content == PDF

    async def test_more_bytes_than_announced_are_refused(self, desk):
        _, upload, token = await begun(desk, b"12345")
        answer = await desk.client.patch(upload, content=b"123456", headers=piece(0, token))
        assert answer.json()["code"] == "attachment-too-large"
        assert (await desk.client.head(upload, headers=token)).headers["upload-offset"] == "0"

    async def test_a_file_refused_after_its_last_byte_is_deleted(self, desk):
        _, upload, token = await begun(desk, SVG, name="a.svg")
        answer = await desk.client.patch(upload, content=SVG, headers=piece(0, token))
        assert answer.json()["code"] == "attachment-active-content"
        assert (await desk.client.head(upload, headers=token)).status_code == 404
        assert objects(desk) == []

    async def test_of_two_concurrent_pieces_one_is_stored(self, desk):
        _, upload, token = await begun(desk, PDF)
        answers = await asyncio.gather(*(desk.client.patch(upload, content=PDF[:50], headers=piece(0, token)) for _ in range(2)))
        assert sorted(one.status_code for one in answers) == [200, 409]
        assert (await desk.client.patch(upload, content=PDF[50:], headers=piece(50, token))).status_code == 200
        assert len(objects(desk)) == 2

    async def test_too_many_interruptions_end_an_upload(self, desk):
        _, upload, token = await begun(desk, bytes(100))
        for offset in range(policy().limits.pieces):
            await desk.client.patch(upload, content=b"x", headers=piece(offset, token))
        answer = await desk.client.patch(upload, content=b"x", headers=piece(policy().limits.pieces, token))
        assert answer.json()["code"] == "upload-too-many-pieces"

    async def test_an_unclaimed_file_is_deleted_after_a_day(self, desk):
        await begun(desk, PDF)
        _, upload, token = await begun(desk, PDF)
        await desk.client.patch(upload, content=PDF, headers=piece(0, token))
        _, pin, calls = await filed(desk)
        await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})
        desk.clock.advance(timedelta(hours=23))
        await desk.app.state.uploads.purge_unclaimed()
        assert len(await desk.rows(Attachment)) == 3
        desk.clock.advance(timedelta(hours=2))
        await desk.app.state.uploads.purge_unclaimed()
        assert len(await desk.rows(Attachment)) == len(objects(desk)) == 1

    async def test_unclaimed_files_are_deleted_in_batches(self, desk, monkeypatch):
        monkeypatch.setattr(receiving, "BATCH", 2)
        for _ in range(5):
            await begun(desk, PDF)
        desk.clock.advance(timedelta(hours=25))
        taken, drop = [], desk.app.state.uploads._drop
        monkeypatch.setattr(Uploads, "_drop", lambda _, ids: taken.append(len(ids)) or drop(ids))
        await desk.app.state.uploads.purge_unclaimed()
        assert taken == [2, 2, 1]
        assert await desk.rows(Attachment) == []

    async def test_an_upload_is_cancelled_by_its_sender_alone(self, desk):
        _, upload, token = await begun(desk, PDF)
        assert (await desk.client.delete(upload, headers={"Upload-Token": "wrong"})).status_code == 404
        assert (await desk.client.delete(upload, headers=token)).status_code == 204
        assert (await desk.client.head(upload, headers=token)).status_code == 404

    async def test_the_uploads_of_an_address_are_limited_per_minute(self, start, tmp_path):
        async with start(tmp_path, uploads_per_minute=2) as desk:
            statuses = [(await desk.client.post("/intake/v1/uploads", json={"length": 5})).status_code for _ in range(3)]
        assert statuses == [201, 201, 429]


class TestAccess:
    async def test_a_file_of_another_appeal_is_not_found(self, desk):
        _, pin_a, calls_a = await filed(desk)
        _, pin_b, calls_b = await filed(desk)
        created = (await desk.client.post(calls_a, content=PDF, headers={**pin_a, "Content-Type": "application/pdf"})).json()
        tries = [
            await desk.client.get(f"{calls_b}/{created['attachment_id']}", headers=pin_b),
            await desk.client.get(f"{calls_b}/{uuid4()}", headers=pin_b),
            await desk.client.get(f"{calls_a}/{created['attachment_id']}", headers=pin_b),
            await desk.client.get(f"{calls_a}/{created['attachment_id']}"),
        ]
        assert {one.status_code for one in tries} == {404}
        assert len({one.content for one in tries}) == 1

    async def test_an_upload_is_claimed_with_its_secret_alone_and_by_one_appeal(self, desk):
        created, upload, token = await begun(desk, PDF)
        await desk.client.patch(upload, content=PDF, headers=piece(0, token))
        _, pin_a, calls_a = await filed(desk)
        _, pin_b, calls_b = await filed(desk)
        wrong = await desk.client.post(calls_a, json={"upload_id": created["upload_id"], "token": "wrong"}, headers=pin_a)
        unknown = await desk.client.post(calls_a, json={"upload_id": str(uuid4()), "token": created["token"]}, headers=pin_a)
        claim = {"upload_id": created["upload_id"], "token": created["token"]}
        assert (await desk.client.post(calls_a, json=claim, headers=pin_a)).status_code == 201
        taken = await desk.client.post(calls_b, json=claim, headers=pin_b)
        assert {one.status_code for one in (wrong, unknown, taken)} == {404}
        assert (await desk.client.delete(upload, headers=token)).status_code == 404

    async def test_staff_who_may_see_the_appeal_read_its_files_with_an_audit_entry_and_add_none(self, desk):
        _, pin, calls = await filed(desk)
        created = (await desk.client.post(calls, content=PDF, headers={**pin, "Content-Type": "application/pdf"})).json()
        ours, theirs = (desk.token("specialist", region=region, subject="s1") for region in ("KZ-43", "KZ-71"))
        assert (await desk.client.get(f"{calls}/{created['attachment_id']}", headers=theirs)).status_code == 404
        assert (await desk.client.get(f"{calls}/{created['attachment_id']}", headers=ours)).content == PDF
        assert [(one.reader, one.purpose, one.ids) for one in await desk.rows(ContentRead)] == [
            ("s1", "attachment", [created["attachment_id"]])
        ]
        added = await desk.client.post(calls, content=PDF, headers={**ours, "Content-Type": "application/pdf"})
        assert added.status_code == 404

    async def test_who_may_read_but_not_act_learns_nothing_of_the_pin(self, desk):
        _, pin, calls = await filed(desk)
        staff = desk.token("specialist", region="KZ-43", subject="s1")
        headers = {**staff, "Content-Type": "application/pdf"}
        right, wrong = [await desk.client.post(calls, content=PDF, headers=headers | one) for one in (pin, {"Appeal-Pin": "00000000"})]
        assert (right.status_code, right.content) == (wrong.status_code, wrong.content)
        assert right.status_code == 404
        assert await desk.rows(Attachment) == []

    async def test_a_file_sent_with_the_appeal_is_no_message(self, desk):
        appeal, pin, calls = await filed(desk)
        intake, uploads = desk.app.state.intake, desk.app.state.uploads

        async def data():
            yield PDF

        ticket = await uploads.store(data(), None, name="акт.pdf", media_type="application/pdf")
        file = (await attach(intake, uploads, UUID(appeal["appeal_id"]), ticket, as_filed=True)).response
        assert (file.name, file.message_id) == ("акт.pdf", None)
        assert await facts(desk) == []
        assert (await desk.client.get(f"{calls}/{ticket.upload_id}", headers=pin)).content == PDF

    async def test_an_applicants_own_token_opens_what_it_filed(self, desk):
        own, other = (desk.token("applicant", subject=subject) for subject in ("a1", "a2"))
        created = (await desk.file(own, channel="APP")).json()
        calls = f"/intake/v1/appeals/{created['number']}/attachments"
        added = (await desk.client.post(calls, content=PDF, headers={**own, "Content-Type": "application/pdf"})).json()
        assert (await desk.client.get(f"{calls}/{added['attachment_id']}", headers=own)).content == PDF
        assert (await desk.client.get(f"{calls}/{added['attachment_id']}", headers=other)).status_code == 404
        mistyped = {**own, "Appeal-Pin": "00000000"}
        assert (await desk.client.get(f"{calls}/{added['attachment_id']}", headers=mistyped)).content == PDF
        assert await desk.rows(ContentRead) == []  # an applicant's subject may be an IIN


class TestPrivate:
    async def test_no_name_and_no_text_of_a_file_is_stored_in_clear(self, desk):
        _, pin, calls = await filed(desk)
        headers = {**pin, "Content-Type": "text/plain", "Content-Disposition": 'attachment; filename="SynaqAzamat.txt"'}
        created = (await desk.client.post(calls, content=b"SynaqWords" * 10_000, headers=headers)).json()
        assert created["name"] == "SynaqAzamat.txt"
        stored = await desk.engine.stored(desk.parts.database) + b"".join(one.read_bytes() for one in objects(desk))
        assert created["attachment_id"].replace("-", "")[:8].encode() in stored or UUID(created["attachment_id"]).bytes in stored
        for word in (b"SynaqAzamat", b"SynaqWords"):
            assert word not in stored
        assert "Synaq" not in "".join(str(one) for one in objects(desk))

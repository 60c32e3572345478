"""The quotas of unclaimed files, of one sender and of all."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from intake.attachments.models import Attachment
from intake.attachments.service.quota import owner_of
from shared.auth import Principal
from tests.intake.attachments.test_api import begun, filed, objects, piece
from tests.shared.files.samples import PDF

UPLOADS = "/intake/v1/uploads"
AS_PDF = {"Content-Type": "application/pdf"}


def limited(desk, **limits):
    attachments = desk.app.state.uploads.attachments
    attachments.policy = replace(attachments.policy, limits=replace(attachments.policy.limits, **limits))


async def begin(desk, headers=None, length=5):
    return await desk.client.post(UPLOADS, json={"length": length}, headers=headers)


class TestOwner:
    async def test_a_network_and_a_subject_are_owners_and_roles_that_file_for_many_are_not(self, desk):
        def owner(principal=None, address="203.0.113.7"):
            return owner_of(desk.parts.pepper, principal or Principal.anonymous(), address)

        assert owner(address="2001:db8::1") == owner(address="2001:db8::2") != owner(address="2001:db8:0:1::1")
        applicant = Principal("991231501014", "aryz", frozenset({"applicant"}))
        assert owner(applicant) == owner(applicant, "198.51.100.1") != owner()
        assert b"991231501014" not in owner(applicant)
        assert [owner(Principal("s", "aryz", frozenset({role}))) for role in ("channel", "operator", "partner")] == [None] * 3


class TestOneSender:
    async def test_the_unclaimed_files_of_a_sender_are_limited(self, desk):
        limited(desk, unclaimed_files=2)
        assert [(await begin(desk)).status_code for _ in range(2)] == [201, 201]
        answer = await begin(desk)
        assert (answer.status_code, answer.json()["code"]) == (429, "uploads-unclaimed")
        assert all(answer.json()[language] for language in ("kk", "ru", "en"))
        assert int(answer.headers["retry-after"]) > 0
        assert (await begin(desk, desk.token("applicant", subject="a1"))).status_code == 201

    async def test_the_announced_size_counts_before_it_is_received(self, desk):
        limited(desk, unclaimed_bytes=100)
        assert [(await begin(desk, length=60)).status_code for _ in range(2)] == [201, 429]
        assert (await begin(desk, length=40)).status_code == 201

    async def test_a_file_of_unknown_length_counts_as_the_largest_until_it_is_received(self, desk):
        _, pin, calls = await filed(desk)
        limited(desk, unclaimed_bytes=desk.app.state.uploads.attachments.policy.limits.file_bytes)
        assert (await desk.client.post(calls, content=PDF, headers=pin | AS_PDF)).status_code == 201
        await begin(desk)
        answer = await desk.client.post(calls, content=PDF, headers=pin | AS_PDF)
        assert (answer.status_code, answer.json()["code"]) == (429, "uploads-unclaimed")
        assert len(objects(desk)) == 1

    async def test_claimed_and_cancelled_files_do_not_count(self, desk):
        limited(desk, unclaimed_files=1)
        created, upload, token = await begun(desk, PDF)
        await desk.client.patch(upload, content=PDF, headers=piece(0, token))
        _, pin, calls = await filed(desk)
        await desk.client.post(calls, json={"upload_id": created["upload_id"], "token": created["token"]}, headers=pin)
        assert [row.owner for row in await desk.rows(Attachment)] == [None]
        _, upload, token = await begun(desk, PDF)
        assert (await begin(desk)).status_code == 429
        await desk.client.delete(upload, headers=token)
        assert (await begin(desk)).status_code == 201

    async def test_an_unclaimed_file_does_not_count_after_a_day(self, desk):
        limited(desk, unclaimed_files=1)
        await begin(desk)
        desk.clock.advance(timedelta(hours=25))
        await desk.app.state.uploads.purge_unclaimed()
        assert (await begin(desk)).status_code == 201

    async def test_concurrent_uploads_are_counted_one_after_another(self, desk):
        limited(desk, unclaimed_files=2)
        answers = await asyncio.gather(*(begin(desk) for _ in range(6)))
        assert sorted(one.status_code for one in answers) == [201] * 2 + [429] * 4


class TestAllTogether:
    @pytest.mark.parametrize("limit", [{"all_unclaimed_files": 1}, {"all_unclaimed_bytes": len(PDF)}])
    async def test_a_full_store_accepts_no_upload_of_anybody(self, desk, limit):
        limited(desk, **limit)
        _, upload, token = await begun(desk, PDF)
        await desk.client.patch(upload, content=PDF, headers=piece(0, token))
        answer = await begin(desk, desk.token("channel", subject="app"))
        assert (answer.status_code, answer.json()["code"]) == (503, "uploads-full")
        assert all(answer.json()[language] for language in ("kk", "ru", "en"))
        assert int(answer.headers["retry-after"]) > 0

    async def test_a_full_store_accepts_no_piece_of_a_begun_upload(self, desk):
        _, upload, token = await begun(desk, PDF)
        _, other, secret = await begun(desk, PDF)
        await desk.client.patch(other, content=PDF, headers=piece(0, secret))
        limited(desk, all_unclaimed_bytes=len(PDF))
        answer = await desk.client.patch(upload, content=PDF[:9], headers=piece(0, token))
        assert (answer.status_code, answer.json()["code"]) == (503, "uploads-full")
        assert len(objects(desk)) == 1

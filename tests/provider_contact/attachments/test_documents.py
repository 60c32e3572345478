"""Documents of the appeal that a clerk shows to a provider: only with the consent, only of a category that may name the person."""

from uuid import UUID

import pytest
from fastapi import Response

from provider_contact.attachments.models import ShownDocument
from provider_contact.inquiries.models import Inquiry, InquiryEntry
from shared.contents import FileRequest
from tests.provider_contact.attachments.conftest import Files
from tests.provider_contact.conftest import OTHER, PROVIDER, appeal_id, closed, registered
from tests.provider_contact.inquiries.test_requested import requested
from tests.shared.files.samples import PDF

DOCUMENT, SECOND = UUID(int=901), UUID(int=902)


def listed(attachment_id, name):
    return {
        "attachment_id": str(attachment_id), "message_id": None, "name": name, "media_type": "application/pdf", "kind": "PDF", "size": 4000,
        "state": "CLEAN", "available": True, "added_at": "2026-02-05T06:00:00Z",
    }  # fmt: skip


@pytest.fixture
def intake(world):
    """The stand-in for intake with two documents of the first appeal, and the requests for their bytes."""
    asked = []

    @world.intake.app.post("/intake/internal/v1/attachments")
    async def file(request: FileRequest) -> Response:
        asked.append(request)
        return Response(PDF, media_type="application/pdf", headers={"Content-Disposition": "attachment; filename=a.pdf"})

    found = [listed(DOCUMENT, "выписка.pdf"), listed(SECOND, "рецепт.pdf")]
    world.intake.discloses(1, "Жағдай туралы мәтін")
    world.intake.contents_by_purpose["provider-disclosure", appeal_id(1)]["attachments"] = found
    world.intake.contents_by_purpose["inquiry-documents", appeal_id(1)] = {"attachments": found}
    return asked


async def share(files, *attachment_ids, version=1, headers=None):
    body = {"expected_version": version, "attachments": [str(each) for each in attachment_ids]}
    return await files.world.client.post(f"{files.path}/actions/share-documents", json=body, headers=headers or files.clerk)


async def open_(files, attachment_id=DOCUMENT):
    return await files.world.client.get(f"{files.path}/documents/{attachment_id}", headers=files.headers)


async def test_the_provider_downloads_what_the_clerk_chose_and_intake_records_the_access(files, intake):
    assert (await open_(files)).status_code == 404
    assert (await files.detail())["documents"] == []
    assert (await share(files, DOCUMENT)).status_code == 200
    [shown] = (await files.detail())["documents"]
    assert (shown["attachment_id"], shown["name"], shown["available"]) == (str(DOCUMENT), "выписка.pdf", True)
    assert (await open_(files)).content == PDF
    [asked] = intake
    assert (asked.purpose, asked.on_behalf_of, asked.role) == ("inquiry-document", f"system {PROVIDER}", "provider")
    assert (asked.appeal_id, asked.attachment_id) == (appeal_id(1), DOCUMENT)
    assert (await open_(files, SECOND)).status_code == 404


async def test_the_choice_is_replaced_and_withdrawn_and_entered(files, world, intake):
    await share(files, DOCUMENT)
    await share(files, SECOND, DOCUMENT, version=2)
    await share(files, SECOND, version=3)
    assert [row.attachment_id for row in await world.rows(ShownDocument)] == [SECOND]
    assert (await open_(files)).status_code == 404
    await share(files, version=4)
    assert (await files.detail())["documents"] == []
    assert [row.type for row in await world.rows(InquiryEntry)] == ["share-documents"] * 4
    assert len(intake) == 0


@pytest.mark.parametrize("changed", [{"discloses": False}, {"category": "ETHICS_RUDENESS"}], ids=["no consent", "text alone"])
async def test_without_consent_or_in_a_protected_category_nothing_can_be_shown(files_of, intake, changed):
    files = await files_of(**changed)
    refused = await share(files, DOCUMENT)
    assert (refused.status_code, refused.json()["code"]) == (409, "action-not-possible")
    assert (await open_(files)).status_code == 404
    assert intake == []


async def test_an_inquiry_of_a_clerk_about_a_crime_shows_nothing(world, intake):
    await world.consume(registered(1, provider_id=PROVIDER))
    await world.consume(requested(1, category="EXTORTION"))
    [inquiry] = await world.rows(Inquiry)
    files = Files(world, inquiry.inquiry_id)
    assert (await share(files, DOCUMENT)).json()["code"] == "action-not-possible"
    assert (await open_(files)).status_code == 404
    assert intake == []


async def test_nothing_is_shown_after_the_case_has_ended(files, world, intake):
    await share(files, DOCUMENT)
    await world.consume(closed(1))
    assert (await open_(files)).status_code == 404
    assert (await files.detail())["documents"] == []
    assert intake == []


async def test_another_provider_and_staff_download_nothing_here(files, intake):
    await share(files, DOCUMENT)
    stranger = Files(files.world, files.inquiry_id, OTHER)
    assert (await open_(stranger)).status_code == 404
    staff = await files.world.client.get(f"{files.path}/documents/{DOCUMENT}", headers=files.clerk)
    assert staff.status_code == 403
    assert (await share(files, SECOND, version=2, headers=files.headers)).status_code == 403
    assert intake == []


async def test_an_id_that_is_no_file_of_the_appeal_shows_nothing(files, intake):
    assert (await share(files, UUID(int=999))).status_code == 200
    assert (await files.detail())["documents"] == []
    assert intake == []


async def test_the_download_waits_for_intake(files, world, intake):
    await share(files, DOCUMENT)
    world.intake.down = True
    detail = await files.detail()
    assert (detail["documents"], detail["content_available"]) == ([], False)
    assert intake == []

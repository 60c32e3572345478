"""The page of an inquiry for staff: files of answers, and the choice of documents for the provider."""

import re

import pytest

from provider_contact.attachments.models import ShownDocument
from tests.provider_contact.attachments.test_documents import DOCUMENT, SECOND, intake  # noqa: F401 - pytest finds fixtures by name
from tests.provider_contact.inquiries.test_pages import SAME, Page
from tests.shared.files.samples import PDF


@pytest.fixture
def page(world, files):
    return Page(world, files.inquiry_id)


async def choose(page, *names, version="1"):
    data = {"action": "share-documents", "expected_version": version} | dict.fromkeys(names, "yes")
    return await page.world.client.post(page.path, data=data, headers={"Accept": "text/html", **SAME, **page.cookies})


async def test_the_clerk_ticks_documents_and_the_page_shows_what_is_ticked(page, world, intake):  # noqa: F811 - the fixture
    shown = (await page.read()).text
    assert re.findall(r'name="document\.[0-9a-f-]+" value="yes"( checked)?', shown) == ["", ""]
    assert ("выписка.pdf" in shown, "рецепт.pdf" in shown) == (True, True)
    assert (await choose(page, f"document.{DOCUMENT}")).status_code == 303
    assert [row.attachment_id for row in await world.rows(ShownDocument)] == [DOCUMENT]
    assert re.findall(r'name="document\.[0-9a-f-]+" value="yes"( checked)?', (await page.read()).text) == [" checked", ""]
    assert (await choose(page, f"document.{SECOND}", version="1")).status_code == 409
    assert intake == []


async def test_without_the_consent_no_choice_is_offered_and_intake_is_not_asked(files_of, world, intake):  # noqa: F811
    files = await files_of(discloses=False)
    assert "share-documents" not in (await Page(world, files.inquiry_id).read()).text
    assert [asked.purpose for asked in world.intake.asked] == []
    assert intake == []


async def test_while_intake_does_not_answer_the_page_says_so(page, world, intake):  # noqa: F811
    world.intake.down = True
    assert "Документы сейчас нельзя прочитать." in (await page.read()).text
    assert intake == []


async def test_a_file_of_the_answer_is_saved_from_the_page(files, page, world):
    file_id = await files.uploaded(PDF)
    await files.respond(file_id)
    href = f"{page.path}/files/{file_id}"
    assert f'href="{href}"' in (await page.read()).text
    got = await world.client.get(href, headers={"Accept": "text/html", **page.cookies})
    assert (got.content, got.headers["content-disposition"].split(";")[0]) == (PDF, "attachment")

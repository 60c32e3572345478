"""Files in the portal: sent with the answer, kept while the form has errors, and documents that the Fund shows."""

import json
import re
from dataclasses import replace

import pytest

from provider_contact.attachments.models import AnswerFile
from provider_contact.inquiries.models import ProviderResponse
from shared.files import forms
from shared.files.policy import policy
from tests.provider_contact.attachments.conftest import Files
from tests.provider_contact.attachments.test_documents import DOCUMENT, intake, share  # noqa: F401 - pytest finds fixtures by name
from tests.provider_contact.conftest import sent_inquiry
from tests.shared.files.samples import PDF, SVG

ANSWER = {"language": "ru", "code": "EXPLANATION", "text": "Пациент принят."}


def pdf(name="журнал.pdf"):
    return ("files", (name, PDF, "application/pdf"))


def waiting(page):
    """The ids of the files that wait on a page, and whether each is ticked."""
    return re.findall(r'name="waiting\.([0-9a-f-]{36})" value="yes"( checked)?', page)


@pytest.fixture
async def inquiry_id(world):
    return await sent_inquiry(world, 1)


@pytest.fixture
def send(world, officer, inquiry_id):
    """Send the answer's form as a browser does that has files in it."""

    async def send(*files, **fields):
        path = f"/provider-contact/portal/inquiries/{inquiry_id}/respond"
        data = {"expected_version": await officer.version(inquiry_id), **ANSWER, **fields}
        return await world.client.post(path, headers=officer.headers, data=data, files=list(files) or [("files", ("", b""))])

    return send


async def test_an_answer_with_two_files_is_sent_and_lists_them(world, officer, inquiry_id, send):
    assert (await send(pdf(), pdf("второй.pdf"))).status_code == 303
    page = await officer.page(f"/inquiries/{inquiry_id}")
    assert [name for name in ("журнал.pdf", "второй.pdf") if name in page] == ["журнал.pdf", "второй.pdf"]
    [href, _] = re.findall(rf'href="(/provider-contact/portal/inquiries/{inquiry_id}/files/[0-9a-f-]+)"', page)
    assert (await world.client.get(href, headers=officer.headers)).content == PDF
    assert len({row.response_id for row in await world.rows(AnswerFile)} - {None}) == 1


async def test_a_form_with_an_error_keeps_its_files_and_sends_them_when_it_is_right(world, send):
    refused = await send(pdf(), text="")
    assert refused.status_code == 422
    [(file_id, ticked)] = waiting(refused.text)
    assert ticked
    assert await world.rows(ProviderResponse) == []
    assert (await send(**{f"waiting.{file_id}": "yes"})).status_code == 303
    [row] = await world.rows(AnswerFile)
    assert row.response_id is not None


async def test_a_file_that_is_not_ticked_is_not_sent(world, send):
    await send(pdf(), text="")
    assert (await send()).status_code == 303
    [row] = await world.rows(AnswerFile)
    assert row.response_id is None


async def test_a_refused_file_stops_the_answer_and_says_why_in_plain_words(world, send):
    refused = await send(pdf(), ("files", ("рисунок.svg", SVG, "image/svg+xml")))
    assert refused.status_code == 422
    assert "рисунок.svg: Такие файлы не принимаются. Отправьте JPEG, PNG, WebP, PDF, DOCX, ODT или TXT." in refused.text
    assert "Пациент принят." in refused.text
    assert len(waiting(refused.text)) == 1
    assert await world.rows(ProviderResponse) == []


async def test_a_colleague_does_not_see_files_that_were_not_sent(manager, inquiry_id, send):
    await send(pdf(), text="")
    assert waiting(await manager.page(f"/inquiries/{inquiry_id}")) == []


async def test_shown_documents_are_listed_and_downloaded(world, officer, inquiry_id, intake):  # noqa: F811 - the fixture
    assert (await share(Files(world, inquiry_id), DOCUMENT)).status_code == 200
    page = await officer.page(f"/inquiries/{inquiry_id}")
    assert ("Документы обращения" in page, "выписка.pdf" in page, "рецепт.pdf" in page) == (True, True, False)
    got = await officer.get(f"/inquiries/{inquiry_id}/documents/{DOCUMENT}")
    assert (got.content, [asked.role for asked in intake]) == (PDF, ["provider"])


class TestAFormThatIsTooLarge:
    """The server takes no file of it, and loses nothing that was typed; a script says so before it is sent."""

    @pytest.fixture(params=[4, 1], ids=["a little", "far too large"])
    def limits(self, request, monkeypatch):
        """A limit of all files that the forms of this test exceed."""
        few = replace(policy(), limits=replace(policy().limits, total_bytes=10))
        monkeypatch.setattr(forms, "policy", lambda: few)
        monkeypatch.setattr(forms, "FORM_MARGIN", 1000)
        monkeypatch.setattr(forms, "SKIPPED", request.param)

    @pytest.mark.usefixtures("limits")
    async def test_the_page_comes_back_with_the_text_and_the_reason_and_stores_the_draft(self, world, officer, inquiry_id, send):
        refused = await send(pdf(), ("files", ("большой.pdf", PDF + b" " * 1000, "application/pdf")))
        assert refused.status_code == 422
        assert "Все файлы вместе слишком большие: не больше 100 МБ." in refused.text
        assert "Пациент принят." in refused.text
        assert (await world.rows(ProviderResponse), await world.rows(AnswerFile)) == ([], [])
        assert "Пациент принят." in await officer.page(f"/inquiries/{inquiry_id}")

    @pytest.mark.parametrize("limits", [4], indirect=True)
    @pytest.mark.usefixtures("limits")
    async def test_the_fields_behind_the_files_are_read_too(self, world, officer, inquiry_id):
        version = await officer.version(inquiry_id)
        parts = [("text", (None, "Начало.")), pdf(), ("files", ("б.pdf", b" " * 1000, "application/pdf")), ("code", (None, "RESOLVED"))]
        path = f"/provider-contact/portal/inquiries/{inquiry_id}/respond"
        refused = await world.client.post(path, headers=officer.headers, files=[("expected_version", (None, version)), *parts])
        assert refused.status_code == 422
        assert re.search(r'value="RESOLVED" checked', refused.text)

    async def test_the_limits_are_said_before_and_the_script_knows_them(self, officer, inquiry_id):
        page = await officer.page(f"/inquiries/{inquiry_id}")
        assert "до 20 МБ каждый и до 100 МБ вместе" in page
        known = json.loads(re.search(r'data-limits="(\{.*?\})"', page)[1])
        assert (known["each"], known["together"], known["files"]) == (20_971_520, 104_857_600, 10)
        assert known["together_exceeded"] == "Все файлы вместе слишком большие: не больше 100 МБ."


class TestFilesOfADraft:
    @pytest.fixture
    def save(self, world, officer, inquiry_id):
        async def save(*files, **fields):
            path = f"/provider-contact/portal/inquiries/{inquiry_id}/draft"
            data = {"expected_draft_version": "0", **ANSWER, "save": "yes", **fields}
            return await world.client.post(path, headers=officer.headers, data=data, files=list(files))

        return save

    async def test_the_button_stores_the_chosen_files_which_go_with_the_answer(self, world, officer, inquiry_id, save, send):
        assert (await save(pdf())).headers["location"].endswith("flash=draft-with-files")
        page = await officer.page(f"/inquiries/{inquiry_id}", flash="draft-with-files")
        assert "Файлы хранятся сутки" in page
        [(file_id, ticked)] = waiting(page)
        assert ticked
        assert (await send(**{f"waiting.{file_id}": "yes"})).status_code == 303
        [row] = await world.rows(AnswerFile)
        assert row.response_id is not None

    async def test_a_template_is_inserted_without_losing_them(self, officer, inquiry_id, save):
        assert (await save(pdf(), insert="Конец.")).status_code == 303
        assert len(waiting(await officer.page(f"/inquiries/{inquiry_id}"))) == 1

    async def test_a_refused_file_is_named_and_the_text_is_saved_all_the_same(self, officer, inquiry_id, save):
        refused = await save(pdf(), ("files", ("рисунок.svg", SVG, "image/svg+xml")))
        assert refused.status_code == 422
        assert "рисунок.svg: Такие файлы не принимаются." in refused.text
        page = await officer.page(f"/inquiries/{inquiry_id}")
        assert ("Пациент принят." in page, len(waiting(page))) == (True, 1)

    async def test_without_files_it_says_nothing_of_them(self, save):
        assert (await save(("files", ("", b"")))).headers["location"].endswith("flash=draft")

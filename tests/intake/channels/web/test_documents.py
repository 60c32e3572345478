"""Documents that come with the form, and those of a case."""

from dataclasses import replace
from uuid import uuid4

import pytest

from intake.attachments.models import Attachment
from intake.register.models import Appeal
from shared.errors import Unavailable
from shared.files import forms
from shared.files.errors import UnclaimedTooMany
from shared.files.policy import policy
from tests.intake.channels.web.test_filing import filed, hidden, open_appeal, picture, post, upload


class TestDocuments:
    async def test_they_are_uploaded_with_the_form_and_belong_to_the_appeal_once_it_is_sent(self, desk):
        page = await upload(desk, ("сурет.png", picture(), "image/png"), ("", b"", "application/octet-stream"))
        assert page.status_code == 200
        assert "Приложен 1 документ." in page.text
        fields = hidden(page)
        for _ in range(2):
            assert (await desk.client.post("/intake/", data=fields | {"step": "send"})).status_code == 201
        (row,) = await desk.rows(Attachment)
        (appeal,) = await desk.rows(Appeal)
        assert (row.appeal_id, row.kind) == (appeal.id, "PNG")

    async def test_a_refused_document_is_named_and_does_not_stop_the_appeal(self, desk):
        page = await upload(desk, ("virus.exe", b"MZ\0\0", "application/x-msdownload"), ("сурет.png", picture(), "image/png"))
        assert page.status_code == 200
        assert "Приняты не все документы" in page.text
        assert "Приложен 1 документ." in page.text

    @pytest.mark.parametrize(
        ("refusal", "message"), [(Unavailable, "Документы сейчас не принимаются."), (UnclaimedTooMany, "Слишком много")]
    )
    async def test_an_unavailable_or_full_store_does_not_stop_the_appeal(self, desk, monkeypatch, refusal, message):
        async def refusing(*_, **__):
            raise refusal

        monkeypatch.setattr(desk.app.state.uploads, "begin", refusing)
        page = await upload(desk, ("сурет.png", picture(), "image/png"))
        assert page.status_code == 200
        assert message in page.text
        assert (await desk.client.post("/intake/", data=hidden(page) | {"step": "send"})).status_code == 201

    async def test_they_survive_a_mistake_in_the_form_and_can_be_left_out_again(self, desk):
        page = await upload(desk, ("сурет.png", picture(), "image/png"), region="")
        assert page.status_code == 422
        uploads = hidden(page)["uploads"]
        again = await upload(desk, uploads=uploads)
        assert "Приложен 1 документ." in again.text
        without = await upload(desk, **{"uploads": uploads, "uploads.drop": "yes"})
        assert "Приложен" not in without.text

    async def test_invalid_upload_fields_are_ignored(self, desk):
        for nonsense in ("x", "a:b c", f"{uuid4()}:secret"):
            assert (await post(desk, "send", uploads=nonsense, key=str(uuid4()))).status_code == 201
        assert await desk.rows(Attachment) == []


class TestDocumentsOfACase:
    async def test_they_are_added_listed_and_saved_by_number_and_pin_alone(self, desk):
        number, pin, _ = await filed(desk)
        opens = {"number": number, "pin": pin}
        page = await desk.client.post(
            "/intake/track/documents?lang=ru", data=opens, files=[("file", ("сурет.png", picture(), "image/png"))]
        )
        assert page.status_code == 200
        assert "Документы добавлены." in page.text
        assert "сурет.png" in page.text
        (row,) = await desk.rows(Attachment)
        saved = await desk.client.post("/intake/track/document", data=opens | {"document": str(row.id)})
        assert saved.content.startswith(b"\x89PNG")
        assert saved.headers["content-disposition"].startswith("attachment")
        assert "сурет.png" in (await open_appeal(desk, number, pin)).text

    async def test_without_the_pin_documents_are_neither_added_nor_read(self, desk):
        number, pin, _ = await filed(desk)
        files = [("file", ("сурет.png", picture(), "image/png"))]
        await desk.client.post("/intake/track/documents", data={"number": number, "pin": pin}, files=files)
        (row,) = await desk.rows(Attachment)
        wrong = {"number": number, "pin": "00000000"}
        for answer in (
            await desk.client.post("/intake/track/documents", data=wrong, files=files),
            await desk.client.post("/intake/track/document", data=wrong | {"document": str(row.id)}),
        ):
            assert answer.status_code == 404
            assert "сурет" not in answer.text
        assert len([one for one in await desk.rows(Attachment) if one.appeal_id]) == 1

    async def test_a_missing_or_refused_document_is_explained(self, desk):
        number, pin, _ = await filed(desk)
        opens = {"number": number, "pin": pin}
        for file, text in (
            (("", b""), "Документ не выбран."),
            (("a.exe", b"MZ\0", "application/x-msdownload"), "Такие файлы не принимаются"),
        ):
            page = await desk.client.post("/intake/track/documents?lang=ru", data=opens, files=[("file", file)])
            assert page.status_code == 200
            assert text in page.text
        unknown = await desk.client.post("/intake/track/document?lang=ru", data=opens | {"document": "x"})
        assert number in unknown.text


async def test_documents_that_are_too_large_together_cost_no_word_of_the_form(desk, monkeypatch):
    monkeypatch.setattr(forms, "policy", lambda: replace(policy(), limits=replace(policy().limits, total_bytes=10)))
    monkeypatch.setattr(forms, "FORM_MARGIN", 1000)
    fields = {"region": "KZ-43", "text": "Кезек ұзақ, екі ай күттім", "step": "preview"}
    answer = await desk.client.post("/intake/", data=fields, files={"file": ("a.pdf", b" " * 4000, "application/pdf")})
    assert answer.status_code == 200
    assert "Кезек ұзақ, екі ай күттім" in answer.text
    assert await desk.rows(Attachment) == []

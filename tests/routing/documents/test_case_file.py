import io
from datetime import timedelta
from uuid import uuid4

import pikepdf
import pytest
from sqlalchemy import select

from routing.cases.models import ContentRead
from shared.contracts import InquiryAnswered, InquirySent
from tests.routing.desk.support import ANSWER, CANARY, attachment, message, send, session
from tests.routing.documents.support import NO_GLYPH, text_of
from tests.routing.support import NOW

NOTE, CALL = "Жасырын ішкі жазба", "Жасырын қоңырау жазбасы"


@pytest.fixture
async def whole(desk, owners):
    """A complaint in which everybody has written."""
    appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT", number="2026-43-0000018-7")
    usual = {"appeal_id": appeal_id, "inquiry_id": uuid4(), "provider_id": uuid4()}
    response, clerk = uuid4(), session(desk, subject="clerk-8", name="Сынақ Арман")
    desk.clock.advance(timedelta(hours=1))
    await desk.apply(InquirySent(category="REFUSAL_APPOINTMENT", due_at=NOW, discloses=True, **usual))
    await desk.apply(InquiryAnswered(response_id=response, code="RESOLVED", **usual))
    owners.responses[str(response)] = {"language": "ru", "code": "RESOLVED", "text": "Пациент записан на приём."}
    owners.exchange = {
        "inquiries": [
            {
                "inquiry_id": str(usual["inquiry_id"]),
                "provider_id": str(usual["provider_id"]),
                "status": "CLOSED",
                "sent_at": NOW.isoformat(),
                "due_at": NOW.isoformat(),
                "overdue": False,
                "closed": True,
            }
        ]
    }
    await send(desk, appeal_id, "ask", clerk, **{"ask-text": "Вас приняли в пятницу?", "ask-language": "ru"})
    assert (await send(desk, appeal_id, "notes", clerk, **{"note-text": NOTE})).status_code == 303
    assert (await send(desk, appeal_id, "log-call", clerk, **{"log-call-text": CALL})).status_code == 303
    assert (await send(desk, appeal_id, "answer", clerk, **ANSWER)).status_code == 303
    owners.sent = {
        "messages": [message("Приняли, спасибо.", desk.clock.now())],
        "attachments": [attachment("рецепт.png")],
        "reads": [{"last_at": NOW.isoformat(), "role": "specialist", "part": "TEXT_AND_CONTACTS", "times": 2}],
    }
    return appeal_id


async def file_of(desk, appeal_id, role="supervisor", **params):
    claims = {} if role == "admin" else {"region": "KZ-43"}
    return await desk.get(f"/cases/{appeal_id}/file", desk.token(role, subject="head-1", **claims), **params)


def bare(text):
    return "".join(text.split())


class TestCaseFile:
    async def test_it_has_everything_but_notes_of_colleagues(self, desk, whole):
        document = await file_of(desk, whole, language="ru")
        assert (document.status_code, document.headers["content-type"]) == (200, "application/pdf")
        text = text_of(document.content)
        for part in (
            "Материалы дела по обращению № 2026-43-0000018-7",
            "статья 75 АППК",
            CANARY["full_name"],
            desk.texts.known[whole],
            "Вас приняли в пятницу?",
            "Приняли, спасибо.",
            "Пациент записан на приём.",
            ANSWER["text"],
            ANSWER["findings.0.fact"],
            ANSWER["how_to_complain"],
            "рецепт.png",
            "Сроки",
            "Последний день",
            "Соблюдён",
            "Дело открыто",
            "Специалист: открыты текст и контакты (2)",
        ):
            assert bare(part) in text, part
        assert bare(NOTE) not in text
        assert bare(CALL) not in text

    async def test_it_is_tagged_and_in_the_language_asked_for(self, desk, whole):
        with pikepdf.open(io.BytesIO((await file_of(desk, whole)).content)) as pdf:
            assert (str(pdf.Root.Lang), pdf.open_metadata()["pdfuaid:part"]) == ("kk-KZ", "1")

    async def test_every_owner_is_asked_on_the_readers_behalf_and_the_access_is_recorded(self, desk, owners, whole):
        owners.asked.clear()
        await file_of(desk, whole)
        asked = {("intake", "case-file", "head-1"), ("provider-contact", "desk", "head-1"), ("provider-contact", "desk-exchange", "head-1")}
        assert set(owners.asked) == asked
        async with desk.parts.database.read() as open_session:
            rows = (await open_session.execute(select(ContentRead))).scalars()
            assert ("head-1", "case-file", [str(whole)]) in [(row.reader, row.purpose, row.ids) for row in rows]

    async def test_a_missing_part_is_named_and_there_is_no_file(self, desk, owners, whole):
        owners.down = True
        refused = await file_of(desk, whole)
        assert (refused.status_code, refused.json()["code"]) == (503, "case-file-incomplete")
        assert refused.json()["missing"] == ["intake", "provider-contact"]
        headers = session(desk, "head") | {"Cookie": session(desk, "head")["Cookie"].replace("aryz_lang=en", "aryz_lang=ru")}
        page = await desk.client.get(f"/routing/desk/{whole}/file", headers=headers)
        assert (page.status_code, "реестр обращений, обмен с медицинскими организациями" in page.text) == (503, True)

    async def test_an_appeal_that_intake_cannot_open_has_no_file(self, desk, owners, whole):
        del owners.texts[whole]
        assert (await file_of(desk, whole)).status_code == 404

    async def test_signs_without_a_glyph_do_not_prevent_a_file(self, desk, owners, whole):
        owners.sent["messages"] = [message(f"Рахмет {NO_GLYPH} дәрігерге", desk.clock.now())]
        document = await file_of(desk, whole)
        assert document.status_code == 200
        assert bare("дәрігерге") in text_of(document.content)

    async def test_it_is_for_supervisors_and_heads_who_see_the_case(self, desk, whole):
        statuses = {
            role: (await file_of(desk, whole, role)).status_code for role in ("specialist", "operator", "supervisor", "head", "admin")
        }
        assert statuses == {"specialist": 403, "operator": 403, "supervisor": 200, "head": 200, "admin": 200}
        elsewhere = desk.token("head", region="KZ-10")
        assert (await desk.get(f"/cases/{whole}/file", elsewhere)).status_code == 404
        link = f"/routing/desk/{whole}/file"
        assert f'"{link}"' in (await desk.client.get(f"/routing/desk/{whole}", headers=session(desk, "head"))).text
        assert f'"{link}"' not in (await desk.client.get(f"/routing/desk/{whole}", headers=session(desk))).text
        opened = await desk.client.get(link, headers=session(desk, "head"))
        assert (opened.status_code, opened.headers["content-type"]) == (200, "application/pdf")

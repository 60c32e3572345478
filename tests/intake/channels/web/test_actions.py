"""Actions of the applicant on the page of the appeal."""

import asyncio
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from fastapi import FastAPI, Request

from intake.assembly import delivery_methods
from intake.attachments.models import Attachment
from intake.notifications.codes import CODES
from intake.notifications.models import Notification
from intake.notifications.service.dispatch import Dispatcher
from intake.register.models import Appeal, Message, Tracking, Withdrawal
from intake.settings import Settings
from shared.contracts import AnswerGiven, AppealRouted, ApplicantAsked, CaseClosed
from shared.web.session import COOKIE
from tests.intake.channels.web.test_filing import answers, filed, happen, open_appeal, picture, talon

ACTIONS = re.compile(r'action="/intake/track/([a-z]+)"')
TEXT = "Тағы бір жайт"


async def perform(desk, number, pin, action, *, files=None, **fields):
    fields = {"number": number, "pin": pin, "key": str(uuid4())} | fields
    return await desk.client.post(f"/intake/track/{action}?lang=ru", data=fields, files=files)


def offered(page):
    """Return the action forms of a page, without the form that downloads a document."""
    return set(ACTIONS.findall(page.text)) - {"document"}


async def routed(desk, appeal_id, kind, tier):
    event = AppealRouted(
        appeal_id=appeal_id, kind=kind, category=None, topic=None, statutory_form="ZAYAVLENIE", urgency="NORMAL", tier=tier,
        queue=f"KZ-43/{tier}/kk", region="KZ-43", language="kk", decision="auto", confidence=0.9, versions={},
    )  # fmt: skip
    await happen(desk, event)


async def code_of(desk):
    """Return the latest code, as an admin of a machine without gateways reads it on the page of the message."""
    while await Dispatcher(
        desk.parts, delivery_methods(desk.parts, Settings(data=desk.parts.settings.data)), "https://aryz.example"
    ).run_once():
        pass
    latest = max((row for row in await desk.rows(Notification) if row.fact in CODES), key=lambda row: str(row.id))
    admin = {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue('admin')}"}
    page = await desk.client.post(f"/intake/outgoing/{latest.id}?lang=ru", headers=admin)
    return re.search(r"\b([0-9]{6})\b", re.search(r'<p class="said">(.*?)</p>', page.text, re.DOTALL).group(1)).group(1)


async def code_for(desk, number, pin, purpose):
    page = await perform(desk, number, pin, "code", purpose=purpose)
    assert (page.status_code, "Код отправлен." in page.text) == (200, True)
    return await code_of(desk)


async def withdraw(desk, number, pin, **fields):
    return await perform(desk, number, pin, "withdrawal", **{"statement": "Өзім қайтарып аламын", "reason": "SOLVED"} | fields)


def questions(text):
    """A stand-in for routing that returns the text of questions."""
    app = FastAPI()

    @app.post("/routing/internal/v1/contents")
    async def contents(request: Request) -> dict:
        ids = (await request.json())["ids"]
        return {"items": [{"id": one, "found": True, "content": {"language": "kk", "text": text}} for one in ids]}

    return app


@pytest.fixture
async def answered(desk):
    number, pin, appeal_id = await filed(desk)
    answer_id = uuid4()
    desk.foundation.local_apps["routing"] = answers(answer_id)
    answer = AnswerGiven(appeal_id=appeal_id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="specialist")
    await happen(desk, answer)
    return number, pin


class TestMessages:
    async def test_a_page_without_messages_and_documents_says_so(self, desk):
        number, pin, _ = await filed(desk)
        page = await open_appeal(desk, number, pin)
        assert "Сообщений пока нет" in page.text
        assert "Документов нет" in page.text

    async def test_a_question_comes_first_and_is_answered_with_text_and_documents(self, desk):
        number, pin, appeal_id = await filed(desk)
        await routed(desk, appeal_id, "COMPLAINT", 2)
        desk.foundation.local_apps["routing"] = questions("Қай күні бардыңыз?")
        due = desk.clock.now() + timedelta(days=3)
        await happen(desk, ApplicantAsked(appeal_id=appeal_id, question_id=uuid4(), due_at=due, actor_role="specialist"))
        page = await open_appeal(desk, number, pin)
        for text in ("Фонд ждёт вашего ответа", "Вопрос к вам", "Қай күні бардыңыз?", "Срок ответа – 5 февраля 2026"):
            assert text in page.text
        assert page.text.index('id="messages"') < page.text.index('id="holder"')
        desk.clock.advance(timedelta(hours=1))
        page = await perform(
            desk, number, pin, "messages", text="2 ақпанда", files=[("message.file", ("сурет.png", picture(), "image/png"))]
        )
        assert "Ваше сообщение добавлено." in page.text
        assert "Фонд ждёт вашего ответа" not in page.text
        assert page.text.index("Қай күні бардыңыз?") < page.text.index("2 ақпанда") < page.text.index("сурет.png")
        (row,) = await desk.rows(Attachment)
        assert row.message_id in {one.id for one in await desk.rows(Message)}

    async def test_a_text_is_marked_unavailable_while_its_owner_is_down(self, desk):
        number, pin, appeal_id = await filed(desk)
        due = desk.clock.now() + timedelta(days=3)
        await happen(desk, ApplicantAsked(appeal_id=appeal_id, question_id=uuid4(), due_at=due, actor_role="specialist"))
        page = await open_appeal(desk, number, pin)
        assert "Вопрос к вам" in page.text
        assert "Сейчас показать его не удаётся" in page.text

    @pytest.mark.parametrize("files", [None, [("message.file", ("сурет.png", picture(), "image/png"))]])
    async def test_a_message_sent_twice_concurrently_is_stored_once(self, desk, files):
        number, pin, _ = await filed(desk)
        key = str(uuid4())
        pages = await asyncio.gather(*(perform(desk, number, pin, "messages", text=TEXT, key=key, files=files) for _ in range(2)))
        assert [page.status_code for page in pages] == [200, 200]
        assert all("Ваше сообщение добавлено." in page.text for page in pages)
        assert len(await desk.rows(Message)) == 1
        assert len([one for one in await desk.rows(Attachment) if one.appeal_id]) == len(files or [])

    async def test_a_document_without_text_is_stored_for_the_next_attempt(self, desk):
        number, pin, _ = await filed(desk)
        page = await perform(desk, number, pin, "messages", files=[("message.file", ("сурет.png", picture(), "image/png"))])
        assert page.status_code == 422
        assert "Выбранные документы сохранены" in page.text
        uploads = re.search(r'name="uploads" value="([^"]+)"', page.text).group(1)
        await perform(desk, number, pin, "messages", text=TEXT, uploads=uploads)
        (row,) = await desk.rows(Attachment)
        assert row.appeal_id is not None

    async def test_a_refused_document_is_named_and_the_text_is_stored(self, desk):
        number, pin, _ = await filed(desk)
        page = await perform(
            desk, number, pin, "messages", text=TEXT, files=[("message.file", ("a.exe", b"MZ\0", "application/x-msdownload"))]
        )
        assert (page.status_code, "Такие файлы не принимаются" in page.text) == (200, True)
        assert len(await desk.rows(Message)) == 1
        gone = await perform(desk, number, pin, "messages", text=TEXT, uploads=f"{uuid4()}:secret")
        assert (gone.status_code, "Документ слишком долго оставался" in gone.text) == (422, True)
        assert len(await desk.rows(Message)) == 1


class TestBeforeTheAnswer:
    async def test_only_what_is_possible_is_offered(self, desk):
        number, pin, appeal_id = await filed(desk)
        assert offered(await open_appeal(desk, number, pin)) == {"messages", "documents", "code", "contact", "withdrawal"}
        await happen(desk, CaseClosed(appeal_id=appeal_id, outcome="NOTED", actor_role="head"))
        assert offered(await open_appeal(desk, number, pin)) == {"rating", "reopening"}

    async def test_an_empty_message_and_an_action_out_of_order_are_explained(self, desk):
        number, pin, _ = await filed(desk)
        empty = await perform(desk, number, pin, "messages")
        assert (empty.status_code, "Что-то не заполнено" in empty.text) == (422, True)
        early = await perform(desk, number, pin, "rating", score="5")
        assert (early.status_code, "Сейчас это невозможно" in early.text) == (409, True)

    async def test_the_right_code_confirms_the_contact(self, desk):
        number, pin, _ = await filed(desk)
        code = await code_for(desk, number, pin, "contact-confirmation")
        page = await perform(desk, number, pin, "contact", **{"contact.code": code})
        assert (page.status_code, "Ваш контакт подтверждён." in page.text) == (200, True)
        assert "contact" not in offered(page)

    async def test_a_code_for_the_contact_withdraws_nothing(self, desk):
        number, pin, _ = await filed(desk)
        code = await code_for(desk, number, pin, "contact-confirmation")
        page = await withdraw(desk, number, pin, code=code)
        assert (page.status_code, "Код неверный" in page.text) == (422, True)
        assert await desk.rows(Withdrawal) == []

    async def test_without_the_right_code_the_statement_stays_in_the_form_and_nothing_is_withdrawn(self, desk):
        number, pin, _ = await filed(desk)
        page = await perform(desk, number, pin, "code", purpose="withdrawal", statement="Өзім қайтарып аламын", reason="SOLVED")
        assert "Код отправлен." in page.text
        assert re.search(r"<details [^>]*open>\s*<summary>Отозвать обращение", page.text)
        assert "Өзім қайтарып аламын</textarea>" in page.text
        assert re.search(r'<option value="SOLVED" selected', page.text)
        page = await withdraw(desk, number, pin, code="0000")
        assert page.status_code == 422
        assert "Код неверный" in page.text
        assert "Өзім қайтарып аламын</textarea>" in page.text
        assert await desk.rows(Withdrawal) == []

    async def test_a_consultation_is_withdrawn_at_once_however_often_the_form_is_sent(self, desk):
        number, pin, appeal_id = await filed(desk)
        await routed(desk, appeal_id, "CONSULTATION", 1)
        fields = {"code": await code_for(desk, number, pin, "withdrawal"), "key": str(uuid4())}
        pages = await asyncio.gather(*(withdraw(desk, number, pin, **fields) for _ in range(2)))
        assert all("Обращение отозвано." in page.text for page in pages)
        assert [row.state for row in await desk.rows(Withdrawal)] == ["DONE"]
        assert offered(pages[0]) == set()

    async def test_a_complaint_waits_for_the_call_of_the_fund(self, desk):
        number, pin, appeal_id = await filed(desk)
        await routed(desk, appeal_id, "COMPLAINT", 2)
        page = await withdraw(desk, number, pin, code=await code_for(desk, number, pin, "withdrawal"))
        assert "Фонд вам позвонит" in page.text
        assert "Вы попросили отозвать обращение" in page.text
        assert "withdrawal" not in offered(page)
        head = desk.token("head", region="KZ-43")
        called = await desk.client.post(f"/intake/v1/withdrawals/{appeal_id}/call-back", json={"confirmed": True}, headers=head)
        assert called.json()["withdrawal"] == "DONE"
        page = await open_appeal(desk, number, pin)
        assert "Вы попросили отозвать обращение" not in page.text
        assert offered(page) == set()

    @pytest.mark.parametrize("action", ["messages", "outcome", "rating", "code", "contact", "withdrawal", "reopening"])
    async def test_a_wrong_pin_does_nothing_and_learns_nothing(self, desk, action):
        number, _, _ = await filed(desk)
        page = await perform(
            desk, number, "00000000", action, text="x", outcome="RESOLVED", score="5", statement="x", reason="SOLVED", code="0000"
        )
        assert page.status_code == 404
        assert "не найдено" in page.text
        assert await desk.rows(Message) == []


class TestAfterTheAnswer:
    async def test_one_tap_confirms_and_one_rates(self, desk, answered):
        page = await open_appeal(desk, *answered)
        assert 'value="RESOLVED"' in page.text
        page = await perform(desk, *answered, "outcome", outcome="RESOLVED")
        assert "Спасибо, мы это записали." in page.text
        assert "Вы подтвердили, что ответ решает вопрос." in page.text
        page = await perform(desk, *answered, "rating", score="4")
        assert re.search(r'value="4" aria-pressed="true"', page.text)
        assert 'value="RESOLVED"' not in page.text
        (row,) = await desk.rows(Tracking)
        assert (row.verdict, row.score) == ("RESOLVED", 4)

    async def test_a_denied_answer_continues_in_a_new_appeal_whose_talon_is_shown(self, desk, answered):
        page = await perform(desk, *answered, "outcome", outcome="NOT_RESOLVED")
        number, pin = talon(page)
        assert number != answered[0]
        assert len(await desk.rows(Appeal)) == 2
        assert (await open_appeal(desk, number, pin)).status_code == 200

    async def test_an_appeal_is_reopened_once_however_often_the_form_is_sent(self, desk, answered):
        await perform(desk, *answered, "outcome", outcome="RESOLVED")
        fields = {"reopening.reason": "Дәрігер қайтадан қабылдамады", "key": str(uuid4())}
        pages = await asyncio.gather(*(perform(desk, *answered, "reopening", **fields) for _ in range(2)))
        assert {page.status_code for page in pages} == {200}
        number, pin = talon(pages[0])
        assert talon(pages[1]) == (number, pin)
        assert len(await desk.rows(Appeal)) == 2
        assert (await open_appeal(desk, number, pin)).status_code == 200
        page = await open_appeal(desk, *answered)
        assert f"Его номер – {number}" in page.text
        assert "reopening" not in offered(page)
        second = await perform(desk, *answered, "reopening", **{"reopening.reason": "Тағы"})
        assert (second.status_code, "Сейчас это невозможно" in second.text) == (409, True)
        assert len(await desk.rows(Appeal)) == 2

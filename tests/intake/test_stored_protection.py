"""Every table of intake that holds ciphertext is filled once, by the calls that fill it, and its values are sealed."""

from datetime import timedelta
from uuid import uuid4

import pytest

from intake.channels.telegram.dependencies import conversation_worker
from intake.channels.telegram.service.client import event_of
from intake.notifications.models import Notification
from shared.web.session import COOKIE
from tests.intake.channels.phone.test_api import publish_calls
from tests.intake.conftest import NOW
from tests.shared.files.samples import PDF
from tests.stored_protection import check_stored_rows, sealed_tables
from tests.telegram_double import SECRET, TOKEN, Phone

API = "/intake/v1"
COUNTER = {
    "way": "LETTER",
    "service": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Терапевт қабылдаудан бас тартты.",
    "language": "kk",
    "applicant.full_name": "Сынақ Азамат",
    "applicant.address": "Қызылорда, Сынақ көшесі, 1",
    "answer_by": "LETTER",
    "consents.PROCESSING": "yes",
    "receiver": "Синтетика Б. В.",
    "step": "send",
}


async def send_from_the_applicant(desk):
    """Fill appeal, idempotency, attachment, notice, message and withdrawal."""
    told = (await desk.file(headers={"Idempotency-Key": str(uuid4())})).json()
    appeal, pin = f"{API}/appeals/{told['number']}", {"Appeal-Pin": told["pin"]}
    yield await desk.client.post(f"{appeal}/attachments", content=PDF, headers={**pin, "Content-Type": "application/pdf"})
    yield await desk.client.post(f"{appeal}/verification", json={"purpose": "withdrawal"}, headers=pin)
    [notice] = [row for row in await desk.rows(Notification) if row.secret]
    code = desk.parts.sealer.open("notice", notice.id, "secret", notice.secret).decode()
    said = {"statement": "Шешілді", "reason": "PRESSURE", "code": code}
    yield await desk.client.post(f"{appeal}/withdrawal", json=said, headers=pin)
    head = desk.token("head", region="KZ-43", subject="head-1")
    call_back = f"{API}/withdrawals/{told['appeal_id']}/call-back"
    yield await desk.client.post(call_back, json={"confirmed": True, "note": "Өзі растады"}, headers=head)


async def send_from_the_exchange(desk):
    """Fill call and call_back."""
    start = NOW.replace(hour=0, minute=30)  # at night
    said = [{"type": "offered", "from": "+77010000000"}, {"type": "ivr_choice", "ivr_path": "3"}, {"type": "ended"}]
    events = [{"call_id": "17", "seq": n, "at": (start + timedelta(seconds=n)).isoformat(), **each} for n, each in enumerate(said)]
    yield await desk.client.post(f"{API}/channels/phone/calls", json=events, headers=desk.token("telephony"))
    await publish_calls(desk)


async def send_from_telegram(desk):
    """Fill bot_update, bot_chat and bot_message."""
    secret = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    yield await desk.client.post(f"{API}/channels/telegram/webhook", json=Phone(501).writes("/start"), headers=secret)
    desk.clock.advance(timedelta(seconds=1))
    assert await conversation_worker(desk.app.state.intake, event_of).run_once()


async def send_from_a_partner(desk):
    """Fill external_number and subscription."""
    partner = desk.token("partner", subject="health-department")
    yield await desk.file(partner, external_number="ҚД-17")
    yield await desk.client.post(f"{API}/subscriptions", json={"url": "http://127.0.0.1:9/hook"}, headers=partner)


async def send_from_the_counter(desk):
    """Fill receiver."""
    token = desk.foundation.issuer.issue("specialist", subject="specialist-1", region="KZ-43")
    signed_in = {"Cookie": f"{COOKIE}={token}; aryz_lang=ru"}
    fields = {**COUNTER, "key": str(uuid4())}
    yield await desk.client.post("/intake/counter", data=fields, files=[("none", ("", b""))], headers=signed_in)


async def send_from_the_operator(desk):
    """Fill held_consultation."""
    signed_in = {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue('operator', name='Синтетика Б. В.')}"}
    fields = {"topic": "PAY_METHODS", "quick.region": "KZ-43"}
    closed = await desk.client.post("/intake/call/close", data=fields, headers=signed_in)
    assert closed.status_code == 303
    yield await desk.client.get("/intake/call", headers=signed_in)


STEPS = (
    send_from_the_applicant,
    send_from_the_exchange,
    send_from_telegram,
    send_from_a_partner,
    send_from_the_counter,
    send_from_the_operator,
)


@pytest.fixture
async def used(start, tmp_path):
    chosen = {"telegram_token": TOKEN, "telegram_secret": SECRET, "telegram_mode": "webhook", "webhooks_to_loopback": True}
    async with start(tmp_path, **chosen) as desk:
        for step in STEPS:
            async for answer in step(desk):
                assert answer.is_success, answer.text
        yield desk


async def test_each_table_with_ciphertext_holds_a_sealed_value(used):
    seen = await check_stored_rows("intake", used.parts.database)
    assert sealed_tables("intake") - {table for table, _ in seen} == set()

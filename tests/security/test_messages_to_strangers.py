"""Making the Fund write to strangers: their telephone or mailbox named in complaints, codes asked for again and again."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from intake.handlers import HANDLERS
from intake.notifications.models import Notification
from intake.notifications.policy import policy
from intake.notifications.service.dispatch import Dispatcher
from intake.register.models import DailyCount
from intake.register.policy import policy as rules
from shared.contracts import AnswerGiven, InquirySent
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received
from tests.intake.conftest import running

VICTIM = {"full_name": "Сынақ Азамат", "phone": "+77010000042", "email": "jabirlenushi@mail.example"}


@pytest.fixture
async def desk(engine, tmp_path):
    async with running(engine, tmp_path) as running_desk:
        yield running_desk


class Sent:
    """Senders that remember what they were given."""

    def __init__(self):
        self.given = []

    def sender(self, channel):
        sent = self

        class Sender:
            async def send(self, message):
                sent.given.append((channel, message.address, message.text))

        return Sender()


@pytest.fixture
def sent():
    return Sent()


async def dispatch(desk, sent):
    dispatcher = Dispatcher(desk.parts, {one: sent.sender(one) for one in ("SMS", "EMAIL", "TELEGRAM")}, "https://aryz.example")
    while await dispatcher.run_once():
        pass


async def filed(desk, headers=None, **changes):
    answer = await desk.file(headers, **({"applicant": VICTIM, "language": "ru"} | changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def happen(desk, receipt, event):
    envelope = Envelope(uuid4(), event.TYPE, desk.clock.now(), receipt["appeal_id"], uuid4(), None, None, b"")
    async with desk.parts.units.write() as work:
        await HANDLERS[type(event)](work, Batch([Received(event, envelope, ("", 0, 0))], {}))


async def inquired(desk, receipt):
    now = desk.clock.now()
    appeal_id = UUID(receipt["appeal_id"])
    await happen(
        desk,
        receipt,
        InquirySent(appeal_id=appeal_id, inquiry_id=uuid4(), provider_id=uuid4(), category="REFUSAL", due_at=now, discloses=False),
    )


async def answered(desk, receipt):
    appeal_id = UUID(receipt["appeal_id"])
    event = AnswerGiven(appeal_id=appeal_id, answer_id=uuid4(), language="ru", findings=["JUSTIFIED"], actor_role="expert")
    await happen(desk, receipt, event)


async def call(desk, receipt, name, body, address="192.0.2.1", headers=None):
    transport = httpx.ASGITransport(desk.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://aryz.example") as client:
        given = headers or {"Appeal-Pin": receipt["pin"]}
        return await client.post(f"/intake/v1/appeals/{receipt['number']}/{name}", json=body, headers=given)


async def code_of(desk, receipt):
    rows = [row for row in await desk.rows(Notification) if str(row.appeal_id) == receipt["appeal_id"] and row.secret]
    latest = max(rows, key=lambda row: str(row.id))
    return desk.parts.sealer.open("notice", latest.id, "secret", latest.secret).decode()


async def confirm(desk, receipt, contact):
    assert (await call(desk, receipt, "verification", {"contact": contact})).status_code == 201
    confirmed = await call(desk, receipt, "contact-confirmation", {"code": await code_of(desk, receipt)})
    assert (confirmed.status_code, confirmed.json()["contact"]) == (201, contact)


async def shown(desk, receipt):
    return (await desk.track(receipt["number"], receipt["pin"])).json()


class TestUnconfirmed:
    @pytest.mark.parametrize("answer_by", [None, "SMS", "EMAIL"])
    async def test_twenty_complaints_naming_one_telephone_send_it_nothing(self, desk, sent, answer_by):
        for _ in range(20):
            receipt = await filed(desk, answer_by=answer_by)
            await inquired(desk, receipt)
            await answered(desk, receipt)
        await dispatch(desk, sent)
        assert sent.given == []
        rows = await desk.rows(Notification)
        assert {(row.state, row.reason) for row in rows} == {("FAILED", "UNCONFIRMED")}

    async def test_neither_do_complaints_of_somebody_with_a_token(self, desk, sent):
        receipt = await filed(desk, desk.token("applicant", subject="somebody"))
        await inquired(desk, receipt)
        await dispatch(desk, sent)
        assert sent.given == []

    async def test_each_contact_is_confirmed_by_itself(self, desk, sent):
        receipt = await filed(desk)
        assert (await shown(desk, receipt))["unconfirmed_contacts"] == ["phone", "email"]
        await confirm(desk, receipt, "email")
        tracked = await shown(desk, receipt)
        assert (tracked["contact_confirmed"], tracked["unconfirmed_contacts"]) == (True, ["phone"])
        assert "contact-confirmation" not in tracked["actions"]  # one is enough where none was chosen for the answer
        await dispatch(desk, sent)
        sent.given.clear()
        await answered(desk, receipt)
        await dispatch(desk, sent)
        assert [(channel, address) for channel, address, _ in sent.given] == [("EMAIL", VICTIM["email"])]
        await confirm(desk, receipt, "phone")
        assert (await shown(desk, receipt))["unconfirmed_contacts"] == []

    async def test_the_contact_for_the_answer_is_confirmed_first_and_then_the_other(self, desk):
        receipt = await filed(desk, answer_by="EMAIL")
        assert "contact-confirmation" in (await shown(desk, receipt))["actions"]
        for contact in ("email", "phone"):
            assert (await call(desk, receipt, "verification", {})).json()["contact"] == contact
            assert (await call(desk, receipt, "contact-confirmation", {"code": await code_of(desk, receipt)})).status_code == 201

    async def test_what_an_operator_wrote_down_from_the_applicant_is_confirmed_by_that(self, desk, sent):
        receipt = await filed(desk, desk.token("operator", name="Синтетика Оператор"))
        await inquired(desk, receipt)
        await dispatch(desk, sent)
        assert [(channel, address) for channel, address, _ in sent.given] == [("SMS", VICTIM["phone"])] * 2  # the receipt, the inquiry

    @pytest.mark.parametrize("confirmed", [True, False])
    async def test_an_appeal_that_goes_on_keeps_what_was_confirmed(self, desk, sent, confirmed):
        receipt = await filed(desk, kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        if confirmed:
            await confirm(desk, receipt, "phone")
        await answered(desk, receipt)
        told = await call(desk, receipt, "confirmation", {"outcome": "NOT_RESOLVED", "reason": "Әлі шешілген жоқ, қараңыздар"})
        following = told.json()["followed_by"]
        await dispatch(desk, sent)
        sent.given.clear()
        await answered(desk, following)
        await dispatch(desk, sent)
        assert len(sent.given) == int(confirmed)
        assert (await shown(desk, following))["contact_confirmed"] is confirmed

    @pytest.mark.parametrize(
        ("language", "shown"), [("ru", "Подтвердите контакт"), ("kk", "дерегіңізді растаңыз"), ("en", "Confirm your contact to get")]
    )
    async def test_the_page_says_how_to_confirm_until_it_is_done(self, desk, language, shown):
        receipt = await filed(desk)

        async def page():
            headers = {"Accept-Language": language, "Origin": "http://aryz.example", "Sec-Fetch-Site": "same-origin"}
            form = {"number": receipt["number"], "pin": receipt["pin"]}
            return (await desk.client.post("/intake/track", data=form, headers=headers)).text

        assert shown in await page()
        for contact in ("phone", "email"):
            await confirm(desk, receipt, contact)
        assert "note ask" not in await page()


class TestLimits:
    async def test_a_recipient_is_sent_so_many_notices_a_day_whatever_the_appeals(self, desk, sent):
        many = policy().recipient_limit
        headers = desk.token("operator", name="Синтетика Оператор")
        appeals = many // 2 + 5  # each with a receipt and an inquiry
        for _ in range(appeals):
            await inquired(desk, await filed(desk, headers))
        await asyncio.gather(*(dispatch(desk, sent) for _ in range(2)))
        assert len(sent.given) == many
        assert sorted({row.reason for row in await desk.rows(Notification)}, key=str) == ["LIMIT", None]
        desk.clock.advance(timedelta(days=1))
        await dispatch(desk, sent)
        assert len(sent.given) == 2 * appeals

    async def test_what_was_not_sent_is_not_counted(self, desk):
        receipt = await filed(desk, desk.token("operator", name="Синтетика Оператор"))
        await inquired(desk, receipt)

        class Down:
            async def send(self, message):
                raise KeyError(message.address)

        await Dispatcher(desk.parts, {"SMS": Down()}, "https://aryz.example").run_once()
        assert [row.count for row in await desk.rows(DailyCount)] == [0]
        assert VICTIM["phone"] not in repr(await desk.rows(DailyCount))

    async def test_codes_are_few_for_a_recipient_and_day_whatever_the_appeals(self, desk):
        statuses = []
        for _ in range(rules().code.a_day + 4):
            receipt = await filed(desk)
            desk.clock.advance(timedelta(minutes=40))
            statuses.append((await call(desk, receipt, "verification", {"contact": "phone"})).status_code)
        assert statuses == [201] * rules().code.a_day + [429] * 4
        assert (await call(desk, receipt, "verification", {"contact": "email"})).status_code == 201

    async def test_codes_asked_for_together_do_not_pass_the_limits(self, desk):
        receipts = [await filed(desk) for _ in range(12)]
        answers = await asyncio.gather(*(call(desk, one, "verification", {"contact": "phone"}) for one in receipts))
        assert sorted(one.status_code for one in answers) == [201] * rules().code.an_hour + [429] * (12 - rules().code.an_hour)

    async def test_codes_are_few_for_an_address_that_asks_and_not_for_its_neighbours(self, desk):
        many = rules().code.a_day_from_an_address
        statuses = []
        for one in range(many + 2):
            receipt = await filed(desk, applicant=VICTIM | {"phone": f"+77010001{one:03}"})
            statuses.append((await call(desk, receipt, "verification", {"contact": "phone"}, address="203.0.113.5")).status_code)
        assert statuses == [201] * many + [429] * 2
        assert (await call(desk, receipt, "verification", {"contact": "phone"}, address="203.0.113.6")).status_code == 201

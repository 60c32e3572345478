"""Questions about offers of providers: by which methods the applicant is asked, what the messages have in them, and replies by SMS."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from intake.notifications.models import InboundMessage, Notification
from intake.notifications.service.unreached import unreached_offers
from intake.register.repository.recipients import confirm_contact
from shared.auth import Principal
from shared.outgoing.signatures import sign_headers
from tests.intake.notifications.conftest import SECRET
from tests.intake.offers import TEXT, list_provider, offered

PHONE = "8 701 000 00 00"


@pytest.fixture
async def sms_desk(start, tmp_path):
    async with start(tmp_path, sms_url="http://127.0.0.1:9/sms", sms_secret=SECRET, public_url="https://aryz.example") as desk:
        yield desk


async def asked(desk, dispatcher, senders, **changes):
    """File an appeal with confirmed contacts, about which a provider proposes, and send the question."""
    case = await offered(desk, **changes)
    async with desk.parts.database.write() as session:
        await confirm_contact(session, case.id, ("phone", "email"), desk.clock.now())
    running = dispatcher(desk, senders)
    await running.run_once()
    proposal_id = await case.proposed()
    await running.run_once()
    return case, proposal_id


async def asked_for_consent(desk, dispatcher, senders, **changes):
    """File an appeal with a confirmed phone, and ask by SMS whether a provider may know the applicant."""
    case = await offered(desk, answer_by="SMS", language="ru", **changes)
    async with desk.parts.database.write() as session:
        await confirm_contact(session, case.id, ("phone",), desk.clock.now())
    running = dispatcher(desk, senders)
    await running.run_once()
    request_id = await case.consent_requested()
    await running.run_once()
    return case, request_id


async def reply(desk, text, message_id=None):
    raw = json.dumps({"from": PHONE, "text": text}).encode()
    headers = {"Content-Type": "application/json", **sign_headers(SECRET, message_id or str(uuid4()), raw, desk.clock.now())}
    assert (await desk.client.post("/intake/v1/channels/sms/inbound", content=raw, headers=headers)).status_code == 204


class TestMessages:
    async def test_an_sms_asks_with_two_digits_and_a_link_and_has_nothing_of_the_content(self, desk, dispatcher, senders):
        case, _ = await asked(desk, dispatcher, senders, answer_by="SMS", language="kk")
        text = senders.by("SMS")[-1].text
        assert f"№ {case.number}: мәселе шешілді ме? 1 – иә, 2 – жоқ" in text
        assert "/intake/answer/" in text
        assert len(text) <= 134
        assert TEXT not in text

    async def test_a_mail_has_the_link_and_nothing_of_what_the_provider_says(self, desk, dispatcher, senders):
        await asked(desk, dispatcher, senders, answer_by="EMAIL", language="ru")
        text = senders.by("EMAIL")[-1].text
        assert "ваш вопрос решён" in text
        assert "/intake/answer/" in text
        assert TEXT not in text

    async def test_on_the_day_of_a_promise_the_applicant_is_asked_the_same_way(self, desk, dispatcher, senders):
        case = await offered(desk, answer_by="SMS", language="ru")
        async with desk.parts.database.write() as session:
            await confirm_contact(session, case.id, ("phone",), desk.clock.now())
        running = dispatcher(desk, senders)
        commitment_id = await case.promised()
        await running.run_once()
        assert [message.text for message in senders.by("SMS") if "обещание" in message.text] == []
        await case.due(commitment_id)
        await running.run_once()
        assert "обещание выполнено? 1 – да, 2 – нет" in senders.by("SMS")[-1].text

    async def test_a_question_waits_at_the_limit_and_is_not_folded_into_news(self, desk, dispatcher, senders):
        case, _ = await asked(desk, dispatcher, senders, answer_by="SMS", language="ru")
        running = dispatcher(desk, senders)
        for _ in range(3):
            await case.proposed()
            await running.run_once()
        desk.clock.advance(timedelta(minutes=61))
        await running.run_once()
        assert [("решён" in message.text) for message in senders.by("SMS")[1:]] == [True] * 4

    async def test_what_was_answered_on_the_page_is_not_asked_any_more(self, desk, dispatcher, senders):
        case = await offered(desk, answer_by="SMS", language="ru")
        async with desk.parts.database.write() as session:
            await confirm_contact(session, case.id, ("phone",), desk.clock.now())
        running = dispatcher(desk, senders)
        await running.run_once()
        await case.confirm(await case.proposed())
        await running.run_once()
        assert [message.text for message in senders.by("SMS") if "решён" in message.text] == []
        [notice] = [row for row in await desk.rows(Notification) if row.fact == "solution-proposed"]
        assert (notice.state, notice.reason) == ("FOLDED", "ANSWERED")


class TestReplies:
    @pytest.mark.parametrize(("text", "confirmed"), [("1", True), ("Нет.", False)])
    async def test_a_reply_answers_the_latest_question(self, sms_desk, dispatcher, senders, text, confirmed):
        case, proposal_id = await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        await reply(sms_desk, text)
        assert await case.published() == [(confirmed, "SMS")]
        assert (await case.offer(proposal_id)).status == ("CONFIRMED" if confirmed else "DENIED")

    async def test_a_second_reply_and_a_repeated_one_change_nothing(self, sms_desk, dispatcher, senders):
        case, _ = await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        await reply(sms_desk, "2", "one")
        await reply(sms_desk, "2", "one")
        await reply(sms_desk, "1", "two")
        assert await case.published() == [(False, "SMS")]

    async def test_any_other_text_is_ignored(self, sms_desk, dispatcher, senders):
        case, _ = await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        await reply(sms_desk, "12")
        assert await case.published() == []

    async def test_a_stranger_s_phone_answers_nothing(self, sms_desk, dispatcher, senders):
        case, _ = await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru", applicant={"phone": "8 701 000 00 09"})
        await reply(sms_desk, "1")
        assert await case.published() == []


class TestUnclearReplies:
    """A reply that says neither yes nor no brings the question to the contact centre's list, once."""

    async def listed(self, desk):
        async with desk.parts.units.read() as work:
            found, total = await unreached_offers(work, Principal("o", "test", frozenset({"operator"})), calls=3, limit=10)
        assert total == len(found)
        return [(item.id, item.is_unclear) for item in found]

    @pytest.mark.parametrize("text", ["12 деп жауап беремін", "рақмет", "Решено, наверное"])
    async def test_any_other_text_is_asked_about_by_telephone_however_often_it_comes(self, sms_desk, dispatcher, senders, text):
        case, proposal_id = await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        assert await self.listed(sms_desk) == []
        for message_id in ("one", "one", "two"):
            await reply(sms_desk, text, message_id)
        assert await self.listed(sms_desk) == [(proposal_id, True)]
        assert await case.published() == []
        assert text.encode() not in await sms_desk.engine.stored(sms_desk.parts.database)

    async def test_a_clear_reply_afterwards_takes_it_off_the_list(self, sms_desk, dispatcher, senders):
        case, _ = await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        await reply(sms_desk, "мүмкін")
        await reply(sms_desk, "1")
        assert (await self.listed(sms_desk), await case.published()) == ([], [(True, "SMS")])

    async def test_a_digit_that_may_be_meant_for_another_question_is_asked_about(self, sms_desk, dispatcher, senders):
        await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        _, request_id = await asked_for_consent(sms_desk, dispatcher, senders)
        await reply(sms_desk, "1")
        assert await self.listed(sms_desk) == [(request_id, True)]

    async def test_what_was_answered_is_not_asked_again(self, sms_desk, dispatcher, senders):
        await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        await reply(sms_desk, "2")
        await reply(sms_desk, "рақмет")
        assert await self.listed(sms_desk) == []

    async def test_a_stranger_brings_nothing_to_the_list(self, sms_desk, dispatcher, senders):
        await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru", applicant={"phone": "8 701 000 00 09"})
        await reply(sms_desk, "рақмет")
        assert await self.listed(sms_desk) == []


class TestConsentBySms:
    @pytest.mark.parametrize(("text", "given"), [("1", True), ("Иә", True), ("да.", True), ("2", False), ("жоқ", False), ("No", False)])
    async def test_a_digit_or_a_yes_or_no_answers(self, sms_desk, dispatcher, senders, text, given):
        case, _ = await asked_for_consent(sms_desk, dispatcher, senders)
        await reply(sms_desk, text)
        assert await case.published() == [(given, "SMS")]

    @pytest.mark.parametrize("text", ["решено", "шешілді", "resolved", "не решено"])
    async def test_that_the_problem_is_solved_is_no_consent(self, sms_desk, dispatcher, senders, text):
        case, request_id = await asked_for_consent(sms_desk, dispatcher, senders)
        await reply(sms_desk, text)
        assert await case.published() == []
        assert (await case.offer(request_id)).answer is None

    async def test_a_second_answer_changes_nothing_and_is_processed(self, sms_desk, dispatcher, senders):
        case, _ = await asked_for_consent(sms_desk, dispatcher, senders)
        await reply(sms_desk, "2", "one")
        await reply(sms_desk, "1", "two")
        assert await case.published() == [(False, "SMS")]
        assert len(await sms_desk.rows(InboundMessage)) == 2

    async def test_a_digit_is_no_answer_while_another_question_waits_on_the_phone(self, sms_desk, dispatcher, senders):
        other, proposal_id = await asked(sms_desk, dispatcher, senders, answer_by="SMS", language="ru")
        case, _ = await asked_for_consent(sms_desk, dispatcher, senders)
        await reply(sms_desk, "1")
        assert (await case.published(), await other.published()) == ([], [])
        await other.confirm(proposal_id)
        await reply(sms_desk, "1")
        assert await case.published() == [(True, "SMS")]


class TestTheQuestionForConsent:
    async def test_a_mail_names_the_organisation_and_everything_that_it_gets(self, desk, dispatcher, senders):
        await list_provider(desk)
        case = await offered(desk, answer_by="EMAIL", language="ru")
        async with desk.parts.database.write() as session:
            await confirm_contact(session, case.id, ("email",), desk.clock.now())
        await case.consent_requested()
        await dispatcher(desk, senders).run_once()
        text = senders.by("EMAIL")[-1].text
        assert "Какой организации: Сынақ поликлиника №7" in text
        assert all(each in text for each in ("имя", "ИИН", "дату рождения", "контакты", "текст обращения", "документы"))

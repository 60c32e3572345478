"""The bot asks whether an offer of a provider holds, and the person answers by a button."""

from datetime import timedelta

import pytest

from intake.assembly import delivery_methods
from intake.channels.telegram.service.texts import button_label, text_of
from intake.notifications.service.dispatch import Dispatcher
from intake.register.models import Appeal
from tests.intake.channels.telegram.service.test_worker import filed
from tests.intake.offers import TEXT, Offered, list_provider
from tests.telegram_double import Phone, buttons

YES, NO = button_label("yes", "kk"), button_label("no", "kk")


@pytest.fixture
def phone():
    return Phone(701)


@pytest.fixture
async def case(bot, phone):
    """An appeal filed in the chat, about which a provider was asked."""
    [reply] = await filed(bot, phone)
    [appeal] = await bot.desk.rows(Appeal)
    case = Offered(bot.desk, {"appeal_id": str(appeal.id), "number": appeal.number, "pin": reply["text"].split("PIN: ")[1][:8]})
    await case.asked()
    return case


async def notified(bot, phone):
    """Send what is due to the chat. Return the latest message."""
    running = Dispatcher(bot.desk.parts, delivery_methods(bot.desk.parts, bot.settings), "https://aryz.example", quiet_hours=False)
    for _ in range(3):
        await running.run_once()
        await bot.send()
        bot.desk.clock.advance(timedelta(seconds=31))
    return bot.telegram.messages_to(phone.chat_id)[-1]


class TestQuestion:
    async def test_the_question_has_two_buttons_and_nothing_of_what_the_provider_says(self, bot, phone, case):
        await case.proposed()
        message = await notified(bot, phone)
        assert message["text"] == f"№ {case.number}: мәселе шешілді ме?"
        assert [label for label, _ in buttons(message)][:2] == [YES, NO]
        assert TEXT not in str(bot.telegram.calls)

    async def test_the_question_for_consent_names_who_gets_what(self, bot, phone, case):
        await list_provider(bot.desk)
        await case.consent_requested()
        message = await notified(bot, phone)
        assert "Қай ұйымға: №7 сынақ емханасы" in message["text"]
        assert all(each in message["text"] for each in ("аты-жөніңізді", "ЖСН-іңізді", "туған күніңізді", "өтініш мәтінін", "құжаттарды"))
        assert [label for label, _ in buttons(message)][:2] == [YES, NO]

    @pytest.mark.usefixtures("case")
    async def test_other_notifications_have_no_such_buttons(self, bot, phone):
        message = await notified(bot, phone)
        assert YES not in [label for label, _ in buttons(message)]

    async def test_on_its_day_a_promise_is_asked_about(self, bot, phone, case):
        commitment_id = await case.promised()
        await case.due(commitment_id)
        assert "уәде орындалды ма?" in (await notified(bot, phone))["text"]
        [reply] = await bot.press(phone, NO)
        assert text_of("promise_broken", "kk") in reply["text"]
        await case.minute_passes()
        assert await case.published() == [(False, "TELEGRAM")]


class TestAnswer:
    @pytest.mark.parametrize(("label", "confirmed", "text"), [(YES, True, "solved"), (NO, False, "unsolved")])
    async def test_a_press_answers_and_counts_after_a_minute(self, bot, phone, case, label, confirmed, text):
        await case.proposed()
        await notified(bot, phone)
        [reply] = await bot.press(phone, label)
        assert text_of(text, "kk") in reply["text"]
        assert await case.published() == []
        await case.minute_passes()
        assert await case.published() == [(confirmed, "TELEGRAM")]

    async def test_a_slip_is_changed_by_the_button_under_the_thanks(self, bot, phone, case):
        await case.proposed()
        await notified(bot, phone)
        await bot.press(phone, YES)
        [reply] = await bot.press(phone, button_label("change_to_no", "kk"))
        assert text_of("unsolved", "kk") in reply["text"]
        await case.minute_passes()
        assert await case.published() == [(False, "TELEGRAM")]

    async def test_after_the_minute_a_press_changes_nothing_and_says_so(self, bot, phone, case):
        await case.proposed()
        await notified(bot, phone)
        await bot.press(phone, YES)
        await case.minute_passes()
        [reply] = await bot.press(phone, NO)
        assert reply["text"] == text_of("offer_answered", "kk")
        assert await case.published() == [(True, "TELEGRAM")]

    async def test_a_repeated_update_answers_once(self, bot, phone, case):
        proposal_id = await case.proposed()
        press = phone.presses(f"py:{proposal_id.hex}")
        await bot.replies_to(press, press)
        await case.minute_passes()
        assert await case.published() == [(True, "TELEGRAM")]

    @pytest.mark.parametrize("data", ["py:", "pn:zz", "py:" + "0" * 32])
    @pytest.mark.usefixtures("case")
    async def test_a_button_of_nothing_is_refused_in_plain_words(self, bot, phone, data):
        [reply] = await bot.replies_to(phone.presses(data))
        assert reply["text"] in {text_of("stale", "kk"), text_of("not_possible", "kk")}

    async def test_another_chat_answers_nothing(self, bot, phone, case):
        proposal_id, stranger = await case.proposed(), Phone(702, ids=phone.ids)
        await bot.replies_to(stranger.presses("l:kk"))
        [reply] = await bot.replies_to(stranger.presses(f"py:{proposal_id.hex}"))
        assert reply["text"] == text_of("not_possible", "kk")
        await case.minute_passes()
        assert await case.published() == []

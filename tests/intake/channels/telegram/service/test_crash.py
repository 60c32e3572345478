"""A worker that dies in the middle of a chat, and one that returns after its lease."""

from datetime import timedelta

import pytest

from intake.channels.telegram.dependencies import conversation_worker
from intake.channels.telegram.models import BotMessage
from intake.channels.telegram.service.client import event_of
from intake.channels.telegram.service.texts import button_label
from intake.channels.telegram.service.worker import ConversationWorker
from intake.register.models import Appeal
from tests.intake.channels.telegram.service.test_worker import claimed, up_to_preview
from tests.telegram_double import Phone, buttons


@pytest.fixture
def phone():
    return Phone(501)


class TestCrash:
    async def test_what_was_filed_before_a_crash_is_not_filed_again(self, bot, phone, monkeypatch):
        await up_to_preview(bot, phone)
        confirm = phone.presses(
            next(data for label, data in buttons(bot.telegram.messages_to(501)[-1]) if label == button_label("confirm", "kk"))
        )
        await bot.bring(confirm)
        bot.desk.clock.advance(timedelta(seconds=1))

        async def killed(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(ConversationWorker, "_store", killed)
            with pytest.raises(KeyboardInterrupt):
                await bot.conversations.handle(*await claimed(bot))
        assert len(await bot.desk.rows(Appeal)) == 1
        another = conversation_worker(bot.desk.app.state.intake, event_of)
        assert not await another.run_once()
        bot.desk.clock.advance(timedelta(seconds=61))
        assert await another.run_once()
        await bot.send()
        [appeal] = await bot.desk.rows(Appeal)
        assert appeal.number in bot.telegram.messages_to(501)[-1]["text"]

    async def test_a_worker_that_lost_its_lease_stores_nothing(self, bot, phone):
        await bot.bring(phone.writes("/start"))
        bot.desk.clock.advance(timedelta(seconds=1))
        chat, updates = await claimed(bot)
        bot.desk.clock.advance(timedelta(seconds=61))
        another = conversation_worker(bot.desk.app.state.intake, event_of)
        assert await another.run_once()
        await bot.conversations.handle(chat, updates)
        assert len(await bot.desk.rows(BotMessage)) == 1

    async def test_a_worker_that_claimed_a_chat_again_stores_nothing_for_its_former_claim(self, bot, phone):
        await bot.bring(phone.writes("/start"))
        bot.desk.clock.advance(timedelta(seconds=1))
        chat, updates = await claimed(bot)
        bot.desk.clock.advance(timedelta(seconds=61))
        again = await claimed(bot)
        await bot.conversations.handle(chat, updates)
        assert await bot.desk.rows(BotMessage) == []
        await bot.conversations.handle(*again)
        assert len(await bot.desk.rows(BotMessage)) == 1

    async def test_a_double_tap_registers_once(self, bot, phone):
        await up_to_preview(bot, phone)
        data = next(data for label, data in buttons(bot.telegram.messages_to(501)[-1]) if label == button_label("confirm", "kk"))
        await bot.bring(phone.presses(data), phone.presses(data))
        await bot.handle()
        await bot.send()
        assert len(await bot.desk.rows(Appeal)) == 1
        answers = [sent for method, sent in bot.telegram.calls if method == "answerCallbackQuery"]
        assert "тіркеліп қойған" in answers[-1]["text"]

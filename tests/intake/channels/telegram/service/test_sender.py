from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from intake.channels.telegram.jobs import ChatNotificationSender
from intake.channels.telegram.models import BotChat, BotLease, BotMessage, BotUpdate
from intake.channels.telegram.service.client import TelegramClient, TelegramUnavailable
from intake.channels.telegram.service.polling import Poller
from intake.channels.telegram.service.sender import MessageSender
from intake.channels.telegram.service.texts import text_of
from intake.register.models import Appeal
from shared.outgoing.senders import MessageRefused, OutgoingMessage, ServerUnavailable
from tests.intake.channels.telegram.service.test_worker import filed
from tests.telegram_double import Phone, buttons


@pytest.fixture
def phone():
    return Phone(601)


async def waiting(bot, phone, n=1):
    """Queue a number of messages in a chat."""
    for _ in range(n):
        await bot.bring(phone.writes("/start"))
        await bot.handle()


async def states(bot):
    return [row.state for row in sorted(await bot.desk.rows(BotMessage), key=lambda row: row.position)]


class TestPace:
    async def test_a_chat_receives_one_message_a_second(self, bot, phone):
        await waiting(bot, phone, 2)
        assert await bot.sender.run_once()
        assert not await bot.sender.run_once()
        bot.desk.clock.advance(timedelta(seconds=1))
        assert await bot.sender.run_once()
        assert await states(bot) == ["SENT", "SENT"]

    async def test_all_chats_together_receive_thirty_a_second(self, bot, phone):
        for chat_id in range(35):
            await bot.bring(Phone(chat_id + 1, phone.ids).writes("/start"))
        await bot.handle()
        await bot.sender.run_once()
        assert not await bot.sender.run_once()
        assert (await states(bot)).count("SENT") == 30
        bot.desk.clock.advance(timedelta(seconds=1))
        await bot.sender.run_once()
        assert (await states(bot)).count("SENT") == 35

    async def test_a_429_is_obeyed_for_as_long_as_it_says(self, bot, phone):
        await waiting(bot, phone)
        bot.telegram.refuse(601, 429, retry_after=7)
        await bot.sender.run_once()
        bot.desk.clock.advance(timedelta(seconds=6))
        assert not await bot.sender.run_once()
        bot.desk.clock.advance(timedelta(seconds=1))
        assert await bot.sender.run_once()
        assert await states(bot) == ["SENT"]

    async def test_a_429_for_several_chats_pauses_the_bot_and_one_for_a_chat_that_chat_alone(self, bot, phone):
        for chat_id in range(1, 7):
            await bot.bring(Phone(chat_id, phone.ids).writes("/start"))
        await bot.handle()
        bot.telegram.refuse(1, 429, retry_after=7)
        await bot.sender.run_once()
        assert (await states(bot)).count("SENT") == 5
        for chat_id in range(2, 7):
            await bot.bring(Phone(chat_id, phone.ids).writes("/start"))
            await bot.handle()
        for chat_id in (2, 3):
            bot.telegram.refuse(chat_id, 429, retry_after=7)
        bot.desk.clock.advance(timedelta(seconds=1))
        await bot.sender.run_once()
        sent = (await states(bot)).count("SENT")
        await bot.bring(Phone(8, phone.ids).writes("/start"))
        await bot.handle()
        bot.desk.clock.advance(timedelta(seconds=5))
        assert not await bot.sender.run_once()
        bot.desk.clock.advance(timedelta(seconds=2))
        assert await bot.sender.run_once()
        assert (await states(bot)).count("SENT") > sent

    async def test_one_process_sends_and_another_acquires_the_lease_when_it_is_lost(self, bot, phone):
        await waiting(bot, phone, 2)
        another = MessageSender(bot.desk.parts, bot.settings, bot.client)
        await bot.sender.run_once()
        assert not await another.run_once()
        bot.desk.clock.advance(timedelta(seconds=19))
        assert not await another.run_once()
        bot.desk.clock.advance(timedelta(seconds=2))
        assert await another.run_once()

    async def test_a_process_that_was_suspended_while_sending_stores_nothing_once_another_sends(self, bot, phone, monkeypatch):
        await waiting(bot, phone)
        another = MessageSender(bot.desk.parts, bot.settings, bot.client)

        async def suspended(*_):
            monkeypatch.undo()
            assert not await another.run_once()
            bot.desk.clock.advance(timedelta(seconds=20))
            assert await another.run_once()
            raise TelegramUnavailable

        monkeypatch.setattr(TelegramClient, "send", suspended)
        await bot.sender.run_once()
        assert await states(bot) == ["SENT"]
        assert not await bot.sender.run_once()


class TestFailure:
    async def test_retries_back_off_and_stay_in_order_while_telegram_does_not_answer(self, bot, phone):
        await waiting(bot, phone, 2)
        bot.telegram.refuse(601, 500)
        bot.telegram.refuse(601, 502)
        await bot.sender.run_once()
        assert not await bot.sender.run_once()
        bot.desk.clock.advance(timedelta(seconds=2))
        assert await bot.sender.run_once()
        bot.desk.clock.advance(timedelta(seconds=3))
        assert not await bot.sender.run_once()
        await bot.send()
        assert await states(bot) == ["SENT", "SENT"]

    async def test_a_message_is_given_up_after_its_last_attempt(self, bot, phone):
        await waiting(bot, phone)
        for _ in range(8):
            bot.telegram.refuse(601, 500)
            await bot.sender.run_once()
            bot.desk.clock.advance(timedelta(minutes=10))
        assert await states(bot) == ["FAILED"]

    async def test_a_refused_message_does_not_delay_the_next(self, bot, phone):
        await waiting(bot, phone, 2)
        bot.telegram.refuse(601, 400)
        await bot.send()
        assert await states(bot) == ["FAILED", "SENT"]

    async def test_a_person_who_blocked_the_bot_receives_nothing_until_they_write_again(self, bot, phone):
        await waiting(bot, phone, 3)
        bot.telegram.refuse(601, 403)
        await bot.send()
        assert await states(bot) == ["BLOCKED"] * 3
        assert (await bot.desk.rows(BotChat))[0].blocked_at is not None
        assert await bot.replies_to(phone.writes("/start")) != []
        assert (await bot.desk.rows(BotChat))[0].blocked_at is None

    async def test_a_blocked_bot_is_recorded(self, bot, phone):
        await waiting(bot, phone)
        await bot.replies_to(phone.blocks())
        assert (await bot.desk.rows(BotChat))[0].blocked_at is not None


class TestNotifications:
    def message(self, bot, appeal_id):
        return OutgoingMessage(UUID(int=9), appeal_id, str(appeal_id), "№", "Өтінішіңізге жауап берілді", bot.desk.clock.now())

    async def test_a_notification_arrives_once_in_the_chat_of_its_appeal(self, bot, phone):
        await filed(bot, phone)
        [appeal] = await bot.desk.rows(Appeal)
        sender, message = ChatNotificationSender(bot.desk.parts.units), self.message(bot, appeal.id)
        for _ in range(2):
            with pytest.raises(ServerUnavailable):
                await sender.send(message)
        await bot.send()
        await sender.send(message)
        assert [each["text"] for each in bot.telegram.messages_to(601)].count(message.text) == 1

    async def test_a_notification_that_cannot_arrive_is_refused(self, bot, phone):
        await filed(bot, phone)
        [appeal] = await bot.desk.rows(Appeal)
        sender, message = ChatNotificationSender(bot.desk.parts.units), self.message(bot, appeal.id)
        with pytest.raises(ServerUnavailable):
            await sender.send(message)
        bot.telegram.refuse(601, 403)
        await bot.send()
        with pytest.raises(MessageRefused):
            await sender.send(message)
        with pytest.raises(MessageRefused):
            await sender.send(self.message(bot, uuid4()))


class TestPolling:
    async def test_updates_are_polled_from_the_stored_offset(self, bot, phone):
        poller = Poller(bot.desk.parts, bot.client)
        first, second = phone.writes("/start"), phone.writes("/help")
        bot.telegram.waiting = [first]
        assert await poller.run_once()
        bot.telegram.waiting = [first, second]
        assert await poller.run_once()
        assert not await poller.run_once()
        assert bot.telegram.offsets == [None, first["update_id"] + 1, second["update_id"] + 1]
        assert len(await bot.desk.rows(BotUpdate)) == 2
        await bot.handle()
        await bot.send()
        assert bot.telegram.messages_to(601)[0]["text"].startswith(text_of("choose_language", "kk"))
        assert len(buttons(bot.telegram.messages_to(601)[0])) == 3

    async def test_a_process_that_was_suspended_while_polling_stores_nothing_once_another_polls(self, bot, phone, monkeypatch):
        stopped, another = (Poller(bot.desk.parts, bot.client) for _ in range(2))
        first, second = phone.writes("/start"), phone.writes("/help")
        bot.telegram.waiting = [first, second]
        updates = TelegramClient.updates

        async def suspended(client, _, seconds):
            monkeypatch.undo()
            assert not await another.run_once()
            bot.desk.clock.advance(timedelta(seconds=20))
            assert await another.run_once()
            return (await updates(client, None, seconds))[:1]

        monkeypatch.setattr(TelegramClient, "updates", suspended)
        assert not await stopped.run_once()
        assert len(await bot.desk.rows(BotUpdate)) == 2
        [lease] = await bot.desk.rows(BotLease)
        assert lease.next_update == second["update_id"] + 1

    async def test_one_process_polls(self, bot):
        assert not await Poller(bot.desk.parts, bot.client).run_once()
        assert not await Poller(bot.desk.parts, bot.client).run_once()
        assert len(bot.telegram.offsets) == 1

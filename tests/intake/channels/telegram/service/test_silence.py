from datetime import timedelta

from intake.channels.telegram.dependencies import conversation_worker
from intake.channels.telegram.models import BotChat, BotMessage, BotUpdate
from intake.channels.telegram.policy import script
from intake.channels.telegram.service.client import event_of
from intake.channels.telegram.service.texts import button_label, text_of
from tests.intake.channels.telegram.service.test_worker import purge, up_to_preview


class TestSilence:
    async def test_an_abandoned_draft_expires_with_a_notice(self, bot, phone):
        await up_to_preview(bot, phone)
        bot.desk.clock.advance(timedelta(hours=24))
        said = await bot.replies_to(phone.writes("Сәлем"))
        assert said[0]["text"] == text_of("expired", "kk")

    async def test_the_hourly_job_erases_an_abandoned_draft(self, bot, phone):
        await up_to_preview(bot, phone)
        bot.desk.clock.advance(timedelta(hours=25))
        await purge(bot)
        [chat] = await bot.desk.rows(BotChat)
        assert (chat.step, chat.draft) == ("EXPIRED", None)
        assert (await bot.replies_to(phone.writes("Сәлем")))[0]["text"] == text_of("expired", "kk")

    async def test_after_some_hours_updates_are_erased_and_the_draft_stays(self, bot, phone):
        early = phone.writes("/cancel")
        await up_to_preview(bot, phone)
        bot.desk.clock.advance(timedelta(hours=7))
        await purge(bot)
        assert {row.body for row in await bot.desk.rows(BotUpdate)} == {None}
        assert await bot.replies_to(early) == []
        [reply] = await bot.press(phone, button_label("confirm", "kk"))
        assert "PIN: " in reply["text"]

    async def test_rows_are_deleted_after_their_retention(self, bot, phone):
        await bot.replies_to(phone.writes("/start"))
        bot.desk.clock.advance(timedelta(days=31))
        await purge(bot)
        assert await bot.desk.rows(BotUpdate) == []
        assert await bot.desk.rows(BotMessage) == []

    async def test_groups_voices_and_pictures_get_a_reason(self, bot, phone):
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"))
        for update in (phone.sends_voice(), phone.sends_photo()):
            assert (await bot.replies_to(update))[0]["text"] == text_of("no_files", "kk")
        await bot.replies_to(phone.speaks_in_a_group())
        assert "топта" in bot.telegram.messages_to(-501)[0]["text"]
        assert await bot.replies_to(phone.speaks_in_a_group("just talk")) == []

    async def test_an_album_has_one_reply_however_its_pictures_come(self, bot, phone):
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"))
        first, *others = phone.sends_album(5)
        said = await bot.replies_to(first, *reversed(others))
        assert [each["text"] for each in said] == [text_of("no_files", "kk")]
        await bot.bring(*phone.sends_album(5, "24680"))
        await bot.handle()
        await bot.send()
        assert [each["text"] for each in bot.telegram.messages_to(phone.chat_id)[-2:]] == [text_of("no_files", "kk")] * 2

    async def test_an_album_has_one_reply_when_a_worker_dies_among_its_pictures(self, bot, phone):
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"))
        await bot.bring(*phone.sends_album(3))
        bot.desk.clock.advance(timedelta(milliseconds=bot.settings.telegram_settle_ms))
        assert await bot.conversations.claim(1)  # and then the worker is lost
        other = conversation_worker(bot.desk.app.state.intake, event_of)
        await bot.bring(*phone.sends_album(2))
        bot.desk.clock.advance(timedelta(seconds=script().limits.lease_seconds + 1))
        while await other.run_once():
            pass
        await bot.send()
        assert [each["text"] for each in bot.telegram.messages_to(phone.chat_id)].count(text_of("no_files", "kk")) == 1

import json
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from intake.channels.telegram.models import BotChat, BotMessage, BotUpdate
from intake.channels.telegram.service import handling
from intake.channels.telegram.service.client import event_of
from intake.channels.telegram.service.handling import Conversations
from intake.channels.telegram.service.texts import button, script, words
from intake.channels.telegram.service.updates import chat_key
from intake.register.models import Appeal, Provider
from shared.domain.taxonomy import taxonomy
from shared.ids import derived
from tests.telegram_double import Phone, buttons, keys

SEND = "1414 нөміріне өтініш жіберу"


@pytest.fixture
def phone():
    return Phone(501)


async def up_to_preview(bot, phone, text="Кезек ұзақ"):
    await bot.hear(phone.says("/start"), phone.presses("l:kk"), phone.says(SEND))
    await bot.press(phone, "Абай облысы")
    await bot.press(phone, button("no_provider", "kk"))
    await bot.hear(phone.says(text))
    await bot.press(phone, taxonomy().kinds["COMPLAINT"].label.kk)
    return await bot.press(phone, button("anonymous", "kk"))


async def filed(bot, phone):
    await up_to_preview(bot, phone)
    return await bot.press(phone, button("confirm", "kk"))


def begin(bot, phone):
    """The updates that begin an appeal, and what its buttons are marked with: the draft's id follows from the update that begins it."""
    start, language, send = phone.says("/start"), phone.presses("l:kk"), phone.says(SEND)
    key = chat_key(bot.desk.parts.pepper, phone.chat_id)
    return start, language, send, str(derived(UUID(bytes=key[:16]), "draft", send["update_id"]))[:8]


def whole_conversation(bot, phone, text="Кезек ұзақ"):
    """Ten updates; the buttons are known beforehand."""
    start, language, send, tag = begin(bot, phone)
    written = [phone.presses(f"r:KZ-43:{tag}"), phone.presses(f"p:n:{tag}"), phone.says(text)]
    chosen = [f"k:COMPLAINT:{tag}", f"c:n:{tag}", f"ok::{tag}", f"ok::{tag}"]
    return [start, language, send, *written, *(phone.presses(each) for each in chosen)]


async def text_of(bot, appeal):
    return bot.desk.parts.sealer.open("appeal", appeal.id, "text", appeal.text).decode()


async def claimed(bot):
    """What `run_once` hands to `handle`."""
    [found] = await bot.conversations.claim(1)
    return found


class TestJourney:
    async def test_an_appeal_is_filed_with_its_number_and_found_in_the_history(self, bot, phone):
        [told] = await filed(bot, phone)
        [appeal] = await bot.desk.rows(Appeal)
        assert appeal.number in told["text"]
        assert (appeal.channel, appeal.answer_by, appeal.region, appeal.kind) == ("TELEGRAM", "TELEGRAM", "KZ-10", "COMPLAINT")
        pin = told["text"].split("PIN: ")[1][:8]
        assert (await bot.desk.track(appeal.number, pin)).status_code == 200
        [history] = await bot.hear(phone.says("Өтініш тарихы"))
        [(label, _)] = buttons(history)
        assert label.startswith(appeal.number)
        [shown] = await bot.press(phone, label)
        assert taxonomy().statuses["REGISTERED"].label.kk in shown["text"]

    async def test_a_provider_is_suggested_from_the_directory_and_chosen(self, bot, phone):
        async with bot.desk.parts.database.write() as session:
            for number in (1, 2):
                names = {"name_kk": f"№ {number} емхана", "name_ru": f"Поликлиника № {number}", "short_name": "", "aliases": []}
                kept = {"region": "KZ-10", "district": "", "kind": "PHC", "ownership": "STATE", "active": True}
                session.add(Provider(id=bot.desk.parts.ids.new(), **names, **kept))
        await bot.hear(phone.says("/start"), phone.presses("l:kk"), phone.says(SEND))
        await bot.press(phone, "Абай облысы")
        [offered] = await bot.hear(phone.says("емханаа"))
        assert {"№ 1 емхана", "№ 2 емхана"} <= {label for label, _ in buttons(offered)}
        [asked] = await bot.press(phone, "№ 2 емхана")
        assert asked["text"] == words("matter", "kk")

    async def test_a_phone_is_shared_by_a_key_that_goes_away_again(self, bot, phone):
        await bot.hear(phone.says("/start"), phone.presses("l:ru"), phone.says("Отправить обращение на 1414"))
        await bot.press(phone, "область Абай")
        await bot.press(phone, button("no_provider", "ru"))
        await bot.hear(phone.says("Долго ждали"))
        await bot.press(phone, taxonomy().kinds["COMPLAINT"].label.ru)
        await bot.press(phone, button("agree", "ru"))
        [asked] = await bot.hear(phone.says("Сынақ Азамат"))
        assert '"request_contact": true' in asked["reply_markup"]
        thanks, _ = await bot.hear(phone.shares("77010000000"))
        assert keys(thanks)[0] == "Отправить обращение на 1414"
        [preview] = await bot.press(phone, button("skip", "ru"))
        assert "+7 7•• ••• •• 00" in preview["text"]

    @pytest.mark.parametrize("is_disordered", [False, True])
    async def test_the_address_and_the_consent_to_tell_the_organisation_reach_the_register(self, bot, phone, is_disordered):
        *begun, tag = begin(bot, phone)
        named = [phone.presses(f"r:KZ-43:{tag}"), phone.says("Жоқ емхана"), phone.says("Кезек ұзақ"), phone.presses(f"k:COMPLAINT:{tag}")]
        mine = [phone.presses(f"c:y:{tag}"), phone.says("Сынақ Азамат"), phone.shares("77010000000"), phone.says("Сынақ көшесі 1")]
        updates = [*begun, *named, *mine, phone.presses(f"d:y:{tag}")]
        if is_disordered:
            random.Random(3).shuffle(updates)
            for each in updates:
                await bot.hear(each)
        else:
            await bot.hear(*updates)
        await bot.press(phone, button("confirm", "kk"))
        [appeal] = await bot.desk.rows(Appeal)
        assert sorted(appeal.consents) == ["DISCLOSE_TO_PROVIDER", "PROCESSING"]
        applicant = json.loads(bot.desk.parts.sealer.open("appeal", appeal.id, "applicant", appeal.applicant))
        assert (applicant["full_name"], applicant["address"]) == ("Сынақ Азамат", "Сынақ көшесі 1")
        assert "Сынақ көшесі".encode() not in await bot.desk.engine.stored(bot.desk.parts.database)

    async def test_another_chat_sees_nothing_of_it(self, bot, phone):
        await filed(bot, phone)
        [appeal] = await bot.desk.rows(Appeal)
        stranger = Phone(502, phone.ids)
        await bot.hear(stranger.says("/start"), stranger.presses("l:kk"))
        for code in ("a", "an", "ou"):
            [told] = await bot.hear(stranger.presses(f"{code}:{appeal.id.hex}"))
            assert told["text"] == words("not_possible", "kk")
        assert (await bot.hear(stranger.says("Өтініш тарихы")))[0]["text"] == words("no_appeals", "kk")

    async def test_no_word_stands_in_the_database(self, bot, phone):
        await up_to_preview(bot, phone, text="Жүрек ауырады")
        await bot.press(phone, button("confirm", "kk"))
        stored = await bot.desk.engine.stored(bot.desk.parts.database)
        for word in ("Жүрек", "\nPIN: ", "Өтінішіңіз"):
            assert word.encode() not in stored
        assert {row.body for row in await bot.desk.rows(BotUpdate)} == {None}
        assert {row.payload for row in await bot.desk.rows(BotMessage)} == {None}


class TestOrder:
    async def test_updates_that_come_shuffled_and_thrice_are_handled_in_order_and_once(self, bot, phone):
        await bot.hear(phone.says("/start"), phone.presses("l:kk"))
        lines = [phone.says(SEND), phone.says("/cancel"), phone.says(SEND), phone.says("/cancel")] * 3
        lines = [{**each, "update_id": next(phone.ids)} for each in lines]
        brought = lines * 3
        random.Random(5).shuffle(brought)
        await bot.bring(*brought)
        await bot.handle()
        await bot.send()
        said = [each["text"] for each in bot.telegram.said(phone.chat_id)][2:]
        assert said == [words("region", "kk", page="1", pages="2"), words("cancelled", "kk")] * 6

    async def test_a_chat_waits_until_no_more_comes(self, bot, phone):
        await bot.bring(phone.says("/start"))
        assert not await bot.conversations.run_once()
        bot.desk.clock.advance(timedelta(milliseconds=200))
        await bot.bring(phone.presses("l:kk"))
        bot.desk.clock.advance(timedelta(milliseconds=200))
        assert not await bot.conversations.run_once()
        bot.desk.clock.advance(timedelta(milliseconds=100))
        assert await bot.conversations.run_once()
        assert {row.handled_at is None for row in await bot.desk.rows(BotUpdate)} == {False}

    async def test_a_press_behind_what_was_handled_moves_nothing(self, bot, phone):
        early = phone.says("/cancel")
        await bot.hear(phone.says("/start"), phone.presses("l:kk"), phone.says(SEND))
        assert await bot.hear(early) == []
        [chat] = await bot.desk.rows(BotChat)
        assert chat.step == "REGION"

    async def test_after_a_long_silence_telegram_may_count_anew(self, bot, phone):
        early = phone.says("/start")
        await bot.hear(phone.says("/start"), phone.presses("l:kk"))
        bot.desk.clock.advance(timedelta(days=8))
        assert await bot.hear(early) != []


class TestFold:
    """Updates of one conversation that come one by one, each handled before the next, in an order of their own."""

    @pytest.mark.parametrize("seed", range(6))
    async def test_in_whatever_order_they_come_the_appeal_is_the_same_and_one(self, bot, phone, seed):
        updates = whole_conversation(bot, phone)
        random.Random(seed).shuffle(updates)
        await bot.hear(*updates)
        [appeal] = await bot.desk.rows(Appeal)
        assert (appeal.region, appeal.kind) == ("KZ-43", "COMPLAINT")
        assert await text_of(bot, appeal) == "Кезек ұзақ"
        talons = [each["text"] for each in bot.telegram.said(501) if "PIN: " in each["text"]]
        assert len(talons) == 1
        assert appeal.number in talons[0]
        [chat] = await bot.desk.rows(BotChat)
        assert chat.step == "MENU"
        assert {row.update_id for row in await bot.desk.rows(BotUpdate) if row.body} <= {max(each["update_id"] for each in updates)}

    async def test_what_came_too_early_is_not_said_again_and_the_person_hears_where_they_stand(self, bot, phone):
        start, language, send, region, provider, *_ = whole_conversation(bot, phone)
        await bot.hear(start, language, send, provider)
        said = await bot.hear(region)
        assert [each["text"] for each in said] == [words("matter", "kk")]

    async def test_whoever_s_language_comes_last_still_reads_what_the_bot_may_be_told(self, bot, phone):
        start, language, send, *_ = whole_conversation(bot, phone)
        await bot.hear(start, send)
        said = await bot.hear(language)
        assert words("welcome", "kk") in said[0]["text"]
        assert said[1]["text"] == words("region", "kk", page="1", pages="2")

    async def test_a_late_update_that_changes_nothing_says_nothing(self, bot, phone):
        start, language, send, *_ = whole_conversation(bot, phone)
        await bot.hear(language, send)
        assert await bot.hear(start) == []

    async def test_a_list_that_was_asked_for_late_is_given_once(self, bot, phone):
        start, language, asked, menu, other = (
            *(phone.says("/start"), phone.presses("l:kk"), phone.says("Өтініш тарихы")),
            *(phone.says("Бас мәзір"), phone.says("Бас мәзір")),
        )
        await bot.hear(start, language, other)
        assert [each["text"] for each in await bot.hear(asked)] == [words("no_appeals", "kk")]
        assert await bot.hear(menu) == []

    async def test_what_comes_after_the_appeal_is_registered_is_too_late_for_it(self, bot, phone):
        updates = whole_conversation(bot, phone)
        early, again = updates[0], updates[-2]
        await bot.hear(*updates[1:-2], updates[-1])
        assert await bot.hear(early, again) == []
        assert "тіркеліп қойған" in [sent for method, sent in bot.telegram.calls if method == "answerCallbackQuery"][-1]["text"]
        assert len(await bot.desk.rows(Appeal)) == 1

    async def test_the_next_appeal_begins_where_the_first_was_settled(self, bot, phone):
        first = whole_conversation(bot, phone)
        second = whole_conversation(bot, phone, text="Екінші мәселе")[2:]
        await bot.hear(*first)
        random.Random(3).shuffle(second)
        await bot.hear(*second)
        assert {await text_of(bot, appeal) for appeal in await bot.desk.rows(Appeal)} == {"Кезек ұзақ", "Екінші мәселе"}

    async def test_words_of_danger_are_answered_however_late_they_come(self, bot, phone):
        start, language, early = phone.says("/start"), phone.presses("l:kk"), phone.says("Әкем есінен танып қалды")
        await bot.hear(start, language, phone.says(SEND))
        assert [each["text"] for each in await bot.hear(early)] == [words("danger", "kk")]

    async def test_a_conversation_that_goes_on_for_long_is_not_kept_whole(self, bot, phone, monkeypatch):
        limits = replace(script().limits, in_hand=5)
        monkeypatch.setattr(handling, "script", lambda: replace(script(), limits=limits))
        await bot.hear(phone.says("/start"), phone.presses("l:kk"), *(phone.says("Бас мәзір") for _ in range(4)))
        assert {row.state for row in await bot.desk.rows(BotUpdate)} == {"SETTLED"}
        await bot.hear(phone.says(SEND))
        assert {row.state for row in await bot.desk.rows(BotUpdate)} == {"SETTLED", "IN_HAND"}

    async def test_what_was_taken_before_a_crash_is_handled_again_as_it_was(self, bot, phone):
        *updates, first_tap, second_tap = whole_conversation(bot, phone)
        await bot.hear(*updates)
        await bot.bring(second_tap)
        bot.desk.clock.advance(timedelta(seconds=1))
        await claimed(bot)  # and lost
        await bot.bring(first_tap)
        bot.desk.clock.advance(timedelta(seconds=61))
        another = Conversations(bot.desk.app.state.intake, event_of)
        [(_, again)] = await another.claim(1)
        assert [row.update_id for row in again] == [second_tap["update_id"]]


class TestTrouble:
    async def test_an_update_that_fails_is_tried_again_and_then_put_aside(self, bot, phone):
        broken = phone.says("x")
        broken["message"]["date"] = "yesterday"
        assert await bot.hear(broken) == []
        for _ in range(2):
            bot.desk.clock.advance(handling.AGAIN)
            await bot.handle()
        await bot.send()
        assert bot.telegram.said(501)[-1]["text"] == words("trouble", "kk")
        [update] = await bot.desk.rows(BotUpdate)
        assert (update.state, update.attempts) == ("ASIDE", 2)
        assert await bot.hear(phone.says("/start")) != []

    async def test_others_go_on_meanwhile(self, bot, phone):
        broken = phone.says("x")
        broken["message"]["date"] = "yesterday"
        other = Phone(502, phone.ids)
        await bot.bring(broken)
        assert (await bot.hear(other.says("/start")))[0]["text"] != words("trouble", "kk")

    @pytest.mark.parametrize("name", ["draft", "start"])
    async def test_a_chat_whose_state_cannot_be_opened_is_put_aside_and_others_go_on(self, bot, phone, name):
        await bot.hear(phone.says("/start"), phone.presses("l:kk"), phone.says(SEND))
        async with bot.desk.parts.database.write() as session:
            await session.execute(sa.update(BotChat).values({name: b"\x01\x00broken"}))
        other = Phone(502, phone.ids)
        await bot.bring(phone.says("Абай"), other.says("/start"))
        await bot.handle()
        await bot.send()
        assert bot.telegram.said(502) != []
        [broken] = [row for row in await bot.desk.rows(BotChat) if row.language]
        assert (broken.due_at, broken.leased_by) == (None, None)
        assert not await bot.conversations.run_once()

    async def test_a_message_that_cannot_be_opened_does_not_hold_up_the_others(self, bot, phone):
        await bot.bring(phone.says("/start"))
        await bot.handle()
        async with bot.desk.parts.database.write() as session:
            await session.execute(sa.update(BotMessage).values(payload=b"\x01\x00broken"))
        await bot.hear(Phone(502, phone.ids).says("/start"))
        assert {row.state for row in await bot.desk.rows(BotMessage)} == {"FAILED", "SENT"}
        assert bot.telegram.said(502) != []

    async def test_what_nobody_foresaw_ends_no_worker(self, bot, phone, monkeypatch):
        await bot.bring(phone.says("/start"))

        async def fails(*_):
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr(Conversations, "_store", fails)
            await bot.handle()
        bot.desk.clock.advance(timedelta(seconds=61))
        await bot.handle()
        await bot.send()
        assert len(bot.telegram.said(501)) == 1


class TestSilence:
    async def test_a_draft_left_alone_is_forgotten_and_told(self, bot, phone):
        await up_to_preview(bot, phone)
        bot.desk.clock.advance(timedelta(hours=24))
        said = await bot.hear(phone.says("Сәлем"))
        assert said[0]["text"] == words("expired", "kk")

    async def test_the_hourly_job_erases_it_where_nobody_comes_back(self, bot, phone):
        await up_to_preview(bot, phone)
        bot.desk.clock.advance(timedelta(hours=25))
        await handling.forget(bot.desk.app.state.intake)
        [chat] = await bot.desk.rows(BotChat)
        assert (chat.step, chat.draft) == ("EXPIRED", None)
        assert (await bot.hear(phone.says("Сәлем")))[0]["text"] == words("expired", "kk")

    async def test_after_some_hours_what_was_said_is_dropped_and_the_draft_goes_on(self, bot, phone):
        early = phone.says("/cancel")
        await up_to_preview(bot, phone)
        bot.desk.clock.advance(timedelta(hours=7))
        await handling.forget(bot.desk.app.state.intake)
        assert {row.body for row in await bot.desk.rows(BotUpdate)} == {None}
        assert await bot.hear(early) == []
        [told] = await bot.press(phone, button("confirm", "kk"))
        assert "PIN: " in told["text"]

    async def test_what_is_long_past_is_dropped(self, bot, phone):
        await bot.hear(phone.says("/start"))
        bot.desk.clock.advance(timedelta(days=31))
        await handling.forget(bot.desk.app.state.intake)
        assert await bot.desk.rows(BotUpdate) == []
        assert await bot.desk.rows(BotMessage) == []

    async def test_groups_voices_and_pictures_get_a_reason(self, bot, phone):
        await bot.hear(phone.says("/start"), phone.presses("l:kk"))
        for update in (phone.sends_voice(), phone.sends_photo()):
            assert (await bot.hear(update))[0]["text"] == words("no_files", "kk")
        await bot.hear(phone.speaks_in_a_group())
        assert "топта" in bot.telegram.said(-501)[0]["text"]
        assert await bot.hear(phone.speaks_in_a_group("just talk")) == []

    async def test_an_album_has_one_reply_however_its_pictures_come(self, bot, phone):
        await bot.hear(phone.says("/start"), phone.presses("l:kk"))
        first, *others = phone.sends_album(5)
        said = await bot.hear(first, *reversed(others))
        assert [each["text"] for each in said] == [words("no_files", "kk")]
        await bot.bring(*phone.sends_album(5, "24680"))
        await bot.handle()
        await bot.send()
        assert [each["text"] for each in bot.telegram.said(phone.chat_id)[-2:]] == [words("no_files", "kk")] * 2

    async def test_an_album_has_one_reply_when_a_worker_dies_among_its_pictures(self, bot, phone):
        await bot.hear(phone.says("/start"), phone.presses("l:kk"))
        await bot.bring(*phone.sends_album(3))
        bot.desk.clock.advance(timedelta(milliseconds=bot.settings.telegram_settle_ms))
        assert await bot.conversations.claim(1)  # and then the worker is lost
        other = Conversations(bot.desk.app.state.intake, event_of)
        await bot.bring(*phone.sends_album(2))
        bot.desk.clock.advance(timedelta(seconds=script().limits.lease_seconds + 1))
        while await other.run_once():
            pass
        await bot.send()
        assert [each["text"] for each in bot.telegram.said(phone.chat_id)].count(words("no_files", "kk")) == 1

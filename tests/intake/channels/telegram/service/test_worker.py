import json
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from intake.channels.telegram.dependencies import conversation_worker
from intake.channels.telegram.models import BotChat, BotMessage, BotUpdate
from intake.channels.telegram.policy import script
from intake.channels.telegram.service import worker
from intake.channels.telegram.service.client import event_of
from intake.channels.telegram.service.texts import button_label, text_of
from intake.channels.telegram.service.updates import chat_key
from intake.channels.telegram.service.worker import ConversationWorker
from intake.register.models import Appeal, Provider
from shared.domain.taxonomy import taxonomy
from shared.ids import derived
from shared.language.danger_advice import danger_advice
from tests.telegram_double import Phone, buttons, keys

SEND = "1414 нөміріне өтініш жіберу"


async def up_to_preview(bot, phone, text="Кезек ұзақ"):
    await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"), phone.writes(SEND))
    await bot.press(phone, "Абай облысы")
    await bot.press(phone, button_label("no_provider", "kk"))
    await bot.replies_to(phone.writes(text))
    await bot.press(phone, taxonomy().kinds["COMPLAINT"].label.kk)
    return await bot.press(phone, button_label("anonymous", "kk"))


async def filed(bot, phone):
    await up_to_preview(bot, phone)
    return await bot.press(phone, button_label("confirm", "kk"))


def begin(bot, phone):
    """Return the updates that begin an appeal, and the tag of its buttons, which follows from the update that begins the draft."""
    start, language, send = phone.writes("/start"), phone.presses("l:kk"), phone.writes(SEND)
    key = chat_key(bot.desk.parts.pepper, phone.chat_id)
    return start, language, send, str(derived(UUID(bytes=key[:16]), "draft", send["update_id"]))[:8]


def whole_conversation(bot, phone, text="Кезек ұзақ"):
    """Return ten updates; the buttons are known beforehand."""
    start, language, send, tag = begin(bot, phone)
    written = [phone.presses(f"r:KZ-43:{tag}"), phone.presses(f"p:n:{tag}"), phone.writes(text)]
    chosen = [f"k:COMPLAINT:{tag}", f"c:n:{tag}", f"ok::{tag}", f"ok::{tag}"]
    return [start, language, send, *written, *(phone.presses(each) for each in chosen)]


async def appeal_text(bot, appeal):
    return bot.desk.parts.sealer.open("appeal", appeal.id, "text", appeal.text).decode()


async def claimed(bot):
    """Claim one chat, as `run_once` does before `handle`."""
    [found] = await bot.conversations.claim(1)
    return found


async def purge(bot):
    """Run the hourly job."""
    async with bot.desk.parts.units.write() as work:
        await worker.purge(work)


class TestJourney:
    async def test_an_appeal_is_filed_with_its_number_and_found_in_the_history(self, bot, phone):
        [reply] = await filed(bot, phone)
        [appeal] = await bot.desk.rows(Appeal)
        assert appeal.number in reply["text"]
        assert (appeal.channel, appeal.answer_by, appeal.region, appeal.kind) == ("TELEGRAM", "TELEGRAM", "KZ-10", "COMPLAINT")
        pin = reply["text"].split("PIN: ")[1][:8]
        assert (await bot.desk.track(appeal.number, pin)).status_code == 200
        [history] = await bot.replies_to(phone.writes("Өтініш тарихы"))
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
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"), phone.writes(SEND))
        await bot.press(phone, "Абай облысы")
        [offered] = await bot.replies_to(phone.writes("емханаа"))
        assert {"№ 1 емхана", "№ 2 емхана"} <= {label for label, _ in buttons(offered)}
        [asked] = await bot.press(phone, "№ 2 емхана")
        assert asked["text"] == text_of("matter", "kk")

    async def test_a_phone_is_shared_by_a_key_that_goes_away_again(self, bot, phone):
        await bot.replies_to(phone.writes("/start"), phone.presses("l:ru"), phone.writes("Отправить обращение на 1414"))
        await bot.press(phone, "область Абай")
        await bot.press(phone, button_label("no_provider", "ru"))
        await bot.replies_to(phone.writes("Долго ждали"))
        await bot.press(phone, taxonomy().kinds["COMPLAINT"].label.ru)
        await bot.press(phone, button_label("agree", "ru"))
        [asked] = await bot.replies_to(phone.writes("Сынақ Азамат"))
        assert '"request_contact": true' in asked["reply_markup"]
        thanks, _ = await bot.replies_to(phone.shares("77010000000"))
        assert keys(thanks)[0] == "Отправить обращение на 1414"
        [preview] = await bot.press(phone, button_label("skip", "ru"))
        assert "+7 7•• ••• •• 00" in preview["text"]

    @pytest.mark.parametrize("is_disordered", [False, True])
    async def test_the_address_and_the_consent_to_disclose_reach_the_register(self, bot, phone, is_disordered):
        *begun, tag = begin(bot, phone)
        named = [
            phone.presses(f"r:KZ-43:{tag}"),
            phone.writes("Жоқ емхана"),
            phone.writes("Кезек ұзақ"),
            phone.presses(f"k:COMPLAINT:{tag}"),
        ]
        mine = [phone.presses(f"c:y:{tag}"), phone.writes("Сынақ Азамат"), phone.shares("77010000000"), phone.writes("Сынақ көшесі 1")]
        updates = [*begun, *named, *mine, phone.presses(f"d:y:{tag}")]
        if is_disordered:
            random.Random(3).shuffle(updates)
            for each in updates:
                await bot.replies_to(each)
        else:
            await bot.replies_to(*updates)
        await bot.press(phone, button_label("confirm", "kk"))
        [appeal] = await bot.desk.rows(Appeal)
        assert sorted(appeal.consents) == ["DISCLOSE_TO_PROVIDER", "PROCESSING"]
        applicant = json.loads(bot.desk.parts.sealer.open("appeal", appeal.id, "applicant", appeal.applicant))
        assert (applicant["full_name"], applicant["address"]) == ("Сынақ Азамат", "Сынақ көшесі 1")
        assert "Сынақ көшесі".encode() not in await bot.desk.engine.stored(bot.desk.parts.database)

    async def test_another_chat_sees_nothing_of_it(self, bot, phone):
        await filed(bot, phone)
        [appeal] = await bot.desk.rows(Appeal)
        stranger = Phone(502, phone.ids)
        await bot.replies_to(stranger.writes("/start"), stranger.presses("l:kk"))
        for code in ("a", "an", "ou"):
            [reply] = await bot.replies_to(stranger.presses(f"{code}:{appeal.id.hex}"))
            assert reply["text"] == text_of("not_possible", "kk")
        assert (await bot.replies_to(stranger.writes("Өтініш тарихы")))[0]["text"] == text_of("no_appeals", "kk")

    async def test_no_text_is_readable_in_the_database(self, bot, phone):
        await up_to_preview(bot, phone, text="Жүрек ауырады")
        await bot.press(phone, button_label("confirm", "kk"))
        stored = await bot.desk.engine.stored(bot.desk.parts.database)
        for word in ("Жүрек", "\nPIN: ", "Өтінішіңіз"):
            assert word.encode() not in stored
        assert {row.body for row in await bot.desk.rows(BotUpdate)} == {None}
        assert {row.payload for row in await bot.desk.rows(BotMessage)} == {None}


class TestOrder:
    async def test_shuffled_and_repeated_updates_are_handled_in_order_and_once(self, bot, phone):
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"))
        lines = [phone.writes(SEND), phone.writes("/cancel"), phone.writes(SEND), phone.writes("/cancel")] * 3
        lines = [{**each, "update_id": next(phone.ids)} for each in lines]
        brought = lines * 3
        random.Random(5).shuffle(brought)
        await bot.bring(*brought)
        await bot.handle()
        await bot.send()
        said = [each["text"] for each in bot.telegram.messages_to(phone.chat_id)][2:]
        assert said == [text_of("region", "kk", page="1", pages="2"), text_of("cancelled", "kk")] * 6

    async def test_a_chat_is_handled_after_the_settle_window(self, bot, phone):
        await bot.bring(phone.writes("/start"))
        assert not await bot.conversations.run_once()
        bot.desk.clock.advance(timedelta(milliseconds=200))
        await bot.bring(phone.presses("l:kk"))
        bot.desk.clock.advance(timedelta(milliseconds=200))
        assert not await bot.conversations.run_once()
        bot.desk.clock.advance(timedelta(milliseconds=100))
        assert await bot.conversations.run_once()
        assert {row.handled_at is None for row in await bot.desk.rows(BotUpdate)} == {False}

    async def test_an_older_update_that_arrives_late_changes_nothing(self, bot, phone):
        early = phone.writes("/cancel")
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"), phone.writes(SEND))
        assert await bot.replies_to(early) == []
        [chat] = await bot.desk.rows(BotChat)
        assert chat.step == "REGION"

    async def test_after_a_long_silence_telegram_may_restart_its_numbers(self, bot, phone):
        early = phone.writes("/start")
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"))
        bot.desk.clock.advance(timedelta(days=8))
        assert await bot.replies_to(early) != []


class TestReplay:
    """Updates of one conversation that arrive one by one in any order, each handled before the next."""

    @pytest.mark.parametrize("seed", range(6))
    async def test_any_order_of_arrival_files_the_same_single_appeal(self, bot, phone, seed):
        updates = whole_conversation(bot, phone)
        random.Random(seed).shuffle(updates)
        await bot.replies_to(*updates)
        [appeal] = await bot.desk.rows(Appeal)
        assert (appeal.region, appeal.kind) == ("KZ-43", "COMPLAINT")
        assert await appeal_text(bot, appeal) == "Кезек ұзақ"
        talons = [each["text"] for each in bot.telegram.messages_to(501) if "PIN: " in each["text"]]
        assert len(talons) == 1
        assert appeal.number in talons[0]
        [chat] = await bot.desk.rows(BotChat)
        assert chat.step == "MENU"
        assert {row.update_id for row in await bot.desk.rows(BotUpdate) if row.body} <= {max(each["update_id"] for each in updates)}

    async def test_replies_are_not_repeated_and_the_current_question_is_asked(self, bot, phone):
        start, language, send, region, provider, *_ = whole_conversation(bot, phone)
        await bot.replies_to(start, language, send, provider)
        said = await bot.replies_to(region)
        assert [each["text"] for each in said] == [text_of("matter", "kk")]

    async def test_a_late_language_still_brings_the_welcome(self, bot, phone):
        start, language, send, *_ = whole_conversation(bot, phone)
        await bot.replies_to(start, send)
        said = await bot.replies_to(language)
        assert text_of("welcome", "kk", danger=danger_advice("kk").whole) in said[0]["text"]
        assert said[1]["text"] == text_of("region", "kk", page="1", pages="2")

    async def test_a_late_update_without_effect_has_no_reply(self, bot, phone):
        start, language, send, *_ = whole_conversation(bot, phone)
        await bot.replies_to(language, send)
        assert await bot.replies_to(start) == []

    async def test_a_list_that_was_requested_late_is_sent_once(self, bot, phone):
        start, language, asked, menu, other = (
            *(phone.writes("/start"), phone.presses("l:kk"), phone.writes("Өтініш тарихы")),
            *(phone.writes("Бас мәзір"), phone.writes("Бас мәзір")),
        )
        await bot.replies_to(start, language, other)
        assert [each["text"] for each in await bot.replies_to(asked)] == [text_of("no_appeals", "kk")]
        assert await bot.replies_to(menu) == []

    async def test_an_update_after_the_registration_is_too_late(self, bot, phone):
        updates = whole_conversation(bot, phone)
        early, again = updates[0], updates[-2]
        await bot.replies_to(*updates[1:-2], updates[-1])
        assert await bot.replies_to(early, again) == []
        assert "тіркеліп қойған" in [sent for method, sent in bot.telegram.calls if method == "answerCallbackQuery"][-1]["text"]
        assert len(await bot.desk.rows(Appeal)) == 1

    async def test_the_next_appeal_begins_where_the_first_was_settled(self, bot, phone):
        first = whole_conversation(bot, phone)
        second = whole_conversation(bot, phone, text="Екінші мәселе")[2:]
        await bot.replies_to(*first)
        random.Random(3).shuffle(second)
        await bot.replies_to(*second)
        assert {await appeal_text(bot, appeal) for appeal in await bot.desk.rows(Appeal)} == {"Кезек ұзақ", "Екінші мәселе"}

    async def test_words_of_danger_are_answered_however_late(self, bot, phone):
        start, language, early = phone.writes("/start"), phone.presses("l:kk"), phone.writes("Әкем есінен танып қалды")
        await bot.replies_to(start, language, phone.writes(SEND))
        assert [each["text"] for each in await bot.replies_to(early)] == [danger_advice("kk").whole]

    async def test_a_long_conversation_is_settled(self, bot, phone, monkeypatch):
        limits = replace(script().limits, replayable_updates=5)
        monkeypatch.setattr(worker, "script", lambda: replace(script(), limits=limits))
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"), *(phone.writes("Бас мәзір") for _ in range(4)))
        assert {row.state for row in await bot.desk.rows(BotUpdate)} == {"SETTLED"}
        await bot.replies_to(phone.writes(SEND))
        assert {row.state for row in await bot.desk.rows(BotUpdate)} == {"SETTLED", "IN_HAND"}

    async def test_updates_claimed_before_a_crash_are_handled_again_alone(self, bot, phone):
        *updates, first_tap, second_tap = whole_conversation(bot, phone)
        await bot.replies_to(*updates)
        await bot.bring(second_tap)
        bot.desk.clock.advance(timedelta(seconds=1))
        await claimed(bot)  # and lost
        await bot.bring(first_tap)
        bot.desk.clock.advance(timedelta(seconds=61))
        another = conversation_worker(bot.desk.app.state.intake, event_of)
        [(_, again)] = await another.claim(1)
        assert [row.update_id for row in again] == [second_tap["update_id"]]


class TestTrouble:
    async def test_an_update_that_fails_is_retried_and_then_quarantined(self, bot, phone):
        broken = phone.writes("x")
        broken["message"]["date"] = "yesterday"
        assert await bot.replies_to(broken) == []
        for _ in range(2):
            bot.desk.clock.advance(worker.RETRY_AFTER)
            await bot.handle()
        await bot.send()
        assert bot.telegram.messages_to(501)[-1]["text"] == text_of("trouble", "kk")
        [update] = await bot.desk.rows(BotUpdate)
        assert (update.state, update.attempts) == ("ASIDE", 2)
        assert await bot.replies_to(phone.writes("/start")) != []

    async def test_others_go_on_meanwhile(self, bot, phone):
        broken = phone.writes("x")
        broken["message"]["date"] = "yesterday"
        other = Phone(502, phone.ids)
        await bot.bring(broken)
        assert (await bot.replies_to(other.writes("/start")))[0]["text"] != text_of("trouble", "kk")

    @pytest.mark.parametrize("name", ["draft", "start"])
    async def test_a_chat_whose_state_cannot_be_opened_does_not_delay_others(self, bot, phone, name):
        await bot.replies_to(phone.writes("/start"), phone.presses("l:kk"), phone.writes(SEND))
        async with bot.desk.parts.database.write() as session:
            await session.execute(sa.update(BotChat).values({name: b"\x01\x00broken"}))
        other = Phone(502, phone.ids)
        await bot.bring(phone.writes("Абай"), other.writes("/start"))
        await bot.handle()
        await bot.send()
        assert bot.telegram.messages_to(502) != []
        [broken] = [row for row in await bot.desk.rows(BotChat) if row.language]
        assert (broken.due_at, broken.leased_by) == (None, None)
        assert not await bot.conversations.run_once()

    async def test_a_message_that_cannot_be_opened_does_not_delay_the_others(self, bot, phone):
        await bot.bring(phone.writes("/start"))
        await bot.handle()
        async with bot.desk.parts.database.write() as session:
            await session.execute(sa.update(BotMessage).values(payload=b"\x01\x00broken"))
        await bot.replies_to(Phone(502, phone.ids).writes("/start"))
        assert {row.state for row in await bot.desk.rows(BotMessage)} == {"FAILED", "SENT"}
        assert bot.telegram.messages_to(502) != []

    async def test_an_unexpected_error_does_not_stop_the_worker(self, bot, phone, monkeypatch):
        await bot.bring(phone.writes("/start"))

        async def fails(*_):
            raise RuntimeError

        with monkeypatch.context() as patch:
            patch.setattr(ConversationWorker, "_store", fails)
            await bot.handle()
        bot.desk.clock.advance(timedelta(seconds=61))
        await bot.handle()
        await bot.send()
        assert len(bot.telegram.messages_to(501)) == 1

"""What a person does in the chat with an appeal that was filed there, by the use cases behind every channel."""

from datetime import timedelta
from uuid import uuid4

import pytest

from intake.channels.telegram.service.texts import button, words
from intake.register.models import Appeal
from shared.contracts import ApplicantAsked, CompletionAsked
from tests.intake.channels.telegram.service.test_handling import filed, text_of
from tests.intake.register.test_applicant_api import Case, emitted, stand_in_routing
from tests.telegram_double import Phone, buttons

REASON = "Дәрігер әлі қабылдаған жоқ"


@pytest.fixture
def phone():
    return Phone(701)


@pytest.fixture
async def case(bot, phone):
    """An appeal filed in the chat, as the events of other services reach it."""
    [told] = await filed(bot, phone)
    [appeal] = await bot.desk.rows(Appeal)
    pin = told["text"].split("PIN: ")[1][:8]
    return Case(bot.desk, {"appeal_id": str(appeal.id), "number": appeal.number, "pin": pin})


async def shown(bot, phone, case):
    """The appeal as the chat's list shows it."""
    return (await bot.hear(phone.presses(f"a:{case.id.hex}")))[-1]


async def asked(case, **fact):
    due = case.desk.clock.now() + timedelta(days=3)
    await case.routed()
    await case.consume(fact.pop("event")(appeal_id=case.id, question_id=uuid4(), due_at=due, actor_role="specialist", **fact))


class TestDenial:
    async def test_a_reason_is_asked_for_and_a_new_appeal_goes_on_a_tier_up(self, bot, phone, case):
        answer_id = await case.answered()
        await shown(bot, phone, case)
        [why] = await bot.press(phone, button("unresolved", "kk"))
        assert why["text"] == words("why_unresolved", "kk")
        [told] = await bot.hear(phone.says(REASON))
        [new] = [row for row in await bot.desk.rows(Appeal) if row.id != case.id]
        assert told["text"] == words("goes_on_as", "kk", number=new.number)
        assert (new.follows, await text_of(bot, new)) == (case.id, REASON)
        [denied] = await emitted(bot.desk, "outcome-denied")
        assert str(answer_id).encode() in denied.value
        assert REASON.encode() not in denied.value
        [first, *_] = await bot.hear(phone.says(button("history", "kk")))
        assert {label.split(" · ")[0] for label, _ in buttons(first)} == {case.number, new.number}

    async def test_a_consultation_goes_on_in_its_case(self, bot, phone, case):
        await case.answered("CONSULTATION", 1)
        await bot.hear(phone.presses(f"od:{case.id.hex}"))
        [told] = await bot.hear(phone.says(REASON))
        assert told["text"] == words("goes_on", "kk")
        assert (await case.seen())["status"] == "IN_REVIEW"

    async def test_what_comes_twice_or_in_the_wrong_order_denies_once(self, bot, phone, case):
        await case.answered()
        press, reason = phone.presses(f"od:{case.id.hex}"), phone.says(REASON)
        await bot.hear(reason, press, reason, press)
        assert len(await emitted(bot.desk, "outcome-denied")) == 1
        assert len(await bot.desk.rows(Appeal)) == 2

    async def test_an_appeal_without_an_answer_cannot_be_judged(self, bot, phone, case):
        [told] = await bot.hear(phone.presses(f"ou:{case.id.hex}"))
        assert told["text"] == words("not_possible", "kk")
        assert await emitted(bot.desk, "outcome-confirmed") == []


class TestConfirmation:
    async def test_it_closes_the_matter_and_asks_for_a_rating(self, bot, phone, case):
        await case.answered()
        await shown(bot, phone, case)
        [told] = await bot.press(phone, button("resolved", "kk"))
        assert [label for label, _ in buttons(told)] == ["1", "2", "3", "4", "5"]
        assert (await case.seen())["verdict"] == "RESOLVED"

    async def test_the_rating_is_kept_and_the_latest_holds(self, bot, phone, case):
        await case.answered()
        await bot.hear(phone.presses(f"ou:{case.id.hex}"))
        for score in ("2", "5"):
            [told] = await bot.press(phone, score)
            assert told["text"] == words("rated", "kk")
        assert (await case.seen())["score"] == 5
        assert len(await emitted(bot.desk, "appeal-rated")) == 2


class TestReply:
    @pytest.mark.parametrize("fact", [{"event": ApplicantAsked}, {"event": CompletionAsked, "missing": ["ADDRESS"]}])
    async def test_a_question_of_the_fund_is_answered_in_one_message(self, bot, phone, case, fact):
        await asked(case, **fact)
        bot.desk.clock.advance(timedelta(hours=1))
        await shown(bot, phone, case)
        stand_in_routing(bot.desk)
        question, wanted = await bot.press(phone, button("reply", "kk"))
        assert (question["text"], wanted["text"]) == ("Қай күні бардыңыз?", words("write_reply", "kk"))
        [told] = await bot.hear(phone.says("Сәрсенбіде бардым"))
        assert told["text"] == words("replied", "kk")
        seen = await case.seen()
        assert seen["status"] == "IN_REVIEW"
        assert [one["text"] for one in seen["messages"] if one["by"] == "APPLICANT"] == ["Сәрсенбіде бардым"]
        assert len(await emitted(bot.desk, "message-added")) == 1

    async def test_the_draft_that_was_being_written_is_there_afterwards(self, bot, phone, case):
        await asked(case, event=ApplicantAsked)
        await bot.hear(phone.says(button("send", "kk")), phone.presses(f"re:{case.id.hex}"), phone.says("Сәрсенбіде бардым"))
        [continued] = [each for each in await bot.hear(phone.says("/start")) if buttons(each)]
        assert continued["text"] == words("kept", "kk")


class TestANumber:
    @pytest.mark.parametrize("written", ["{}", "№ {}", "№{}", "\u200b{}"])
    async def test_a_number_that_is_pasted_shows_the_appeal(self, bot, phone, case, written):
        [shown] = await bot.hear(phone.says(written.format(case.number)))
        assert case.number in shown["text"]

    async def test_the_number_of_another_chat_is_not_found(self, bot, phone, case):
        stranger = Phone(702, phone.ids)
        await bot.hear(stranger.says("/start"), stranger.presses("l:kk"))
        [told] = await bot.hear(stranger.says(case.number.replace("-", "–")))
        assert told["text"] == words("no_such_number", "kk")

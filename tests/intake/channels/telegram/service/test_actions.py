"""Actions on an appeal that was filed in the chat, by the use cases of every channel."""

from datetime import timedelta
from uuid import uuid4

import pytest

from intake.channels.telegram.service.texts import button_label, text_of
from intake.register.models import Appeal
from shared.contracts import ApplicantAsked, CompletionAsked
from tests.intake.channels.telegram.service.test_worker import appeal_text, filed
from tests.intake.offers import Offered
from tests.intake.register.service.test_consents import disclosed
from tests.intake.register.test_applicant_api import Case, emitted, stand_in_routing
from tests.telegram_double import Phone, buttons

REASON = "Дәрігер әлі қабылдаған жоқ"


@pytest.fixture
def phone():
    return Phone(701)


@pytest.fixture
async def case(bot, phone):
    """An appeal filed in the chat, as the events of other services reach it."""
    [reply] = await filed(bot, phone)
    [appeal] = await bot.desk.rows(Appeal)
    pin = reply["text"].split("PIN: ")[1][:8]
    return Case(bot.desk, {"appeal_id": str(appeal.id), "number": appeal.number, "pin": pin})


async def shown(bot, phone, case):
    """The appeal as the chat's list shows it."""
    return (await bot.replies_to(phone.presses(f"a:{case.id.hex}")))[-1]


async def asked(case, **fact):
    due = case.desk.clock.now() + timedelta(days=3)
    await case.routed()
    await case.consume(fact.pop("event")(appeal_id=case.id, question_id=uuid4(), due_at=due, actor_role="specialist", **fact))


class TestDenial:
    async def test_a_reason_is_asked_for_and_a_new_appeal_goes_on_a_tier_up(self, bot, phone, case):
        answer_id = await case.answered()
        await shown(bot, phone, case)
        [why] = await bot.press(phone, button_label("unresolved", "kk"))
        assert why["text"] == text_of("why_unresolved", "kk")
        [reply] = await bot.replies_to(phone.writes(REASON))
        [new] = [row for row in await bot.desk.rows(Appeal) if row.id != case.id]
        assert reply["text"] == text_of("goes_on_as", "kk", number=new.number)
        assert (new.follows, await appeal_text(bot, new)) == (case.id, REASON)
        [denied] = await emitted(bot.desk, "outcome-denied")
        assert str(answer_id).encode() in denied.value
        assert REASON.encode() not in denied.value
        [first, *_] = await bot.replies_to(phone.writes(button_label("history", "kk")))
        assert {label.split(" · ")[0] for label, _ in buttons(first)} == {case.number, new.number}

    async def test_a_consultation_goes_on_in_its_case(self, bot, phone, case):
        await case.answered("CONSULTATION", 1)
        await bot.replies_to(phone.presses(f"od:{case.id.hex}"))
        [reply] = await bot.replies_to(phone.writes(REASON))
        assert reply["text"] == text_of("goes_on", "kk")
        assert (await case.seen())["status"] == "IN_REVIEW"

    async def test_repeated_and_disordered_updates_deny_once(self, bot, phone, case):
        await case.answered()
        press, reason = phone.presses(f"od:{case.id.hex}"), phone.writes(REASON)
        await bot.replies_to(reason, press, reason, press)
        assert len(await emitted(bot.desk, "outcome-denied")) == 1
        assert len(await bot.desk.rows(Appeal)) == 2

    async def test_an_appeal_without_an_answer_cannot_be_judged(self, bot, phone, case):
        [reply] = await bot.replies_to(phone.presses(f"ou:{case.id.hex}"))
        assert reply["text"] == text_of("not_possible", "kk")
        assert await emitted(bot.desk, "outcome-confirmed") == []


class TestConfirmation:
    async def test_it_closes_the_appeal_and_asks_for_a_score(self, bot, phone, case):
        await case.answered()
        await shown(bot, phone, case)
        [reply] = await bot.press(phone, button_label("resolved", "kk"))
        assert [label for label, _ in buttons(reply)] == ["1", "2", "3", "4", "5"]
        assert (await case.seen())["verdict"] == "RESOLVED"

    async def test_the_latest_score_is_stored(self, bot, phone, case):
        await case.answered()
        await bot.replies_to(phone.presses(f"ou:{case.id.hex}"))
        for score in ("2", "5"):
            [reply] = await bot.press(phone, score)
            assert reply["text"] == text_of("rated", "kk")
        assert (await case.seen())["score"] == 5
        assert len(await emitted(bot.desk, "appeal-rated")) == 2


class TestReply:
    @pytest.mark.parametrize("fact", [{"event": ApplicantAsked}, {"event": CompletionAsked, "missing": ["ADDRESS"]}])
    async def test_a_question_of_the_fund_is_answered_in_one_message(self, bot, phone, case, fact):
        await asked(case, **fact)
        bot.desk.clock.advance(timedelta(hours=1))
        await shown(bot, phone, case)
        stand_in_routing(bot.desk)
        question, wanted = await bot.press(phone, button_label("reply", "kk"))
        assert (question["text"], wanted["text"]) == ("Қай күні бардыңыз?", text_of("write_reply", "kk"))
        [reply] = await bot.replies_to(phone.writes("Сәрсенбіде бардым"))
        assert reply["text"] == text_of("replied", "kk")
        seen = await case.seen()
        assert seen["status"] == "IN_REVIEW"
        assert [message["text"] for message in seen["messages"] if message["by"] == "APPLICANT"] == ["Сәрсенбіде бардым"]
        assert len(await emitted(bot.desk, "message-added")) == 1

    async def test_the_draft_is_still_there_afterwards(self, bot, phone, case):
        await asked(case, event=ApplicantAsked)
        await bot.replies_to(
            phone.writes(button_label("send", "kk")), phone.presses(f"re:{case.id.hex}"), phone.writes("Сәрсенбіде бардым")
        )
        [continued] = [each for each in await bot.replies_to(phone.writes("/start")) if buttons(each)]
        assert continued["text"] == text_of("kept", "kk")


class TestANumber:
    @pytest.mark.parametrize("written", ["{}", "№ {}", "№{}", "\u200b{}"])
    async def test_a_number_that_is_pasted_shows_the_appeal(self, bot, phone, case, written):
        [shown] = await bot.replies_to(phone.writes(written.format(case.number)))
        assert case.number in shown["text"]

    async def test_the_number_of_another_chat_is_not_found(self, bot, phone, case):
        stranger = Phone(702, phone.ids)
        await bot.replies_to(stranger.writes("/start"), stranger.presses("l:kk"))
        [reply] = await bot.replies_to(stranger.writes(case.number.replace("-", "–")))
        assert reply["text"] == text_of("no_such_number", "kk")


class TestConsent:
    @pytest.fixture
    async def disclosing(self, bot, case):
        """The person has said yes to the question of the Fund: an organisation may know who appealed."""
        named = Offered(bot.desk, {"appeal_id": str(case.id), "number": case.number, "pin": case.pin})
        assert (await named.consent(await named.consent_requested(), given=True)).status_code == 201
        assert await disclosed(named)
        return named

    async def test_it_is_withdrawn_at_the_second_press(self, bot, phone, case, disclosing):
        label = button_label("withdraw_consent", "kk")
        assert label in [each for each, _ in buttons(await shown(bot, phone, case))]
        [question] = await bot.press(phone, label)
        assert (question["text"], await disclosed(disclosing)) == (text_of("withdraw_question", "kk"), True)
        [done] = await bot.press(phone, button_label("withdraw_surely", "kk"))
        assert (done["text"], await disclosed(disclosing)) == (text_of("consent_withdrawn", "kk"), False)
        [event] = await emitted(bot.desk, "consent-withdrawn")
        assert b"TELEGRAM" in event.value
        assert label not in [each for each, _ in buttons(await shown(bot, phone, case))]

    async def test_without_a_consent_there_is_no_button_and_an_old_one_changes_nothing(self, bot, phone, case):
        assert button_label("withdraw_consent", "kk") not in [each for each, _ in buttons(await shown(bot, phone, case))]
        [refused] = await bot.replies_to(phone.presses(f"wy:{case.id.hex}"))
        assert refused["text"] == text_of("not_possible", "kk")
        assert await emitted(bot.desk, "consent-withdrawn") == []

    async def test_another_chat_withdraws_nothing(self, bot, phone, case, disclosing):
        stranger = Phone(702, ids=phone.ids)
        await bot.replies_to(stranger.presses("l:kk"))
        await bot.replies_to(stranger.presses(f"wy:{case.id.hex}"))
        assert await disclosed(disclosing)

"""The bot answers a question before it is filed: counted once, nothing filed, nothing stored of its text."""

import json

import pytest

from intake.channels.telegram.service.texts import button_label, text_of
from intake.register.models import Appeal
from intake.suggestions.models import SelfService, ShownArticles
from shared.contracts import QuestionSelfServed
from shared.messaging.tables import outbox
from tests.intake.register.test_handlers import apply
from tests.intake.suggestions.articles import CANARY, QUESTION, QUESTION_RU, article
from tests.telegram_double import Phone, buttons

ASKED = {"kk": QUESTION, "ru": QUESTION_RU}
COMPLAINTS = {
    "kk": "МРТ-ға жолдама бермейді, дәрігер дөрекі сөйлеп, қабылдаудан қуып шықты, шара қолдануыңызды талап етемін",
    "ru": "Направление на МРТ не дают, врач нагрубил и выгнал с приёма, требую принять меры",
}


@pytest.fixture
def phone():
    return Phone(702)


async def ask(bot, phone, language, text):
    """Write a text up to the reply to it."""
    await up_to_subject(bot, phone, language)
    return (await bot.replies_to(phone.writes(text)))[-1]


async def up_to_subject(bot, phone, language):
    await apply(bot.desk, article())
    await bot.replies_to(phone.presses(f"l:{language}"))
    regions = (await bot.replies_to(phone.writes(button_label("send", language))))[-1]
    tag = buttons(regions)[0][1].split(":")[2]
    await bot.replies_to(phone.presses(f"r:KZ-43:{tag}"))
    await bot.replies_to(phone.presses(f"p:n:{tag}"))


async def published(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(outbox.select().where(outbox.c.type == QuestionSelfServed.TYPE))).all()
    return [json.loads(row.value) for row in rows]


class TestArticles:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_an_answered_question_is_counted_once_and_not_filed(self, bot, phone, tmp_path, language):
        offered = await ask(bot, phone, language, f"{ASKED[language]} {CANARY}")
        assert article().answers[language] in offered["text"]
        [(label, data), (go_on, _)] = buttons(offered)
        assert (label, go_on) == (button_label("answers_me", language), button_label("continue", language))
        assert (await bot.replies_to(phone.presses(data)))[-1]["text"] == text_of("answered_by_article", language)
        await bot.replies_to(phone.presses(data))
        [event] = await published(bot.desk)
        assert (event["channel"], event["region"], event["language"]) == ("TELEGRAM", "KZ-43", language)
        assert len(await bot.desk.rows(SelfService)) == 1
        assert await bot.desk.rows(Appeal) == []
        assert [path for path in tmp_path.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()] == []

    async def test_who_goes_on_is_asked_for_the_kind_and_what_was_shown_is_noted(self, bot, phone):
        await ask(bot, phone, "kk", QUESTION)
        asked = (await bot.press(phone, button_label("continue", "kk")))[-1]
        assert asked["text"] == text_of("kind", "kk")
        for label in ("Кеңес / сұрақ", button_label("anonymous", "kk"), button_label("confirm", "kk")):
            await bot.press(phone, label)
        (appeal,) = await bot.desk.rows(Appeal)
        (shown,) = await bot.desk.rows(ShownArticles)
        assert (shown.appeal_id, shown.article_ids) == (appeal.id, [str(article().article_id)])
        assert await published(bot.desk) == []

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("kk", COMPLAINTS["kk"]),
            ("ru", COMPLAINTS["ru"]),
            ("kk", "Анам есінен танып қалды, дем алмай жатыр, жолдама қайдан аламын?"),
            ("ru", "Мама потеряла сознание и не дышит, где взять направление на МРТ?"),
            ("kk", "МРТ-ға жолдаманы қайдан аламын, дәрігер жолдама үшін пара сұрады?"),
            ("ru", "Где взять направление на МРТ? Врач вымогает за него деньги."),
        ],
    )
    async def test_complaints_danger_and_protected_subjects_are_offered_nothing(self, bot, phone, language, text):
        assert (await ask(bot, phone, language, text))["text"] == text_of("kind", language)
        assert await bot.desk.rows(SelfService) == []


class TestTheNoteOfAFile:
    """A file is not taken, its caption is: the one message that follows says so and asks on."""

    @pytest.mark.parametrize(("caption", "following"), [(QUESTION, "articles"), (COMPLAINTS["kk"], "kind")])
    async def test_it_stands_in_the_message_that_follows(self, bot, phone, caption, following):
        await up_to_subject(bot, phone, "kk")
        [reply] = await bot.replies_to(phone.sends_photo(caption=caption))
        assert reply["text"].startswith(f"{text_of('caption_only', 'kk')}\n\n{text_of(following, 'kk')}")
        assert buttons(reply)

"""Rating an organisation in the bot: region, name, one of five stars; no appeal is needed."""

from datetime import timedelta
from uuid import UUID

import pytest

from intake.channels.telegram.codes import Step
from intake.channels.telegram.service.prompts import ask
from intake.channels.telegram.service.steps import ButtonPress
from intake.channels.telegram.service.texts import button_label, text_of
from intake.ratings.models import Rating
from intake.register.models import Appeal
from tests.intake.ratings.rosters import DOCTOR, doctor, many, serve_rosters
from tests.intake.register.test_handlers import apply, recorded
from tests.telegram_double import Phone, buttons

PROVIDER, OTHER = UUID(int=23), UUID(int=24)
RATE = button_label("rate", "kk")


@pytest.fixture
def phone():
    return Phone(701)


@pytest.fixture
async def listed(bot, phone):
    """A bot whose directory has two providers, and a person who has chosen a language."""
    await apply(bot.desk, recorded(PROVIDER), recorded(OTHER, "№24 емхана"))
    await bot.replies_to(phone.presses("l:kk"))
    return bot


async def at_the_stars(bot, phone, typed="23 емхана"):
    """Rate up to the question for the stars. Return it."""
    regions = (await bot.replies_to(phone.writes(RATE)))[-1]
    tag = buttons(regions)[0][1].split(":")[2]
    await bot.replies_to(phone.presses(f"r:KZ-43:{tag}"))
    reply = (await bot.replies_to(phone.writes(typed)))[-1]
    if "№23 емхана" in [label for label, _ in buttons(reply)]:  # several organisations may be meant
        [reply] = await bot.press(phone, "№23 емхана")
    return reply


def star(message, score):
    return next(data for label, data in buttons(message) if label == f"{score} ★")


class TestStars:
    async def test_a_star_stores_the_rating_and_files_no_appeal(self, listed, phone):
        question = await at_the_stars(listed, phone)
        assert "№23 емхана" in question["text"]
        assert [label for label, _ in buttons(question)][:5] == ["1 ★", "2 ★", "3 ★", "4 ★", "5 ★"]
        replies = await listed.replies_to(phone.presses(star(question, 4)))
        assert replies[-1]["text"] == text_of("provider_rated", "kk")
        [rating] = await listed.desk.rows(Rating)
        assert (rating.provider_id, rating.score, rating.channel) == (PROVIDER, 4, "TELEGRAM")
        assert await listed.desk.rows(Appeal) == []

    async def test_a_later_rating_of_the_month_replaces_the_earlier_one(self, listed, phone):
        for score in (5, 2):
            question = await at_the_stars(listed, phone)
            await listed.replies_to(phone.presses(star(question, score)))
        assert [rating.score for rating in await listed.desk.rows(Rating)] == [2]

    async def test_two_chats_are_two_people(self, listed, phone):
        other = Phone(702, ids=phone.ids)
        await listed.replies_to(other.presses("l:kk"))
        for each in (phone, other):
            question = await at_the_stars(listed, each)
            await listed.replies_to(each.presses(star(question, 5)))
        assert len(await listed.desk.rows(Rating)) == 2

    async def test_a_repeated_press_rates_once(self, listed, phone):
        question = await at_the_stars(listed, phone)
        press = phone.presses(star(question, 3))
        await listed.replies_to(press, press)
        assert len(await listed.desk.rows(Rating)) == 1


class TestQuestions:
    async def test_an_unknown_name_is_asked_for_again(self, listed, phone):
        await at_the_stars(listed, phone, "Мүлде басқа мекеме")
        texts = [message["text"] for message in listed.telegram.messages_to(phone.chat_id)][-2:]
        assert texts == [text_of("provider_unknown", "kk"), text_of("provider", "kk")]

    def test_only_a_region_and_an_organisation_can_be_chosen(self, person):
        person.writes(RATE)
        labels = [each.label for row in person.replies[-1].buttons for each in row]
        assert button_label("no_region", "kk") not in labels
        person.does(ButtonPress("q", f"r:KZ-43:{person.state.tag}"))
        labels = [each.label for row in person.replies[-1].buttons for each in row]
        assert button_label("no_provider", "kk") not in labels

    def test_a_text_at_the_stars_repeats_the_question(self, person):
        person.state = person.state.at(Step.STARS, id="x", rates=True, provider_id=str(PROVIDER), provider="№23 емхана")
        assert "№23 емхана" in person.writes("керемет").text

    def test_a_rating_that_is_begun_can_be_cancelled(self, person):
        person.writes(RATE)
        assert person.writes("/cancel").state.step == Step.MENU


class TestDoctors:
    async def test_the_whole_organisation_is_first_and_a_doctor_is_rated_in_two_taps(self, listed, phone):
        serve_rosters(listed.desk)
        question = await at_the_stars(listed, phone)
        labels = [label for label, _ in buttons(question)]
        assert labels == [button_label("whole_provider", "kk"), "Сынақов Азамат, терапевт", button_label("cancel", "kk")]
        [stars] = await listed.press(phone, "Сынақов Азамат, терапевт")
        assert "№23 емхана – Сынақов Азамат, терапевт" in stars["text"]
        await listed.replies_to(phone.presses(star(stars, 5)))
        [rating] = await listed.desk.rows(Rating)
        assert (rating.provider_id, rating.doctor_id, rating.score) == (PROVIDER, DOCTOR, 5)

    async def test_the_organisation_as_a_whole_is_rated_without_a_doctor(self, listed, phone):
        serve_rosters(listed.desk)
        await at_the_stars(listed, phone)
        [stars] = await listed.press(phone, button_label("whole_provider", "kk"))
        await listed.replies_to(phone.presses(star(stars, 3)))
        assert [rating.doctor_id for rating in await listed.desk.rows(Rating)] == [None]

    async def test_a_long_roster_is_turned_and_searched(self, listed, phone):
        serve_rosters(listed.desk, {PROVIDER: many(20)})
        first = await at_the_stars(listed, phone)
        assert len(buttons(first)) == 1 + 8 + 1 + 1
        [second] = await listed.press(phone, button_label("next", "kk"))
        assert "(2/3 бет)" in second["text"]
        [found] = await listed.replies_to(phone.writes("Үлгіов 19"))
        assert [label for label, _ in buttons(found)][1:-1] == ["Үлгіов 19, хирург"]
        [stars] = await listed.press(phone, "Үлгіов 19, хирург")
        await listed.replies_to(phone.presses(star(stars, 2)))
        assert [rating.doctor_id for rating in await listed.desk.rows(Rating)] == [UUID(int=2419)]

    async def test_a_name_that_no_doctor_has_offers_the_list_again(self, listed, phone):
        serve_rosters(listed.desk)
        await at_the_stars(listed, phone)
        replies = await listed.replies_to(phone.writes("Ешкім"))
        assert replies[0]["text"] == text_of("doctor_unknown", "kk")
        assert "Сынақов Азамат, терапевт" in [label for label, _ in buttons(replies[1])]

    async def test_a_button_of_an_earlier_page_chooses_nobody(self, listed, phone):
        serve_rosters(listed.desk, {PROVIDER: many(20)})
        first = await at_the_stars(listed, phone)
        await listed.press(phone, button_label("next", "kk"))
        old = next(data for label, data in buttons(first) if label.startswith("Сынақов"))
        [again] = await listed.replies_to(phone.presses(old))
        assert "(2/3 бет)" in again["text"]

    async def test_without_the_roster_the_stars_of_the_organisation_follow_with_a_sentence(self, listed, phone):
        serve_rosters(listed.desk).status = 503
        question = await at_the_stars(listed, phone)
        assert text_of("doctors_unavailable", "kk") in question["text"]
        await listed.replies_to(phone.presses(star(question, 4)))
        assert [rating.doctor_id for rating in await listed.desk.rows(Rating)] == [None]

    async def test_a_doctor_who_leaves_before_the_stars_is_not_rated(self, listed, phone):
        double = serve_rosters(listed.desk, {PROVIDER: [doctor(2301), doctor(2302, "Кеткен Дәрігер")]})
        await at_the_stars(listed, phone)
        [stars] = await listed.press(phone, "Кеткен Дәрігер, терапевт")
        double.rosters = {PROVIDER: [doctor(2301)]}
        listed.desk.clock.advance(timedelta(minutes=6))
        replies = await listed.replies_to(phone.presses(star(stars, 1)))
        assert replies[-1]["text"] == text_of("provider_not_rated", "kk")
        assert await listed.desk.rows(Rating) == []

    def test_a_button_fits_into_its_64_bytes(self, person):
        person.state = person.state.at(Step.DOCTOR, id="0" * 36, rates=True, doctors=[[str(DOCTOR), "Сынақов"]], doctor_pages=999)
        assert all(len(each.data.encode()) <= 64 for row in ask(person.state).buttons for each in row)

"""What the bot asks besides: where a paper answer goes, and whether the organisation that is named may be told."""

from dataclasses import replace

import pytest

from intake.channels.telegram.service.conversation import suggested
from intake.channels.telegram.service.prompts import ask, menu
from intake.channels.telegram.service.steps import Say
from intake.channels.telegram.service.texts import button, words
from intake.forms.service.consents import consent
from shared.domain.taxonomy import taxonomy


class TestAddress:
    def test_it_goes_with_the_appeal_and_stands_in_the_preview(self, person):
        person.up_to("ADDRESS")
        assert "63-бабы" in person.text
        person.says_text("Қызылорда, Сынақ көшесі 1")
        assert "Қызылорда, Сынақ көшесі 1" in person.text
        person.presses("confirm")
        applicant = {"full_name": "Сынақ Азамат", "phone": "+77010000000", "address": "Қызылорда, Сынақ көшесі 1"}
        assert (person.effect.appeal["applicant"], person.effect.appeal["consents"]) == (applicant, ["PROCESSING"])

    @pytest.mark.parametrize("skip", [lambda person: person.presses("skip"), lambda person: person.says_text(button("skip", "kk"))])
    def test_it_may_be_left_out(self, person, skip):
        person.up_to("ADDRESS")
        assert skip(person).talk.step == "PREVIEW"
        person.presses("confirm")
        assert "address" not in person.effect.appeal["applicant"]

    def test_a_form_without_it_does_not_ask(self, person):
        person.up_to("KIND").presses(taxonomy().kinds["SUGGESTION"].label.kk).presses("agree")
        person.says_text("Сынақ Азамат")
        assert person.says_text("8 701 000 00 00").talk.step == "PREVIEW"
        assert person.says[0] == Say(words("thanks", "kk"), keyboard=menu("kk"))

    def test_whoever_gives_no_name_is_not_asked(self, person):
        assert person.up_to("CONTACT").presses("anonymous").talk.step == "PREVIEW"

    def test_one_that_is_too_long_is_asked_for_again(self, person):
        person.up_to("ADDRESS").says_text("ү" * 501)
        assert (person.talk.step, person.text) == ("ADDRESS", words("too_long", "kk"))

    def test_the_consent_names_it_among_what_is_processed(self):
        for language, word in (("kk", "мекенжайыңызды"), ("ru", "адрес"), ("en", "address")):
            assert word in words("contact", language)


class TestDisclosure:
    @pytest.fixture
    def asked(self, person):
        """Everything is answered but whether the organisation that was named may be told."""
        person.up_to("PROVIDER").says_text("5 емхана")
        person.take(suggested(person.talk, ("id", "№ 5 емхана"), [("id", "№ 5 емхана")]))
        return person.up_to_named("ADDRESS").presses("skip")

    @pytest.mark.parametrize("language", ["kk", "ru", "en"])
    def test_the_consent_is_shown_whole(self, asked, language):
        shown = ask(replace(asked.talk, language=language)).text
        of = consent("DISCLOSE_TO_PROVIDER", language)
        assert asked.talk.step == "DISCLOSURE"
        assert all(each in shown for each in (of.label, *(text for line in of.content for text in line)))

    @pytest.mark.parametrize(
        ("press", "consents", "shown"),
        [("disclose", ["PROCESSING", "DISCLOSE_TO_PROVIDER"], "disclosed"), ("withhold", ["PROCESSING"], "withheld")],
    )
    def test_the_answer_stands_in_the_preview_and_goes_with_the_appeal(self, asked, press, consents, shown):
        asked.presses(press)
        assert f"№ 5 емхана ({words(shown, 'kk')})" in asked.text
        assert asked.presses("confirm").effect.appeal["consents"] == consents

    def test_words_are_no_answer(self, asked):
        asked.says_text("иә")
        assert (asked.talk.step, "disclosed" in asked.talk.draft) == ("DISCLOSURE", False)

    def test_whoever_gives_no_name_is_asked_for_their_words(self, person):
        person.up_to("PROVIDER").says_text("Жоқ емхана")
        person.take(suggested(person.talk, None, [])).up_to_named("CONTACT").presses("anonymous")
        assert person.talk.step == "DISCLOSURE"
        appeal = person.presses("disclose").presses("confirm").effect.appeal
        assert (appeal["applicant"], appeal["consents"]) == ({}, ["DISCLOSE_TO_PROVIDER"])

    def test_a_rewritten_matter_is_not_asked_about_anew(self, asked):
        asked.presses("withhold").presses("rewrite").says_text("Жаңа мәтін")
        assert (asked.talk.step, asked.talk.draft["disclosed"]) == ("PREVIEW", False)

    def test_it_is_not_asked_where_no_organisation_is_named(self, person):
        assert "disclosed" not in person.up_to("PREVIEW").talk.draft

"""Questions of some forms: the postal address, and the consent to disclose the appeal to the named organisation."""

from dataclasses import replace

import pytest

from intake.channels.telegram.service.drafts import suggested
from intake.channels.telegram.service.prompts import ask, menu_keyboard
from intake.channels.telegram.service.steps import BotReply
from intake.channels.telegram.service.texts import button_label, text_of
from intake.forms.service.consents import consent
from shared.domain.taxonomy import taxonomy


class TestAddress:
    def test_it_goes_with_the_appeal_and_stands_in_the_preview(self, person):
        person.up_to("ADDRESS")
        assert "63-бабы" in person.text
        person.writes("Қызылорда, Сынақ көшесі 1")
        assert "Қызылорда, Сынақ көшесі 1" in person.text
        person.presses("confirm")
        applicant = {"full_name": "Сынақ Азамат", "phone": "+77010000000", "address": "Қызылорда, Сынақ көшесі 1"}
        assert (person.action.appeal["applicant"], person.action.appeal["consents"]) == (applicant, ["PROCESSING"])

    @pytest.mark.parametrize("skip", [lambda person: person.presses("skip"), lambda person: person.writes(button_label("skip", "kk"))])
    def test_it_may_be_left_out(self, person, skip):
        person.up_to("ADDRESS")
        assert skip(person).state.step == "PREVIEW"
        person.presses("confirm")
        assert "address" not in person.action.appeal["applicant"]

    def test_a_form_without_it_does_not_ask(self, person):
        person.up_to("KIND").presses(taxonomy().kinds["SUGGESTION"].label.kk).presses("agree")
        person.writes("Сынақ Азамат")
        assert person.writes("8 701 000 00 00").state.step == "PREVIEW"
        assert person.replies[0] == BotReply(text_of("thanks", "kk"), keyboard=menu_keyboard("kk"))

    def test_whoever_gives_no_name_is_not_asked(self, person):
        assert person.up_to("CONTACT").presses("anonymous").state.step == "PREVIEW"

    def test_one_that_is_too_long_is_asked_for_again(self, person):
        person.up_to("ADDRESS").writes("ү" * 501)
        assert (person.state.step, person.text) == ("ADDRESS", text_of("too_long", "kk"))

    def test_the_consent_names_it_among_what_is_processed(self):
        for language, word in (("kk", "мекенжайыңызды"), ("ru", "адрес"), ("en", "address")):
            assert word in text_of("contact", language)


class TestDisclosure:
    @pytest.fixture
    def asked(self, person):
        """Everything is answered but whether the organisation that was named may be told."""
        person.up_to("PROVIDER").writes("5 емхана")
        person.apply(suggested(person.state, ("id", "№ 5 емхана"), [("id", "№ 5 емхана")]))
        return person.up_to_named("ADDRESS").presses("skip")

    @pytest.mark.parametrize("language", ["kk", "ru", "en"])
    def test_the_consent_is_shown_whole(self, asked, language):
        shown = ask(replace(asked.state, language=language)).text
        of = consent("DISCLOSE_TO_PROVIDER", language)
        assert asked.state.step == "DISCLOSURE"
        assert all(each in shown for each in (of.label, *(text for line in of.content for text in line)))

    @pytest.mark.parametrize(
        ("press", "consents", "shown"),
        [("disclose", ["PROCESSING", "DISCLOSE_TO_PROVIDER"], "disclosed"), ("withhold", ["PROCESSING"], "withheld")],
    )
    def test_the_answer_stands_in_the_preview_and_goes_with_the_appeal(self, asked, press, consents, shown):
        asked.presses(press)
        assert f"№ 5 емхана ({text_of(shown, 'kk')})" in asked.text
        assert asked.presses("confirm").action.appeal["consents"] == consents

    def test_a_text_is_no_answer(self, asked):
        asked.writes("иә")
        assert (asked.state.step, "disclosed" in asked.state.draft) == ("DISCLOSURE", False)

    def test_an_anonymous_applicant_is_asked_about_the_text(self, person):
        person.up_to("PROVIDER").writes("Жоқ емхана")
        person.apply(suggested(person.state, None, [])).up_to_named("CONTACT").presses("anonymous")
        assert person.state.step == "DISCLOSURE"
        appeal = person.presses("disclose").presses("confirm").action.appeal
        assert (appeal["applicant"], appeal["consents"]) == ({}, ["DISCLOSE_TO_PROVIDER"])

    def test_a_rewritten_text_does_not_repeat_the_question(self, asked):
        asked.presses("withhold").presses("rewrite").writes("Жаңа мәтін")
        assert (asked.state.step, asked.state.draft["disclosed"]) == ("PREVIEW", False)

    def test_it_is_not_asked_where_no_organisation_is_named(self, person):
        assert "disclosed" not in person.up_to("PREVIEW").state.draft

import json

import pytest

from intake.channels.telegram.service.conversation import EXPIRED, filed, filed_before, not_filed, suggested, too_late, turn
from intake.channels.telegram.service.prompts import ask, danger
from intake.channels.telegram.service.steps import (
    Attached,
    Button,
    Edited,
    File,
    Heard,
    History,
    InGroup,
    Judge,
    Left,
    Pressed,
    ReadQuestion,
    Reply,
    Said,
    Say,
    SharedContact,
    Show,
    Suggest,
    Talk,
)
from intake.channels.telegram.service.texts import button, pieces, words
from intake.forms.service.definitions import services
from shared.domain.regions import regions
from tests.intake.channels.telegram.person import ID, Person

APPEAL = "0198bbbb000070008000000000000002"
KK = Talk("kk")
DANGER = "Әкем есінен танып қалды, не сознание потерял"


class TestTexts:
    def test_every_button_fits_into_telegrams_64_bytes(self):
        for language in ("kk", "ru", "en"):
            person = Person(language).says_text(button("send", language))
            for say in person.says:
                assert all(len(each.data.encode()) <= 64 for row in say.buttons for each in row)

    @pytest.mark.parametrize("character", ["я", "😷"])
    def test_a_text_that_is_too_long_is_told_in_pieces_that_telegram_takes(self, character):
        text = "\n\n".join(character * 900 for _ in range(12))
        found = pieces(text)
        assert all(0 < len(each.encode("utf-16-le")) // 2 <= 4096 for each in found)
        assert "\n\n".join(found) == text

    def test_words_without_an_end_are_cut_between_characters(self):
        found = pieces("x" + "😷" * 5000)
        assert "".join(found) == "x" + "😷" * 5000
        assert [len(each) for each in found] == [2048, 2048, 905]

    def test_buttons_stand_under_the_last_piece(self):
        first, second = Say("я" * 5000, buttons=[[Button("1", "a:")]]).parts()
        assert (len(first.text), first.buttons, second.buttons) == (4096, (), [[Button("1", "a:")]])


class TestLanguage:
    def test_whoever_comes_first_is_asked_for_a_language_whatever_they_say(self):
        for event in (Said(1, "/start"), Said(1, "Сәлем"), Attached(), Pressed("q", "ok::1")):
            assert any("Тілді таңдаңыз" in (each.text or "") for each in turn(Talk(), event, ID).says)

    def test_the_choice_brings_the_notice_of_a_conversation_abroad_and_the_menu(self):
        following = turn(Talk(), Pressed("q", "l:ru"), ID)
        assert following.talk.language == "ru"
        assert "за рубежом" in following.says[1].text
        assert "Отправить обращение на 1414" in following.says[1].keyboard[0]

    def test_a_change_midway_asks_the_same_question_in_the_other_language(self, person):
        person.up_to("MATTER").says_text("/lang")
        person.does(Pressed("q", "l:ru"))
        assert person.talk.step == "MATTER"
        assert person.says[-1].text == words("matter", "ru")


class TestMenu:
    @pytest.mark.parametrize(
        "text", ["1414 нөміріне өтініш жіберу", "1406-ға өтініш жіберу", "Қорға хабарлама жіберу", "Отправить обращение на 1414"]
    )
    def test_every_text_that_ever_stood_on_the_button_begins_an_appeal(self, text):
        following = turn(KK, Said(1, text), ID)
        assert following.talk.step == "REGION"

    @pytest.mark.parametrize("text", ["Бас мәзір", "Негізгі мәзір", "Главное меню"])
    def test_the_main_menu_is_found_under_each_of_its_names(self, text):
        assert turn(KK, Said(1, text), ID).says[0].keyboard[0] == ["1414 нөміріне өтініш жіберу"]

    def test_the_history_is_looked_up(self):
        assert turn(KK, Said(1, "Өтініш тарихы"), ID).effect == History()

    def test_a_section_informs_and_takes_a_question_of_its_topic(self, person):
        person.says_text("Сақтандырылу мәртебесі").presses("ask")
        person.does(Pressed("q", f"r:KZ-71:{person.talk.tag}")).presses("no_provider")
        person.says_text("Мәртебем қандай?")
        assert person.talk.step == "CONTACT"
        person.presses("anonymous").presses("confirm")
        assert isinstance(person.effect, File)
        assert (person.effect.appeal["kind"], person.effect.appeal["topic"]) == ("CONSULTATION", "STATUS_CHECK")

    def test_groups_are_told_why_not(self):
        assert "топта" in turn(Talk(), InGroup(), ID).says[0].text

    def test_who_has_left_is_told_nothing(self):
        following = turn(KK, Left(), ID)
        assert (following.left, list(following.says)) == (True, [])


class TestAppeal:
    def test_twenty_regions_stand_on_two_pages(self, person):
        person.up_to("REGION")
        first = [each.data for row in person.says[0].buttons for each in row if each.data.startswith("r:")]
        person.presses("next")
        second = [each.data for row in person.says[-1].buttons for each in row if each.data.startswith("r:")]
        codes = {each.split(":")[1] for each in first + second}
        assert codes == set(regions())
        assert (len(first), len(second)) == (11, 11)

    def test_from_the_menu_to_the_appeal_that_is_filed(self, person):
        person.up_to("PREVIEW")
        assert "Кезек ұзақ" in person.text
        assert "+7 7•• ••• •• 00" in person.text
        person.presses("confirm")
        assert person.effect.key == ID
        assert person.effect.appeal == {
            "language": "kk",
            "kind": "COMPLAINT",
            "statutory_form": None,
            "topic": None,
            "region": "KZ-43",
            "provider": None,
            "text": "Кезек ұзақ",
            "applicant": {"full_name": "Сынақ Азамат", "phone": "+77010000000"},
            "consents": ["PROCESSING"],
            "answer_by": "TELEGRAM",
        }

    def test_without_a_name_there_is_no_consent_and_no_phone(self, person):
        person.up_to("CONTACT")
        assert "88-бабы" in person.text
        person.presses("anonymous").presses("confirm")
        assert (person.effect.appeal["applicant"], person.effect.appeal["consents"]) == ({}, [])

    def test_a_name_is_looked_for_in_the_region(self, person):
        person.up_to("PROVIDER").says_text("5 емхана")
        assert person.effect == Suggest("KZ-43", "5 емхана")

    def test_the_only_one_that_can_be_meant_is_taken(self, person):
        person.up_to("PROVIDER").says_text("5 емхана")
        person.take(suggested(person.talk, ("id", "№ 5 емхана"), [("id", "№ 5 емхана")]))
        assert (person.talk.step, person.talk.draft["provider_id"]) == ("MATTER", "id")

    def test_several_are_offered_and_ones_own_words_may_stay(self, person):
        person.up_to("PROVIDER").says_text("емхана")
        person.take(suggested(person.talk, None, [("a", "№ 1 емхана"), ("b", "№ 2 емхана")]))
        offering = person.talk
        assert person.presses("№ 2 емхана").talk.draft["provider_id"] == "b"
        person.take(suggested(offering, None, [("a", "№ 1 емхана")])).presses("not_listed")
        assert (person.talk.draft["provider"], person.talk.draft["provider_id"]) == ("емхана", None)

    def test_an_unknown_name_stays_as_it_was_typed(self, person):
        person.up_to("PROVIDER").says_text("Жоқ емхана")
        assert person.take(suggested(person.talk, None, [])).talk.draft["provider"] == "Жоқ емхана"

    @pytest.mark.parametrize("written", ["ЖСН 991231501014 осы", "991231 501014", "9912-3150-1014"])
    @pytest.mark.parametrize("step", ["PROVIDER", "MATTER", "NAME", "ADDRESS"])
    def test_an_iin_is_not_taken(self, person, step, written):
        person.up_to(step).says_text(written)
        assert person.talk.step == step
        assert "ЖСН қабылданбайды" in person.text
        assert "991231" not in json.dumps(dict(person.talk.draft))

    def test_files_and_voices_are_sent_elsewhere(self, person):
        person.up_to("MATTER").does(Attached())
        assert person.talk.step == "MATTER"
        assert "Qoldau 24/7" in person.text

    def test_a_shared_number_has_to_be_ones_own(self, person):
        person.up_to("PHONE").does(SharedContact("77010000000", is_own=False))
        assert person.talk.step == "PHONE"
        person.does(SharedContact("77010000000", is_own=True))
        assert (person.talk.step, person.talk.draft["phone"]) == ("ADDRESS", "+77010000000")

    def test_a_number_from_elsewhere_is_asked_for_again_and_may_be_left_out(self, person):
        person.up_to("PHONE").says_text("+1 202 555 0100")
        assert person.text == words("bad_phone", "kk")
        assert person.says_text(button("skip", "kk")).talk.step == "ADDRESS"

    def test_the_matter_is_rewritten_from_the_preview(self, person):
        person.up_to("PREVIEW").presses("rewrite").says_text("Жаңа мәтін")
        assert person.talk.step == "PREVIEW"
        assert "Жаңа мәтін" in person.text

    def test_an_edited_matter_replaces_the_first_until_it_is_sent(self, person):
        person.up_to("PREVIEW").does(Edited(7, "Кезек тым ұзақ"))
        assert "Кезек тым ұзақ" in person.text
        person.presses("confirm")
        person.take(filed(person.talk, "N", pin="1", received="r", due="d")).does(Edited(7, "Басқа"))
        assert person.text == words("edit_late", "kk")

    def test_an_edit_of_anything_else_does_not_count(self, person):
        assert person.up_to("PREVIEW").does(Edited(3, "x")).text == words("edit_late", "kk")

    def test_words_where_a_button_is_wanted_ask_again(self, person):
        person.up_to("KIND").says_text("шағым")
        assert person.talk.step == "KIND"
        assert person.text.startswith(words("use_buttons", "kk"))

    def test_start_keeps_the_draft_and_offers_to_go_on(self, person):
        person.up_to("KIND").says_text("/start")
        kept = person.talk
        assert person.presses("continue").talk == kept
        person.says_text("/start").presses("anew")
        assert (person.talk.step, "text" in person.talk.draft) == ("REGION", False)

    def test_cancel_leaves_nothing_behind(self, person):
        person.up_to("PREVIEW").says_text("/cancel")
        assert (person.talk.step, person.talk.draft) == ("MENU", {})

    def test_a_second_tap_on_send_names_the_number(self, person):
        person.up_to("PREVIEW")
        data = person.data("confirm")
        person.does(Pressed("q", data)).take(filed(person.talk, "2026-43-1", pin="1", received="r", due="d"))
        person.does(Pressed("q2", data))
        assert person.effect is None
        assert person.says == [Heard("q2", words("already_filed", "kk", number="2026-43-1"))]

    def test_a_button_of_an_older_appeal_or_step_is_answered_kindly(self, person):
        person.up_to("KIND")
        for data in ("ok::deadbeef", f"ok::{person.talk.tag}", f"r:KZ-10:{person.talk.tag}", "nonsense", ""):
            person.does(Pressed("q", data))
            assert person.says[0] == Heard("q", words("stale", "kk"))
            assert person.talk.step == "KIND"

    def test_what_comes_too_late_moves_nothing(self, person):
        person.up_to("PREVIEW")
        data = person.data("confirm")
        person.take(filed(person.talk, "2026-43-1", pin="1", received="r", due="d"))
        assert too_late(person.talk, Pressed("q", data)) == [Heard("q", words("already_filed", "kk", number="2026-43-1"))]
        assert too_late(person.talk, Pressed("q", "k:COMPLAINT:deadbeef")) == [Heard("q", words("stale", "kk"))]
        assert too_late(person.talk, Said(9, "/cancel")) == []

    def test_a_forgotten_draft_is_told_once(self, person):
        person.talk = Talk("kk", EXPIRED)
        person.does(Said(1, "Сәлем"))
        assert person.text.startswith(words("expired", "kk"))
        assert person.talk.step == "MENU"

    def test_a_refusal_keeps_the_draft_and_an_appeal_registered_before_is_listed(self, person):
        person.up_to("PREVIEW")
        assert not_filed(person.talk).talk.draft == person.talk.draft
        assert filed_before(person.talk).effect == History()


class TestDanger:
    @pytest.mark.parametrize("step", ["MENU", "PROVIDER", "MATTER", "KIND"])
    def test_words_of_danger_are_answered_with_103_and_112_at_once(self, person, step):
        if step != "MENU":
            person.up_to(step)
        person.says_text(DANGER)
        assert person.says[0] == danger(person.talk)
        assert {"103", "112"} <= set(person.says[0].text.split())

    def test_before_a_language_is_chosen_they_are_answered_in_both(self):
        said = turn(Talk(), Said(1, DANGER), ID).says[0].text
        assert words("danger", "kk") in said
        assert words("danger", "ru") in said

    def test_the_talon_repeats_it(self, person):
        person.up_to("MATTER").says_text(DANGER)
        person.take(filed(person.talk, "N", pin="1", received="r", due="d"))
        assert person.text.startswith(words("danger", "kk"))

    def test_they_are_answered_though_they_come_too_late(self):
        assert too_late(KK, Said(1, DANGER)) == [danger(KK)]

    def test_a_forgotten_draft_does_not_hide_it(self):
        said = turn(Talk("kk", EXPIRED), Said(1, DANGER), ID).says
        assert [each.text for each in said].count(words("danger", "kk")) == 1

    def test_other_words_are_not(self, person):
        assert "103" not in person.up_to("MATTER").says_text("Кезек ұзақ").text


class TestKinds:
    @pytest.mark.parametrize("language", ["kk", "ru", "en"])
    def test_they_are_those_of_the_forms_that_the_bot_offers(self, language):
        talk = Talk(language, "KIND", {"id": ID})
        assert [row[0].label for row in ask(talk).buttons] == [each.label.in_(language) for each in services("bot")]


class TestFollowing:
    def test_one_of_the_list_is_shown(self, person):
        assert person.does(Pressed("q", f"a:{APPEAL}")).effect == Show(person.effect.appeal_id)
        assert person.effect.appeal_id.hex == APPEAL

    @pytest.mark.parametrize("data", ["a:", "a:zz", "ou:1", "rt:9.x", "od:'"])
    def test_a_forged_button_does_nothing(self, person, data):
        assert person.does(Pressed("q", data)).effect is None

    def test_not_resolved_asks_why_and_goes_back_to_the_draft(self, person):
        person.up_to("MATTER").does(Pressed("q", f"od:{APPEAL}"))
        assert person.talk.step == "WHY"
        person.says_text("Дәрі берілмеді")
        assert (person.effect.resolved, person.effect.reason) == (False, "Дәрі берілмеді")
        assert isinstance(person.effect, Judge)
        assert person.talk.step == "MATTER"

    def test_a_reply_is_one_message(self, person):
        person.does(Pressed("q", f"re:{APPEAL}"))
        assert person.effect == ReadQuestion(person.effect.appeal_id)
        person.says_text("Міне")
        assert person.effect == Reply(person.effect.appeal_id, "Міне")
        assert person.talk.step == "MENU"

    def test_cancel_leaves_the_question_and_keeps_the_draft_behind_it(self, person):
        person.up_to("KIND").does(Pressed("q", f"re:{APPEAL}")).says_text("/cancel")
        assert (person.talk.step, person.talk.draft["text"]) == ("KIND", "Кезек ұзақ")

import json

import pytest

from intake.channels.telegram.codes import Step
from intake.channels.telegram.service.conversation import advance, reply_to_late
from intake.channels.telegram.service.drafts import filed, filed_before, not_filed, suggested
from intake.channels.telegram.service.prompts import ask, danger
from intake.channels.telegram.service.steps import (
    BotBlocked,
    BotReply,
    Button,
    ButtonPress,
    CallbackAnswer,
    ConversationState,
    EditedMessage,
    FileAppeal,
    GiveOutcome,
    GroupMessage,
    ListAppeals,
    MediaMessage,
    ReadQuestion,
    SendReply,
    SharedContact,
    ShowAppeal,
    SuggestProviders,
    TextMessage,
)
from intake.channels.telegram.service.texts import button_label, split_text, text_of
from intake.forms.service.definitions import services
from shared.domain.regions import regions
from shared.language.danger_advice import danger_advice
from tests.intake.channels.telegram.person import ID, Person

APPEAL = "0198bbbb000070008000000000000002"
KK = ConversationState("kk")
DANGER = "Әкем есінен танып қалды, не сознание потерял"


class TestTexts:
    def test_every_button_fits_into_telegrams_64_bytes(self):
        for language in ("kk", "ru", "en"):
            person = Person(language).writes(button_label("send", language))
            for say in person.replies:
                assert all(len(each.data.encode()) <= 64 for row in say.buttons for each in row)

    @pytest.mark.parametrize("character", ["я", "😷"])
    def test_a_long_text_is_split_into_messages_of_telegrams_size(self, character):
        text = "\n\n".join(character * 900 for _ in range(12))
        found = split_text(text)
        assert all(0 < len(each.encode("utf-16-le")) // 2 <= 4096 for each in found)
        assert "\n\n".join(found) == text

    def test_a_text_without_spaces_is_split_between_characters(self):
        found = split_text("x" + "😷" * 5000)
        assert "".join(found) == "x" + "😷" * 5000
        assert [len(each) for each in found] == [2048, 2048, 905]

    def test_buttons_belong_to_the_last_part(self):
        first, second = BotReply("я" * 5000, buttons=[[Button("1", "a:")]]).parts()
        assert (len(first.text), first.buttons, second.buttons) == (4096, (), [[Button("1", "a:")]])


class TestLanguage:
    def test_the_first_event_of_any_kind_asks_for_a_language(self):
        for event in (TextMessage(1, "/start"), TextMessage(1, "Сәлем"), MediaMessage(), ButtonPress("q", "ok::1")):
            assert any("Тілді таңдаңыз" in (each.text or "") for each in advance(ConversationState(), event, ID).replies)

    def test_the_choice_brings_the_notice_of_a_conversation_abroad_and_the_menu(self):
        following = advance(ConversationState(), ButtonPress("q", "l:ru"), ID)
        assert following.state.language == "ru"
        assert "за рубежом" in following.replies[1].text
        assert "Отправить обращение на 1414" in following.replies[1].keyboard[0]

    def test_a_change_midway_asks_the_same_question_in_the_other_language(self, person):
        person.up_to("MATTER").writes("/lang")
        person.does(ButtonPress("q", "l:ru"))
        assert person.state.step == "MATTER"
        assert person.replies[-1].text == text_of("matter", "ru")


class TestMenu:
    @pytest.mark.parametrize(
        "text", ["1414 нөміріне өтініш жіберу", "1406-ға өтініш жіберу", "Қорға хабарлама жіберу", "Отправить обращение на 1414"]
    )
    def test_every_text_that_ever_stood_on_the_button_begins_an_appeal(self, text):
        following = advance(KK, TextMessage(1, text), ID)
        assert following.state.step == "REGION"

    @pytest.mark.parametrize("text", ["Бас мәзір", "Негізгі мәзір", "Главное меню"])
    def test_the_main_menu_is_found_under_each_of_its_names(self, text):
        assert advance(KK, TextMessage(1, text), ID).replies[0].keyboard[0] == ["1414 нөміріне өтініш жіберу"]

    def test_the_history_is_looked_up(self):
        assert advance(KK, TextMessage(1, "Өтініш тарихы"), ID).action == ListAppeals()

    def test_a_section_informs_and_takes_a_question_of_its_topic(self, person):
        person.writes("Сақтандырылу мәртебесі").presses("ask")
        person.does(ButtonPress("q", f"r:KZ-71:{person.state.tag}")).presses("no_provider")
        person.writes("Мәртебем қандай?")
        assert person.state.step == "CONTACT"
        person.presses("anonymous").presses("confirm")
        assert isinstance(person.action, FileAppeal)
        assert (person.action.appeal["kind"], person.action.appeal["topic"]) == ("CONSULTATION", "STATUS_CHECK")

    def test_groups_are_refused_with_a_reason(self):
        assert "топта" in advance(ConversationState(), GroupMessage(), ID).replies[0].text

    def test_a_person_who_blocked_the_bot_gets_no_reply(self):
        following = advance(KK, BotBlocked(), ID)
        assert (following.left, list(following.replies)) == (True, [])


class TestAppeal:
    def test_twenty_regions_stand_on_two_pages(self, person):
        person.up_to("REGION")
        first = [each.data for row in person.replies[0].buttons for each in row if each.data.startswith("r:")]
        person.presses("next")
        second = [each.data for row in person.replies[-1].buttons for each in row if each.data.startswith("r:")]
        codes = {each.split(":")[1] for each in first + second}
        assert codes == set(regions())
        assert (len(first), len(second)) == (11, 11)

    def test_from_the_menu_to_the_appeal_that_is_filed(self, person):
        person.up_to("PREVIEW")
        assert "Кезек ұзақ" in person.text
        assert "+7 7•• ••• •• 00" in person.text
        person.presses("confirm")
        assert person.action.key == ID
        assert person.action.appeal == {
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
        assert (person.action.appeal["applicant"], person.action.appeal["consents"]) == ({}, [])

    def test_a_name_is_looked_for_in_the_region(self, person):
        person.up_to("PROVIDER").writes("5 емхана")
        assert person.action == SuggestProviders("KZ-43", "5 емхана")

    def test_a_certain_match_is_chosen(self, person):
        person.up_to("PROVIDER").writes("5 емхана")
        person.apply(suggested(person.state, ("id", "№ 5 емхана"), [("id", "№ 5 емхана")]))
        assert (person.state.step, person.state.draft["provider_id"]) == ("MATTER", "id")

    def test_candidates_are_offered_and_the_typed_name_can_stay(self, person):
        person.up_to("PROVIDER").writes("емхана")
        person.apply(suggested(person.state, None, [("a", "№ 1 емхана"), ("b", "№ 2 емхана")]))
        offering = person.state
        assert person.presses("№ 2 емхана").state.draft["provider_id"] == "b"
        person.apply(suggested(offering, None, [("a", "№ 1 емхана")])).presses("not_listed")
        assert (person.state.draft["provider"], person.state.draft["provider_id"]) == ("емхана", None)

    def test_an_unknown_name_is_stored_as_typed(self, person):
        person.up_to("PROVIDER").writes("Жоқ емхана")
        assert person.apply(suggested(person.state, None, [])).state.draft["provider"] == "Жоқ емхана"

    @pytest.mark.parametrize("written", ["ЖСН 991231501014 осы", "991231 501014", "9912-3150-1014"])
    @pytest.mark.parametrize("step", ["PROVIDER", "MATTER", "NAME", "ADDRESS"])
    def test_an_iin_is_refused(self, person, step, written):
        person.up_to(step).writes(written)
        assert person.state.step == step
        assert "ЖСН қабылданбайды" in person.text
        assert "991231" not in json.dumps(dict(person.state.draft))

    def test_files_and_voices_are_sent_elsewhere(self, person):
        person.up_to("MATTER").does(MediaMessage())
        assert person.state.step == "MATTER"
        assert "Qoldau 24/7" in person.text

    def test_a_shared_number_has_to_be_ones_own(self, person):
        person.up_to("PHONE").does(SharedContact("77010000000", is_own=False))
        assert person.state.step == "PHONE"
        person.does(SharedContact("77010000000", is_own=True))
        assert (person.state.step, person.state.draft["phone"]) == ("ADDRESS", "+77010000000")

    def test_a_number_from_elsewhere_is_asked_for_again_and_may_be_left_out(self, person):
        person.up_to("PHONE").writes("+1 202 555 0100")
        assert person.text == text_of("bad_phone", "kk")
        assert person.writes(button_label("skip", "kk")).state.step == "ADDRESS"

    def test_the_text_is_rewritten_from_the_preview(self, person):
        person.up_to("PREVIEW").presses("rewrite").writes("Жаңа мәтін")
        assert person.state.step == "PREVIEW"
        assert "Жаңа мәтін" in person.text

    def test_an_edited_text_replaces_the_first_until_it_is_sent(self, person):
        person.up_to("PREVIEW").does(EditedMessage(7, "Кезек тым ұзақ"))
        assert "Кезек тым ұзақ" in person.text
        person.presses("confirm")
        person.apply(filed(person.state, "N", pin="1", received="r", due="d")).does(EditedMessage(7, "Басқа"))
        assert person.text == text_of("edit_late", "kk")

    def test_an_edit_of_anything_else_does_not_count(self, person):
        assert person.up_to("PREVIEW").does(EditedMessage(3, "x")).text == text_of("edit_late", "kk")

    def test_a_text_instead_of_a_button_repeats_the_question(self, person):
        person.up_to("KIND").writes("шағым")
        assert person.state.step == "KIND"
        assert person.text.startswith(text_of("use_buttons", "kk"))

    def test_start_keeps_the_draft_and_offers_to_go_on(self, person):
        person.up_to("KIND").writes("/start")
        kept = person.state
        assert person.presses("continue").state == kept
        person.writes("/start").presses("anew")
        assert (person.state.step, "text" in person.state.draft) == ("REGION", False)

    def test_cancel_drops_the_draft(self, person):
        person.up_to("PREVIEW").writes("/cancel")
        assert (person.state.step, person.state.draft) == ("MENU", {})

    def test_a_second_tap_on_send_names_the_number(self, person):
        person.up_to("PREVIEW")
        data = person.data("confirm")
        person.does(ButtonPress("q", data)).apply(filed(person.state, "2026-43-1", pin="1", received="r", due="d"))
        person.does(ButtonPress("q2", data))
        assert person.action is None
        assert person.replies == [CallbackAnswer("q2", text_of("already_filed", "kk", number="2026-43-1"))]

    def test_a_button_of_an_older_appeal_or_step_is_answered(self, person):
        person.up_to("KIND")
        for data in ("ok::deadbeef", f"ok::{person.state.tag}", f"r:KZ-10:{person.state.tag}", "nonsense", ""):
            person.does(ButtonPress("q", data))
            assert person.replies[0] == CallbackAnswer("q", text_of("stale", "kk"))
            assert person.state.step == "KIND"

    def test_a_late_event_changes_nothing(self, person):
        person.up_to("PREVIEW")
        data = person.data("confirm")
        person.apply(filed(person.state, "2026-43-1", pin="1", received="r", due="d"))
        assert reply_to_late(person.state, ButtonPress("q", data)) == [
            CallbackAnswer("q", text_of("already_filed", "kk", number="2026-43-1"))
        ]
        assert reply_to_late(person.state, ButtonPress("q", "k:COMPLAINT:deadbeef")) == [CallbackAnswer("q", text_of("stale", "kk"))]
        assert reply_to_late(person.state, TextMessage(9, "/cancel")) == []

    def test_an_expired_draft_is_reported_once(self, person):
        person.state = ConversationState("kk", Step.EXPIRED)
        person.does(TextMessage(1, "Сәлем"))
        assert person.text.startswith(text_of("expired", "kk"))
        assert person.state.step == "MENU"

    def test_a_refusal_keeps_the_draft_and_an_appeal_registered_before_is_listed(self, person):
        person.up_to("PREVIEW")
        assert not_filed(person.state).state.draft == person.state.draft
        assert filed_before(person.state).action == ListAppeals()


class TestDanger:
    @pytest.mark.parametrize("step", ["MENU", "PROVIDER", "MATTER", "KIND"])
    def test_words_of_danger_are_answered_with_103_and_112_at_once(self, person, step):
        if step != "MENU":
            person.up_to(step)
        person.writes(DANGER)
        assert person.replies[0] == danger(person.state)
        assert {"103", "112"} <= set(person.replies[0].text.split())

    def test_before_a_language_is_chosen_they_are_answered_in_both(self):
        said = advance(ConversationState(), TextMessage(1, DANGER), ID).replies[0].text
        assert danger_advice("kk").whole in said
        assert danger_advice("ru").whole in said

    def test_the_talon_repeats_it(self, person):
        person.up_to("MATTER").writes(DANGER)
        person.apply(filed(person.state, "N", pin="1", received="r", due="d"))
        assert person.text.startswith(danger_advice("kk").whole)

    def test_they_are_answered_though_they_come_too_late(self):
        assert reply_to_late(KK, TextMessage(1, DANGER)) == [danger(KK)]

    def test_an_expired_draft_does_not_hide_it(self):
        said = advance(ConversationState("kk", Step.EXPIRED), TextMessage(1, DANGER), ID).replies
        assert [each.text for each in said].count(danger_advice("kk").whole) == 1

    def test_other_words_are_not(self, person):
        assert "103" not in person.up_to("MATTER").writes("Кезек ұзақ").text


class TestKinds:
    @pytest.mark.parametrize("language", ["kk", "ru", "en"])
    def test_they_are_those_of_the_forms_that_the_bot_offers(self, language):
        talk = ConversationState(language, "KIND", {"id": ID})
        assert [row[0].label for row in ask(talk).buttons] == [each.label.in_(language) for each in services("bot")]


class TestFollowing:
    def test_one_of_the_list_is_shown(self, person):
        assert person.does(ButtonPress("q", f"a:{APPEAL}")).action == ShowAppeal(person.action.appeal_id)
        assert person.action.appeal_id.hex == APPEAL

    @pytest.mark.parametrize("data", ["a:", "a:zz", "ou:1", "rt:9.x", "od:'"])
    def test_a_forged_button_does_nothing(self, person, data):
        assert person.does(ButtonPress("q", data)).action is None

    def test_not_resolved_asks_why_and_goes_back_to_the_draft(self, person):
        person.up_to("MATTER").does(ButtonPress("q", f"od:{APPEAL}"))
        assert person.state.step == "WHY"
        person.writes("Дәрі берілмеді")
        assert (person.action.resolved, person.action.reason) == (False, "Дәрі берілмеді")
        assert isinstance(person.action, GiveOutcome)
        assert person.state.step == "MATTER"

    def test_a_reply_is_one_message(self, person):
        person.does(ButtonPress("q", f"re:{APPEAL}"))
        assert person.action == ReadQuestion(person.action.appeal_id)
        person.writes("Міне")
        assert person.action == SendReply(person.action.appeal_id, "Міне")
        assert person.state.step == "MENU"

    def test_cancel_leaves_the_question_and_keeps_the_draft_behind_it(self, person):
        person.up_to("KIND").does(ButtonPress("q", f"re:{APPEAL}")).writes("/cancel")
        assert (person.state.step, person.state.draft["text"]) == ("KIND", "Кезек ұзақ")

import json
from pathlib import Path

import pytest

from routing.classification.policy import LexiconFile
from routing.classification.service import Classification, classify
from routing.classification.service.choice import weigh
from routing.classification.service.classifier import classify_by
from routing.classification.service.lexicon import LexiconError, build, lexicon
from routing.classification.service.model import Guess, confidence_terms
from routing.classification.service.urgency import evidence_of
from routing.classification.service.versions import stored
from shared.domain.taxonomy import taxonomy
from shared.language.danger import danger_lexicon, signs_of_danger
from shared.language.detectors import detectors
from shared.language.protected import protected_lexicon
from shared.language.tokens import key, tokenise

LABELLED = Path(__file__).parents[2] / "shared" / "language"


def labelled(name):
    return [json.loads(line) for line in (LABELLED / name).read_text(encoding="utf-8").splitlines()]


def subject_of(result: Classification) -> str | None:
    return taxonomy().root_category(result.category) if result.category else result.topic


@pytest.fixture(scope="module")
def judged():
    return [(row, classify(row["text"])) for row in labelled("appeals_labelled.jsonl")]


class TestFigures:
    """What is read by rules, on texts that were at hand when the rules were written: they guard against regressions alone.

    The figures of the model are in `test_figures.py`, on texts that it has never seen.
    """

    def test_no_labelled_emergency_is_missed(self, judged):
        assert all(result.urgent for row, result in judged if row["urgent"])
        assert all(signs_of_danger(row["text"]) for row in labelled("urgency_labelled.jsonl") if row["urgent"])

    def test_hardly_any_ordinary_text_is_called_urgent(self, judged):
        ordinary = [result for row, result in judged if not row["urgent"]]
        assert sum(result.urgent for result in ordinary) / len(ordinary) <= 0.02

    def test_the_reply_language_of_pure_texts_is_known(self, judged):
        pure = [(row, result) for row, result in judged if row["language"] in {"kk", "ru"}]
        assert sum(row["language"] == result.language for row, result in pure) / len(pure) >= 0.97


class TestSpellings:
    @pytest.mark.parametrize("text", ["Тегін дәрі бермейді", "тегин дари бермейди", "Tegin dari bermeidi", "ТЕГІН ДӘРІ БЕРМЕЙДІ!!!"])
    def test_kazakh_matches_with_or_without_its_letters_and_in_latin(self, text):
        assert classify(text).category == "DRUGS_NOT_ISSUED"

    def test_stretched_words_meet_their_stem(self):
        assert key("ужаааас") == key("ужас")

    def test_letters_of_two_code_points_are_read_as_one(self):
        assert key("мои\u0306") == key("мой")


class TestSubCategories:
    @pytest.mark.parametrize(
        ("text", "category"),
        [
            ("Хирург отказал в приёме, талонов нет", "REFUSAL_APPOINTMENT"),
            ("Баламды стационарға жатқызудан бас тартты", "REFUSAL_HOSPITALISATION"),
            ("Положенный инсулин не выдают уже месяц", "DRUGS_NOT_ISSUED"),
            ("Мне приписали посещение врача, я на приёме не был", "UNRENDERED_VISIT"),
            ("МРТ-ға кезек үш айға созылып кетті", "WAITING_DIAGNOSTICS"),
            ("Врач накричала на меня, хамила", "ETHICS_RUDENESS"),
            ("Дәрігер пара сұрады", "EXTORTION"),
            ("Мой отец скончался в больнице из-за халатности", "QUALITY_DEATH"),
        ],
    )
    def test_a_clear_text_gets_the_sub_category(self, text, category):
        assert classify(text).category == category

    def test_a_vague_text_stays_at_the_top_level(self):
        text = "Жалоба: мне отказано в помощи"
        assert classify_by(None, text).category == "REFUSAL"
        assert not taxonomy().categories[classify(text).category].parent


class TestEvidence:
    def test_evidence_positions_are_those_of_the_original_text(self):
        text = "😀 Сәлем! Врач НАГРУБИЛА мне\x00, кричала"
        result = classify(text)
        assert "НАГРУБИЛА" in {text[piece.start : piece.end] for piece in result.evidence}
        assert "кричала" in {text[piece.start : piece.end] for piece in result.evidence if piece.code == "ETHICS_RUDENESS"}

    def test_a_phrase_does_not_reach_across_sentences(self):
        assert not lexicon_codes("Не знаю. Выдают ли справку") & {"DRUGS_NOT_ISSUED"}
        assert lexicon_codes("Препарат мне не дают и не выдают") & {"DRUGS_NOT_ISSUED"}

    def test_a_very_long_text_has_a_bounded_number_of_evidence_positions(self):
        text = "Врач нагрубил, талонов нет, лекарство не выдали. " * 400
        assert len(classify(text[:20_000]).evidence) <= lexicon().settings.evidence_limit


def lexicon_codes(text):
    return {hit.term.code for hit in lexicon().find(tokenise(text))}


class TestOverrides:
    def test_quoted_thanks_are_a_complaint(self):
        result = classify("Спасибо за «лечение», маме стало только хуже")
        assert result.kind == "COMPLAINT"

    def test_thanks_to_a_clinic_with_a_quoted_name_stay_thanks(self):
        assert classify("Спасибо клинике «Айболит» за чуткое отношение").kind == "GRATITUDE"

    def test_politeness_after_a_question_is_no_thanks(self):
        assert classify("Как прикрепиться к поликлинике? Заранее спасибо").kind == "CONSULTATION"

    def test_money_rules_out_closing_as_a_question(self):
        assert classify("Сколько можно? Врач вымогает деньги за операцию?").category == "EXTORTION"

    def test_danger_rules_out_closing_as_thanks(self):
        result = classify("Спасибо большое, отец умирает")
        assert result.urgent
        assert result.kind not in {"GRATITUDE", "CONSULTATION"}
        assert result.decision != "auto"

    def test_declared_thanks_with_a_bribe_in_them_go_to_a_person(self):
        result = classify("Спасибо, взятку взяли и не стыдно", kind="GRATITUDE")
        assert (result.kind, result.decision) == ("GRATITUDE", "triage")


class TestDeclared:
    def test_a_declared_kind_and_category_are_kept(self):
        result = classify("Как оплатить взносы?", kind="COMPLAINT", category="ETHICS_LANGUAGE")
        assert (result.kind, result.category, result.topic) == ("COMPLAINT", "ETHICS_LANGUAGE", None)
        assert (result.decision, result.confidence, result.versions["method"]) == ("auto", 1.0, "declared")

    def test_danger_raises_the_tier_of_a_declared_question(self):
        result = classify("Как вызвать врача, ребёнок задыхается?", kind="CONSULTATION", topic="CARE_PROVISION")
        assert (result.kind, result.urgent, result.tier) == ("CONSULTATION", True, 3)

    def test_a_declared_kind_gets_its_subject_from_the_words(self):
        result = classify("Отказываются выписать инсулин, лекарств нет", kind="REQUEST")
        assert result.kind == "REQUEST"
        assert subject_of(result) == "DRUGS"

    def test_a_declared_category_gets_a_kind_that_takes_one(self):
        result = classify("Как же так? Почему?", category="DENTAL")
        assert (result.kind, result.category) == ("COMPLAINT", "DENTAL")

    def test_a_declared_topic_gets_a_kind_that_takes_one(self):
        result = classify("Врач нагрубил", topic="DENTAL")
        assert result.category is None
        assert result.topic == "DENTAL"
        assert taxonomy().subject_field(result.kind) == "topic"

    def test_a_topic_for_a_complaint_is_refused(self):
        with pytest.raises(ValueError, match="not-for-this-kind"):
            classify("текст", kind="COMPLAINT", topic="DENTAL")


class TestMethod:
    def test_the_version_of_the_model_that_chose_is_named(self):
        assert classify("Как оплатить взносы?").versions == {
            "method": "model",
            "model": stored().current,
            "lexicon": lexicon().version,
            "danger": danger_lexicon().version,
            "protected": protected_lexicon().version,
            "detectors": detectors().about.version,
        }

    def test_without_a_model_the_dictionary_chooses(self):
        result = classify_by(None, "Как оплатить взносы на ОСМС?")
        assert (result.kind, result.topic, result.versions["method"]) == ("CONSULTATION", "PAY_METHODS", "lexicon")

    def test_the_words_of_the_citizen_are_in_no_evidence_of_the_model(self):
        text = "караныз, бизде осындай участковый бар: ози жазып, ози звондап кояды"
        result = classify(text)
        assert result.evidence
        assert {piece.term for piece in result.evidence if piece.term and piece.term in text} <= lexicon_texts()

    def test_words_are_counted_and_not_stored(self):
        result = classify("Ыбырпсыз жмщцхъ оплатить")
        assert (result.text_words, result.new_words >= 1) == (3, True)
        assert {"text_words", "new_words"}.isdisjoint(result.as_row())


class TestTriage:
    @pytest.mark.parametrize("text", ["", "   \n\t", "\x00\x00", "😀😀", "12345"])
    def test_a_text_without_evidence_goes_to_triage(self, text):
        result = classify(text)
        assert (result.kind, result.topic, result.category) == ("OTHER", "OTHER_TOPIC", None)
        assert (result.decision, result.tier, result.confidence) == ("triage", 1, 0.0)

    def test_a_greeting_concerns_nothing(self):
        result = classify("Здравствуйте")
        assert (result.kind, result.topic, result.tier) == ("OTHER", "OTHER_TOPIC", 1)
        assert result.decision != "auto"

    def test_a_declared_kind_stays_and_gives_its_own_tier(self):
        result = classify("Здравствуйте", kind="COMPLAINT")
        assert (result.kind, result.category, result.decision, result.tier) == ("COMPLAINT", "OTHER_COMPLAINT", "triage", 2)

    def test_danger_without_other_evidence_is_at_the_highest_tier_and_about_care(self):
        text = "Аппарат ИВЛ сломался у ребенка дома"
        by_dictionary, by_model = classify_by(None, text), classify(text)
        assert (by_dictionary.kind, by_dictionary.category) == ("REQUEST", "OTHER_COMPLAINT")
        assert taxonomy().subject_field(by_model.kind) == "category"
        assert {(result.tier, result.urgent) for result in (by_dictionary, by_model)} == {(3, True)}

    def test_every_result_is_admissible(self, judged):
        for _, result in judged:
            assert taxonomy().subject_errors(result.kind, result.category, result.topic) == []


class TestUrgency:
    def test_the_evidence_of_danger_is_shown(self):
        text = "Мама потеряла сознание, врача нет"
        evidence = evidence_of(signs_of_danger(text))
        assert text[evidence[0].start : evidence[0].end] == "потеряла сознание"

    def test_a_plain_sign_is_not_calmed_by_thanks(self):
        assert signs_of_danger("Спасибо. Отец без сознания.")

    def test_two_hints_together_suffice_and_one_does_not(self):
        assert signs_of_danger("Срочно, ребёнку плохо")
        assert not signs_of_danger("Срочно нужна справка")

    def test_a_long_text_around_it_does_not_hide_it(self):
        assert classify("Пишу о разном. " * 500 + "Сын не дышит." + " Благодарю. " * 300).urgent


class TestLexicon:
    def parsed(self, **row):
        settings = vars(lexicon().settings)
        term = {"group": "category", "code": "DRUGS", "weight": 1.0, "stems": ["дәрі"]} | row
        file = {"version": "test", "settings": settings, "priors": lexicon().priors, "terms": [term]}
        return LexiconFile.model_validate(file)

    def test_a_code_outside_the_taxonomy_stops_the_start(self):
        with pytest.raises(LexiconError, match="NO_SUCH_CODE"):
            build(self.parsed(code="NO_SUCH_CODE"))

    def test_an_unknown_group_stops_the_start(self):
        with pytest.raises(LexiconError, match="mood"):
            build(self.parsed(group="mood"))

    def test_an_empty_stem_stops_the_start(self):
        with pytest.raises(LexiconError, match="empty"):
            build(self.parsed(stems=["ь"]))

    def test_a_term_given_twice_stops_the_start(self):
        with pytest.raises(LexiconError, match="twice"):
            build(self.parsed(stems=["дәрі", "дәрі"]))

    def test_every_category_and_topic_but_the_general_ones_has_words(self):
        with_words = lexicon_terms()
        roots = {taxonomy().root_category(code) for code in taxonomy().categories} - {"OTHER_COMPLAINT"}
        assert roots <= {taxonomy().root_category(code) for group, code in with_words if group == "category"}
        assert set(taxonomy().topics) - {"OTHER_TOPIC"} <= {code for group, code in with_words if group == "topic"}


def lexicon_texts():
    found, nodes = set(), [lexicon().phrases]
    while nodes:
        node = nodes.pop()
        found |= {term.text for term in node.terms}
        nodes.extend(node.following.values())
    return found


def lexicon_terms():
    found, nodes = set(), [lexicon().phrases]
    while nodes:
        node = nodes.pop()
        found |= {(term.group, term.code) for term in node.terms}
        nodes.extend(node.following.values())
    return found


class TestProtected:
    BRIBE = "Врач требует деньги за бесплатную операцию, без конверта не положит"

    def test_it_is_marked_and_goes_to_a_person_at_the_highest_tier(self):
        result = classify(self.BRIBE)
        assert result.protected == ("EXTORTION",)
        assert (result.tier, result.decision) == (3, "suggest")
        assert "EXTORTION" in {piece.code for piece in result.evidence}
        assert result.as_row()["protected"] == ["EXTORTION"]

    def test_a_declaration_does_not_decide_it(self):
        result = classify(self.BRIBE, kind="CONSULTATION", topic="CARE_PROVISION")
        assert (result.kind, result.topic, result.tier, result.decision) == ("CONSULTATION", "CARE_PROVISION", 3, "suggest")

    def test_a_delayed_tender_is_no_corruption(self):
        result = classify("дали одну пачку, ждите тендер")
        assert result.protected == ()
        assert result.category != "CORRUPTION"

    def test_no_protected_text_is_decided_automatically(self, judged):
        assert {result.decision for _, result in judged if result.protected} <= {"suggest", "triage"}


class TestJunk:
    def test_it_is_a_suggestion_that_changes_nothing(self):
        result = classify("фывфывфыв")
        assert (result.junk, result.kind, result.decision) == ("KEYBOARD", "OTHER", "triage")

    def test_an_appeal_is_none(self):
        assert classify("Врач нагрубил").junk is None


def test_the_confidence_of_a_guess_knows_the_pair_that_was_chosen():
    guess = Guess("CONSULTATION", "DENTAL", "DENTAL", kind_share=0.9, family_share=0.8, rival=0.05, new_words=0, text_words=6)
    assert confidence_terms(guess, weigh([]))["CONSULTATION DENTAL"] == 1.0

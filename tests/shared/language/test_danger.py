import json
from pathlib import Path

import pytest

from shared.language.danger import danger_lexicon, signs_of_danger, speaks_of_danger

HELD_OUT = Path(__file__).parents[3] / "services" / "routing" / "training" / "held_out"


def held_out(name):
    return [json.loads(line) for line in (HELD_OUT / name).read_text(encoding="utf-8").splitlines()]


HIDDEN = [
    "Ребёнок не ды\u00adшит",
    "Ребёнок не ды\u200bшит",
    "у\u00adми\u00adра\u00adет мать",
    "Ребёнок не ды-\nшит",
    "Ребёнок не ды\u2060шит",
]


class TestSpeaksOfDanger:
    @pytest.mark.parametrize(
        "text",
        [
            "жүрегім ауырып тұр, өліп барамын",
            "помогите, он умрёт",
            "Анам талып қалды, жедел жәрдем келмей жатыр",
            "Ребёнок ЗАДЫХАЕТСЯ, скорая не приехала",
            "тоқтамайды, қансырап жатыр",
            "Он не  дышит!",
            "ребенок недышит",
            "Ребёнок не\u3164дышит",
            "больше не хочу жить",
            "толғақ басталды",
            "өзімді өлтіргім келеді",
            "өміріне қауіп төніп тұр",
            "ночью начались схватки",
            "покончу с собой",
            "Маме стало плохо с сердцем",
            "Қызым құрысып жатыр",
            "У отца инфаркт",
        ],
    )
    def test_it_is_noticed_in_both_languages_and_any_case(self, text):
        assert speaks_of_danger(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "Терапевт қабылдамады, талон жоқ деді",
            "Не дали направление, не хочу ждать",
            "Жарна төледім",
            "құрысын",
            "Құрысын, шаршадым",
            "Инфаркт был в 2019 году, положены ли таблетки",
        ],
    )
    def test_a_common_complaint_is_none(self, text):
        assert not speaks_of_danger(text)

    @pytest.mark.parametrize("text", HIDDEN)
    def test_what_is_invisible_or_divides_a_word_hides_nothing(self, text):
        assert speaks_of_danger(text)

    @pytest.mark.parametrize("text", ["умира-\nет отец", "вызвали скорую-\nне едет, мать без-\nсознания лежит"])
    def test_either_reading_of_a_line_end_shows_it(self, text):
        assert speaks_of_danger(text)

    @pytest.mark.parametrize("text", HIDDEN)
    def test_its_place_is_that_in_the_text_as_written(self, text):
        [hit, *_] = sorted(signs_of_danger(text), key=lambda each: each.start)
        shown = text[hit.start : hit.end]

        assert shown.startswith(("не ды", "у\u00adми"))
        assert shown.endswith(("шит", "ет"))

    def test_the_labelled_texts_are_judged_right(self):
        labelled = [
            json.loads(line)
            for name in ("urgency_labelled.jsonl", "appeals_labelled.jsonl")
            for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
        ]

        assert [row["text"] for row in labelled if row["urgent"] and not speaks_of_danger(row["text"])] == []
        assert [row["text"] for row in labelled if not row["urgent"] and speaks_of_danger(row["text"])] == []

    def test_every_term_is_danger_or_calms(self):
        assert {term.group for term in danger_lexicon().terms} == {"urgent", "calm"}


class TestFigures:
    """What dictionary and detectors find on texts that neither has seen. Measured: 39 of 40, 7 of 40, 14 of 613."""

    def test_most_emergencies_are_found(self):
        assert sum(speaks_of_danger(row["text"]) for row in held_out("urgency.jsonl") if row["urgent"]) >= 39

    def test_few_calm_look_alikes_are_called_urgent(self):
        assert sum(speaks_of_danger(row["text"]) for row in held_out("urgency.jsonl") if not row["urgent"]) <= 8

    def test_at_most_five_in_a_hundred_ordinary_texts_are_called_urgent(self):
        rows = held_out("appeals.jsonl")
        assert sum(speaks_of_danger(row["text"]) for row in rows) <= 0.05 * len(rows)

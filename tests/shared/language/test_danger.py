import pytest

from shared.language.danger import speaks_of_danger


class TestWordsOfDanger:
    @pytest.mark.parametrize(
        "text",
        [
            "жүрегім ауырып тұр, өліп барамын",
            "помогите, он умрёт",
            "Анам талып қалды, жедел жәрдем келмей жатыр",
            "Ребёнок ЗАДЫХАЕТСЯ, скорая не приехала",
            "тоқтамайды, қансырап жатыр",
            "Он не  дышит!",
            "больше не хочу жить",
            "толғақ басталды",
            "өзімді өлтіргім келеді",
            "өміріне қауіп төніп тұр",
            "ночью начались схватки",
            "покончу с собой",
        ],
    )
    def test_they_are_noticed_in_both_languages_and_any_case(self, text):
        assert speaks_of_danger(text)

    @pytest.mark.parametrize("text", ["", "Терапевт қабылдамады, талон жоқ деді", "Не дали направление, не хочу ждать", "Жарна төледім"])
    def test_a_common_complaint_is_none(self, text):
        assert not speaks_of_danger(text)

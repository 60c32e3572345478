import pytest

from shared.language.organisations import without_names
from shared.language.tokens import key, tokenise


def left(text: str) -> list[str]:
    return [token.key for token in without_names(text, tokenise(text))]


class TestNames:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Областная детская больница № 5 отказала", "больница отказала"),
            ("Сынақ № 105 балалар ауруханасы қабылдамады", "ауруханасы қабылдамады"),
            ("онкологический центр прислал дату", "центр прислал дату"),
            ("Жұқпалы аурулар ауруханасының анықтамасы", "ауруханасының анықтамасы"),
            ("больница скорой медицинской помощи закрыта", "больница закрыта"),
            ("ТОО «Медикал плюс» не отвечает", "ТОО не отвечает"),
            ("«Жансая» клиникасы жабық", "клиникасы жабық"),
        ],
    )
    def test_the_distinction_of_an_organisation_is_hidden(self, text, expected):
        assert left(text) == [key(word) for word in expected.split()]

    @pytest.mark.parametrize(
        "text",
        ["ребёнку плохо", "жедел жәрдем келмейді", "қан тоқтамайды", "что-то случилось", "диализ отменили", "", "5 лет"],
    )
    def test_such_words_elsewhere_stay(self, text):
        assert left(text) == [token.key for token in tokenise(text)]

    @pytest.mark.parametrize("text", ["в больнице «приходите с конвертом»", "диспансер «мест нет», сказали", "центр «без чека» и всё"])
    def test_what_somebody_said_stays(self, text):
        assert left(text) == [token.key for token in tokenise(text)]

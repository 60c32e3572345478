import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.language.danger import speaks_of_danger
from shared.language.protected import protected_subjects
from shared.language.spelling import _SPACED, join_spaced, letters_for_digits, spaces_letters
from shared.language.tokens import key, tokenise


def keys(text: str) -> list[str]:
    return [token.key for token in tokenise(text)]


class TestSpacedLetters:
    @pytest.mark.parametrize(
        "text",
        [
            "п о м о г и т е",
            "п.о.м.о.г.и.т.е",
            "п-о-м-о-г-и-т-е",
            "п_о_м_о_г_и_т_е",
            "П О М О Г И Т Е",
            "п\u00a0о\u00a0м\u00a0о\u00a0г\u00a0и\u00a0т\u00a0е",
        ],
    )
    def test_they_are_one_word(self, text):
        assert keys(text) == [key("помогите")]

    def test_a_wider_gap_divides_words(self):
        assert keys("ө л і п  жатыр") == [key("өліп"), key("жатыр")]
        assert keys("о т е ц  н е  д ы ш и т") == [key("отец"), key("не"), key("дышит")]

    @pytest.mark.parametrize("text", ["а я в поликлинику", "и т.д. и т.п.", "1 2 3 4 5", "5-а класс", "г. Тараз, ул. А. Б. В."])
    def test_short_words_and_numbers_stay(self, text):
        assert join_spaced(text).text == text

    def test_positions_are_those_of_the_text_as_written(self):
        text = "Срочно: у м и р а е т отец"
        found = {token.key: text[token.start : token.end] for token in tokenise(text)}
        assert found[key("умирает")] == "у м и р а е т"
        assert found[key("отец")] == "отец"


class TestDigitsForLetters:
    @pytest.mark.parametrize(
        ("written", "meant"),
        [("3адыхается", "задыхается"), ("кр0вь", "кровь"), ("4еловек", "человек"), ("у6ивает", "убивает"), ("өл1п", "өліп")],
    )
    def test_they_are_read_as_letters(self, written, meant):
        assert key(written) == key(meant)

    @pytest.mark.parametrize("word", ["b12", "5а", "2026", "covid19", "40град"])
    def test_numbers_stay(self, word):
        assert letters_for_digits(word) == word


class TestLookalikes:
    @pytest.mark.parametrize(
        ("written", "meant"), [("умирaeт", "умирает"), ("uнсульт", "инсульт"), ("cyицид", "суицид"), ("кровοтечение", "кровотечение")]
    )
    def test_letters_of_other_alphabets_are_read_as_they_look(self, written, meant):
        assert key(written) == key(meant)


class TestDetectors:
    """Each spelling is found by both detectors."""

    @pytest.mark.parametrize(
        "text",
        [
            "п о м о г и т е, у м и р а е т",
            "отецумирает".replace("", " ").strip(),
            "ө л і п  жатыр",
            "ребёнок 3адыхается",
            "у мамы uнсульт",
            "кр0вь не останавливается",
            "не ды-\nшит",
            "суи\u00adцид",
            "за\u200bдыхается",
        ],
    )
    def test_danger(self, text):
        assert speaks_of_danger(text)

    @pytest.mark.parametrize(
        "text", ["врач просит взятkу", "в з я т к а врачу", "взя\u00adтка", "взят-\nка", "в3ятка хирургу", "взя\u200bтка"]
    )
    def test_protected_subjects(self, text):
        assert protected_subjects(text) == ["EXTORTION"]


class TestSpacesLetters:
    @given(st.text(alphabet="аб1 ._-\u00a0\nx", max_size=30))
    def test_the_quick_search_finds_what_the_plain_pattern_finds(self, text):
        assert spaces_letters(text) == (_SPACED.search(text) is not None)

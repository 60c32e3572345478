import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.text import clean, compact, reading, shows_something

INVISIBLE = "\u00ad\u200b\u200c\u200e\u200f\u202a\u202c\u202e\u2060\u2066\u2069\ufeff\u3164\uffa0\u115f\u180e\x07\x1b\x7f\x80"
PLAIN = st.text(st.sampled_from("аәбя ab-1.\n\t"), max_size=30)
PASTED = st.text(st.sampled_from("аәбя ab-1.\n\t\u200d\ufe0f" + INVISIBLE), max_size=60)


class TestClean:
    @pytest.mark.parametrize("character", INVISIBLE)
    def test_what_nobody_sees_is_dropped(self, character):
        assert clean(f"{character}ды{character}шит {character}") == "дышит"

    @pytest.mark.parametrize(
        "text",
        ["Ребёнок не дышит", "a\u00a0b", "«Қазақстан» – №1", "👩\u200d👧 ❤\ufe0f", "е\u0301", "⠓⠑⠀⠇", "a\tb\n\nc", "ә" * 20_000],
    )
    def test_what_a_citizen_typed_stays(self, text):
        assert clean(text) == text

    def test_joiners_and_selectors_stand_behind_pictographs_alone(self):
        assert clean("ды\u200dшит ды\ufe0fшит") == "дышит дышит"

    def test_lines_end_in_one_way(self):
        assert clean(" а\r\nб\rв\u2028г\x85д \r\n") == "а\nб\nв\nг\nд"

    @given(PASTED)
    def test_it_is_the_same_done_again(self, text):
        assert clean(clean(text)) == clean(text)

    @given(PLAIN)
    def test_plain_text_is_only_stripped(self, text):
        assert clean(text) == text.strip()


class TestCompact:
    def test_a_code_loses_every_space(self):
        assert compact(" 12\u00a034\u200b56\u202f\ufeff78\n") == "12345678"


class TestShowsSomething:
    @pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u2800", "\u0301", "\u20dd", "\u2800 \u0301"])
    def test_blanks_and_lone_marks_show_nothing(self, blank):
        assert not shows_something(clean(blank))

    @pytest.mark.parametrize("text", ["а", "1", ".", "👍", "\u2800a", "е\u0301", "№"])
    def test_one_sign_is_enough(self, text):
        assert shows_something(clean(text))


class TestReading:
    @pytest.mark.parametrize(
        "written",
        [
            "Ребёнок не ды\u00adшит",
            "Ребёнок не ды\u200bшит",
            "Ребёнок не ды-\nшит",
            "Ребёнок не ды\u00ad-\u200b\r\n  шит",
            "Ребёнок не ды\u200dшит\u00ad",
        ],
    )
    def test_a_word_is_read_whole_and_found_where_it_was_written(self, written):
        read = reading(written)
        start = read.text.index("дышит")
        first, last = read.span(start, start + 5)

        assert read.text == "Ребёнок не дышит"
        assert written[first:last].startswith("ды")
        assert written[first:last].endswith("шит")

    def test_a_line_that_begins_with_a_dash_joins_no_words(self):
        assert reading("не дышит -\nумирает\n- скорая").text == "не дышит -\nумирает\n- скорая"

    def test_line_ends_may_be_left_alone(self):
        assert reading("ды-\nшит", join_lines=False).text == "ды-\nшит"

    @given(PASTED)
    def test_every_character_read_is_the_one_written_there(self, text):
        read = reading(text)

        assert not any(unicodedata.category(each) == "Cf" for each in read.text)
        for place, character in enumerate(read.text):
            start, end = read.span(place, place + 1)
            assert text[start:end] == character

import pytest

from shared.language.tokens import tokenise


def sentences(text):
    return [token.sentence for token in tokenise(text)]


class TestTokenise:
    def test_a_wrapped_line_goes_on_and_a_new_one_begins(self):
        assert sentences("Ребёнок не\nдышит") == [0, 0, 0]
        assert sentences("Ребёнок не\n  дышит") == [0, 0, 0]
        assert sentences("Не знаю\nВыдают ли") == [0, 0, 1, 1]
        assert sentences("не знаю\n\nвыдают ли") == [0, 0, 1, 1]
        assert sentences("не знаю. выдают ли") == [0, 0, 1, 1]

    @pytest.mark.parametrize("text", ["Ждём??? Долго!", "Ждём ? ? ? Долго"])
    def test_question_marks_one_after_another_are_one(self, text):
        assert [token.key for token in tokenise(text)] == ["ждем", "?", "долго"]

    def test_words_are_placed_in_the_text_as_written(self):
        text = "у\u00adми-\nра\u200bет мать"
        assert [text[token.start : token.end] for token in tokenise(text)] == ["у\u00adми-\nра\u200bет", "мать"]

    def test_of_too_many_words_the_beginning_and_the_end_are_read(self):
        text = "начало " + "а " * 9_000 + "конец"
        keys = [token.key for token in tokenise(text)]
        assert (keys[0], keys[-1]) == ("начало", "конец")
        assert len(keys) < 6_000
        assert [text[token.start : token.end] for token in tokenise(text)][-1] == "конец"

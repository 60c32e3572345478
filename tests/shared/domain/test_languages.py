import time

import pytest

from shared.domain.languages import detect_language


class TestDetectLanguage:
    @pytest.mark.parametrize(
        "text",
        [
            "Дәрігер қабылдамады",
            "даригер карамай койды, бас тартты",
            "Dariger ote jaqsy emdedi, rahmet",
            "Участковый врач прием жасамады, талон жоқ деп отказ берді",
            "Поликлиникаға прикрепиться болу үшін не керек?",
            "emhanada kezek kop, kutuge bolmaidy",
        ],
    )
    def test_kazakh_with_and_without_its_letters_in_latin_and_mixed_with_russian_words(self, text):
        assert detect_language(text) == "kk"

    @pytest.mark.parametrize(
        "text",
        [
            "Отказали в приёме у хирурга, сказали нет талонов",
            "Врач Әлібек Қуанышұлы отказал в приёме",
            "menya ne prinyali v poliklinike, skazali net talonov",
            "Спасибо",
        ],
    )
    def test_russian_in_latin_and_with_kazakh_names(self, text):
        assert detect_language(text) == "ru"

    def test_english(self):
        assert detect_language("My doctor refused to see me at the clinic") == "en"

    @pytest.mark.parametrize("text", ["", "   ", "123", "?!"])
    def test_a_text_without_words_is_answered_in_the_state_language(self, text):
        assert detect_language(text) == "kk"

    def test_of_a_long_text_four_thousand_characters_count(self):
        quoted = "Справка о прикреплении к поликлинике номер пять города. " * 45
        assert 2_000 < len(quoted) < 3_000
        own = "Мен осыған байланысты сізден көмек сұраймын, өйткені маған ешкім жауап бермейді. " * 15
        assert detect_language(quoted) == "ru"
        assert detect_language((quoted + own)[:4_000]) == detect_language(quoted + own) == "kk"

    def test_the_longest_text_takes_a_few_milliseconds(self):
        text = "Дәрігер қабылдамады, талон жоқ деп қайтарды. " * 450
        began = time.thread_time()
        assert detect_language(text) == "kk"
        assert time.thread_time() - began < 0.1

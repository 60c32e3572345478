import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.names import fold, normalise_name, to_cyrillic


class TestFold:
    def test_kazakh_letters_become_plain(self):
        assert fold("ӘҒҚҢӨҰҮҺІЁ әғқңөұүһіё") == "агкноуухие агкноуухие"

    @given(st.text())
    def test_positions_stay_where_they_were(self, text):
        assert len(fold(text)) == len(text)

    @given(st.text(alphabet=st.characters(min_codepoint=0x400, max_codepoint=0x4FF)))
    def test_folding_twice_changes_nothing_more(self, text):
        assert fold(fold(text)) == fold(text)


class TestToCyrillic:
    @pytest.mark.parametrize(
        ("typed", "read"),
        [
            ("meni qabyldamady", "мени қабылдамады"),
            ("qalai bolmaidy", "қалай болмайды"),
            ("spasibo vracham", "спасибо врачам"),
            ("Menya ne prinyali", "меня не приняли"),
            ("Hochu pozhalovatsya", "хочу пожаловатся"),
            ("shchi, zhaloba; 23", "щи, жалоба; 23"),
            ("dáriger kómek", "дәрігер көмек".replace("і", "и")),
        ],
    )
    def test_kazakh_and_russian_typed_in_latin_are_read(self, typed, read):
        assert to_cyrillic(typed) == read

    def test_a_latin_letter_inside_a_cyrillic_word_is_the_letter_it_looks_like(self):
        assert to_cyrillic("cпасибо, eмхaна") == "спасибо, емхана"

    def test_cyrillic_text_stays_as_it_is(self):
        assert to_cyrillic("Дәрігер Қабылдамады №5") == "Дәрігер Қабылдамады №5"


SAME_PROVIDER = [
    [
        "№5 қалалық емхана",
        "Городская поликлиника №5",
        "Гор. пол-ка 5",
        "ГП №05",
        "КГП на ПХВ «Городская поликлиника №5»",
        "qalalyq emhana 5",
    ],
    ["23 емхана", "Поликлиника № 23", "пол-ка N23", "23-ші емхана", "emhana 23", "«23 емхана» ЖШС"],
    [
        "Қызылорда облыстық көпбейінді аурухана",
        "Кызылординская областная многопрофильная больница",
        "Qyzylorda oblystyq kopbeiindi auruhana",
    ],
    ["Жаңақорған орталық аудандық ауруханасы", "Жанакорганская ЦРБ", "Жанакорганская центральная районная больница"],
    ["Облыстық перинаталдық орталығы", "Областной перинатальный центр", "ОПЦ"],
]


class TestNormaliseName:
    @pytest.mark.parametrize("names", SAME_PROVIDER, ids=lambda names: names[0])
    def test_the_ways_to_write_one_provider_come_out_with_the_same_words(self, names):
        assert {" ".join(sorted(normalise_name(name).split())) for name in names} == {" ".join(sorted(normalise_name(names[0]).split()))}
        assert normalise_name(names[0])

    def test_numbers_keep_providers_apart(self):
        assert normalise_name("5 емхана") != normalise_name("15 емхана")

    def test_a_hospital_is_not_a_polyclinic(self):
        assert normalise_name("Городская больница 5") != normalise_name("Городская поликлиника 5")

    def test_a_composed_and_a_decomposed_letter_are_one(self):
        assert normalise_name("Районная") == normalise_name("Раи\u0306онная")

    def test_nothing_but_a_legal_form_leaves_nothing(self):
        assert normalise_name("«ТОО»") == ""

    def test_five_thousand_names_are_normalised_in_half_a_second(self):
        names = [f"КГП на ПХВ «Городская поликлиника №{number}» УЗ области" for number in range(5000)]
        normalise_name(names[0])
        began = time.thread_time()
        for name in names:
            normalise_name(name)
        assert (time.thread_time() - began) / len(names) < 100e-6  # 9 µs measured; room for a busy machine

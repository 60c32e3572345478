import pytest

from analytics.sentences.service import Amount, filled
from shared.domain.labels import LANGUAGES, Label

TEXT = Label("{where} {n:ablative} астам", "{where}: {n:жалоба|жалобы|жалоб}", "{where}: {n:complaint|complaints}")


class TestFilled:
    def test_a_sentence_has_its_values_and_a_capital(self):
        values = {"n": Amount.number(21), "where": Label("мұнда", "здесь", "here")}
        assert [filled(TEXT, values, language) for language in LANGUAGES] == [
            "Мұнда 21-ден астам",
            "Здесь: 21\u00a0жалоба",
            "Here: 21\u00a0complaints",
        ]

    def test_texts_and_numbers_without_a_format_stay_as_they_are(self):
        assert filled(Label("{year} {name}", "{year} {name}", "{year} {name}"), {"year": 2026, "name": "№ 5"}, "kk") == "2026 № 5"

    def test_a_value_that_is_not_given_is_an_error(self):
        with pytest.raises(KeyError, match="where"):
            filled(TEXT, {"n": Amount.number(1)}, "ru")

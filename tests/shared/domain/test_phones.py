import phonenumbers
import pytest

from shared.domain.phones import InvalidPhone, mask_phone, normalise_personal_phone, normalise_phone, short_numbers


class TestNormalisePhone:
    @pytest.mark.parametrize(
        "typed",
        [
            "+77010000000",
            "8 701 000 00 00",
            "8(701)000-00-00",
            "77010000000",
            "7010000000",
            " 7 701 000 0000 ",
            "8–701–000–00–00",
            "8\u2212701\u2212000\u221200\u221200",
        ],
    )
    def test_one_number_has_one_form_however_it_is_typed(self, typed):
        assert normalise_phone(typed) == "+77010000000"

    def test_a_landline_is_a_number_too(self):
        assert normalise_phone("8 (7242) 00-00-00") == "+77242000000"

    def test_a_number_already_in_its_form_is_judged_as_the_library_judges_it(self):
        for prefix in range(600, 800):
            typed = f"+7{prefix}0000000"
            valid = phonenumbers.is_valid_number_for_region(phonenumbers.parse(typed, "KZ"), "KZ")
            try:
                assert normalise_phone(typed) == typed
                assert valid
            except InvalidPhone:
                assert not valid

    @pytest.mark.parametrize(
        "pasted",
        [
            "+7\u00a0701\u00a0000\u00a000\u00a000",
            "+7\u202f701\u202f000\u202f00\u202f00",
            "\u202a+7 701 000 00 00\u202c",
            "+77010000000\u200b",
            "\ufeff+77010000000",
            "+7\u00ad7010000000",
        ],
    )
    def test_what_a_page_or_a_card_adds_to_a_number_is_left_out(self, pasted):
        assert normalise_phone(pasted) == "+77010000000"
        assert normalise_personal_phone(pasted) == "+77010000000"

    @pytest.mark.parametrize("short", ["1414", "1406", "103", "112"])
    def test_a_known_short_number_stands_as_it_is(self, short):
        assert normalise_phone(short) == short

    @pytest.mark.parametrize(
        "typed", ["+79160000000", "89160000000", "9160000000", "+12025550100", "", "1415", "8 701 CALLME0", "+7701000000", "٨٧٠١"]
    )
    def test_anything_else_is_refused(self, typed):
        with pytest.raises(InvalidPhone):
            normalise_phone(typed)

    def test_the_refusal_does_not_repeat_what_was_typed(self):
        with pytest.raises(InvalidPhone) as refused:
            normalise_phone("+79160000000")
        assert "9160000000" not in str(refused.value)


class TestNormalisePersonalPhone:
    @pytest.mark.parametrize("short", [*short_numbers(), "1\u200b03", " 112 "])
    def test_a_short_number_is_nobodys_own(self, short):
        with pytest.raises(InvalidPhone):
            normalise_personal_phone(short)


class TestMaskPhone:
    def test_two_digits_are_left(self):
        assert mask_phone("+77010000067") == "+7 7•• ••• •• 67"

    def test_a_short_number_is_not_hidden(self):
        assert mask_phone("1414") == "1414"

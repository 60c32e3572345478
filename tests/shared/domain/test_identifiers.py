import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.identifiers import (
    InvalidNumber,
    RegistrationNumber,
    canonical_number,
    damm_digit,
    digits_as_typed,
    holds_iin,
    iin_errors,
    is_valid_bin,
    is_valid_bin_or_iin,
    is_valid_iin,
    normalise_twelve,
)

PAYLOADS = ["2026430000017", "2026000000001", "2099799999999", "2021271234567", "2030559080706"]


def agrees(digits):
    return damm_digit(digits[:-1]) == digits[-1]


class TestDamm:
    def test_the_published_example(self):
        assert damm_digit("572") == "4"

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_every_single_wrong_digit_is_found(self, payload):
        whole = payload + damm_digit(payload)
        wrong = [whole[:at] + other + whole[at + 1 :] for at, right in enumerate(whole) for other in "0123456789" if other != right]
        assert len(wrong) == 14 * 9
        assert not any(agrees(one) for one in wrong)

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_every_swap_of_neighbours_is_found(self, payload):
        whole = payload + damm_digit(payload)
        pairs = [at for at in range(len(whole) - 1) if whole[at] != whole[at + 1]]
        swapped = [whole[:at] + whole[at + 1] + whole[at] + whole[at + 2 :] for at in pairs]
        assert swapped
        assert not any(agrees(one) for one in swapped)

    def test_every_pair_of_digits_differs_from_its_swap_after_every_prefix(self):
        for prefix in "0123456789":
            for a in "0123456789":
                assert len({damm_digit(prefix + a + b) for b in "0123456789"}) == 10
                assert all(damm_digit(prefix + a + b) != damm_digit(prefix + b + a) for b in "0123456789" if a != b)


class TestRegistrationNumber:
    def test_it_is_written_with_its_check_digit(self):
        assert RegistrationNumber.format(2026, "43", 17) == "2026-43-0000017-9"

    @pytest.mark.parametrize(
        "typed",
        [
            "2026-43-0000017-9",
            "20264300000179",
            " 2026 43 0000017 9 ",
            "2026–43–0000017–9",
            "2026\u00a043 000 00 17-9",
            "2026-43-00000179",
            "№ 2026-43-0000017-9",
            "№2026-43-0000017-9",
            "N 2026-43-0000017-9",
            "#20264300000179",
            "\u200b2026-43-0000017-9",
            "2026\u00ad43\u00ad0000017\u00ad9",
            "\u202a2026-43-0000017-9\u202c",
            "2026‑43‑0000017‑9\ufeff",
            "2026\u202f43\u202f0000017\u202f9",
        ],
    )
    def test_it_is_read_as_people_type_it(self, typed):
        assert RegistrationNumber.parse(typed) == RegistrationNumber(2026, "43", 17)

    @given(st.integers(2000, 2099), st.sampled_from(["00", "10", "43", "79"]), st.integers(1, 9_999_999))
    def test_what_is_written_is_read_back(self, year, code, sequence):
        assert RegistrationNumber.parse(str(RegistrationNumber(year, code, sequence))) == RegistrationNumber(year, code, sequence)

    @pytest.mark.parametrize("typed", ["", "2026-43-0000017-8", "2026-43-17-9", "2026-43-0000017-9x", "٢٠٢٦-43-0000017-9", "2" * 15])
    def test_anything_else_is_refused(self, typed):
        with pytest.raises(InvalidNumber):
            RegistrationNumber.parse(typed)

    def test_its_written_form_is_found_in_what_was_typed(self):
        assert canonical_number("2026 43 0000017 9") == "2026-43-0000017-9"
        assert canonical_number("2026-43-0000017-8") is None
        assert canonical_number(" " * 100 + "2026-43-0000017-9") is None

    def test_the_refusal_does_not_repeat_what_was_typed(self):
        with pytest.raises(InvalidNumber) as refused:
            RegistrationNumber.parse("991231501014")
        assert "991231501014" not in str(refused.value)

    @pytest.mark.parametrize(("year", "code", "sequence"), [(2026, "43", 10_000_000), (2026, "43", 0), (2026, "4", 1), (12026, "43", 1)])
    def test_a_part_that_does_not_fit_is_refused(self, year, code, sequence):
        with pytest.raises(InvalidNumber):
            RegistrationNumber.format(year, code, sequence)


class TestIin:
    @pytest.mark.parametrize("iin", ["991231501014", "991231500707"])
    def test_both_passes_of_the_check_digit_are_known(self, iin):
        assert is_valid_iin(iin)

    def test_a_number_whose_both_passes_give_ten_is_never_valid(self):
        assert not any(is_valid_iin(f"99123150077{digit}") for digit in range(10))

    @pytest.mark.parametrize(
        ("iin", "errors"),
        [
            ("99123150101", ("not-12-digits",)),
            ("99123150101X", ("not-12-digits",)),
            ("991231501015", ("wrong-check-digit",)),
            ("990231501014", ("no-such-birth-date", "wrong-check-digit")),
        ],
    )
    def test_it_says_what_is_wrong(self, iin, errors):
        assert iin_errors(iin) == errors

    @pytest.mark.parametrize(("century", "known"), [("3", False), ("5", True), ("0", True), ("8", True)])
    def test_the_century_decides_about_the_29th_of_february_and_an_unassigned_one_is_let_through(self, century, known):
        assert ("no-such-birth-date" in iin_errors(f"000229{century}00000")) is not known


class TestNormaliseTwelve:
    @pytest.mark.parametrize(
        "typed", ["991231501014", "991231 501014", "9912 3150 1014", "991231\u00a0501014", "\ufeff991231-501014\u200b"]
    )
    def test_groups_make_one_number(self, typed):
        assert normalise_twelve(typed) == "991231501014"

    @pytest.mark.parametrize("typed", ["99123150101", "991231501014x", "", "٩٩١٢٣١٥٠١٠١٤"])
    def test_what_is_no_number_stays_for_the_rule_to_refuse(self, typed):
        assert normalise_twelve(typed) == typed


class TestHoldsIin:
    @pytest.mark.parametrize(
        "text",
        [
            "ЖСН 991231501014 осы",
            "991231 501014",
            "9912-3150-1014",
            "991231\u00a0501014",
            "991231\u00ad501014",
            "99\u200b1231501014",
            "тел. 8 701 000 00 00 991231501014",
            "991231501014.",
        ],
    )
    def test_an_iin_is_found_however_it_is_grouped(self, text):
        assert holds_iin(text)

    @pytest.mark.parametrize(
        "text",
        [
            "Звонил на 8 777 000 00 00 2 раза",
            "Был 2026-02-11 0930",
            "2026-43-0000017-9",
            "9912315010144",
            "991231501015",
            "200140000014 это БИН",
            "",
        ],
    )
    def test_other_numbers_are_none(self, text):
        assert not holds_iin(text)


class TestDigitsAsTyped:
    @pytest.mark.parametrize(
        ("typed", "digits"), [("0000452", "0000452"), ("№ 2026-43", "202643"), ("2026–43", "202643"), ("Иванова", ""), ("", "")]
    )
    def test_a_part_of_a_number_gives_its_digits(self, typed, digits):
        assert digits_as_typed(typed) == digits

    @pytest.mark.parametrize("around", ["%s.", "%s,", "«%s»", "(№ %s)", '"%s"', "№: %s;", "\u200b(%s).\u200b"])
    def test_punctuation_about_a_number_that_is_copied_out_of_a_sentence_is_left_out(self, around):
        assert digits_as_typed(around % "2026-43-0000017-9") == "20264300000179"


class TestBin:
    @pytest.mark.parametrize("bin_", ["200140000014", "200140000501"])
    def test_both_passes_of_the_check_digit_are_known(self, bin_):
        assert is_valid_bin(bin_)

    @pytest.mark.parametrize("bin_", ["200140000015", "201340000014", "200110000014", "20014000001", ""])
    def test_a_wrong_digit_month_or_type_is_refused(self, bin_):
        assert not is_valid_bin(bin_)

    def test_a_sole_traders_iin_stands_for_a_bin(self):
        assert is_valid_bin_or_iin("991231501014")
        assert is_valid_bin_or_iin("200140000014")
        assert not is_valid_bin("991231501014")
        assert not is_valid_bin_or_iin("991231501015")

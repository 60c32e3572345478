"""Derived identifiers are stored in every log, so their values must never change."""

from uuid import UUID, uuid5

import pytest

from shared.ids import derived, random_digits, read_uuid

CAUSE = UUID("01900000-0000-7000-8000-000000000001")
ROUTED = "kz.aryz.routing.appeal-routed.v1"


class TestDerived:
    def test_the_id_that_follows_from_a_cause_stays_the_same_for_ever(self):
        assert derived(CAUSE, ROUTED) == UUID("4ec9724d-4156-5c39-bdc8-6869e053e665")

    def test_it_is_the_uuid5_of_the_cause_the_name_and_the_ordinal(self):
        assert derived(CAUSE, "тіркелді", 7) == uuid5(CAUSE, "тіркелді/7")

    def test_another_ordinal_gives_another_id(self):
        assert derived(CAUSE, ROUTED, 0) != derived(CAUSE, ROUTED, 1)


class TestReadUuid:
    @pytest.mark.parametrize("written", [str(CAUSE), CAUSE.bytes])
    def test_it_is_the_standard_identifier_in_all_that_is_done_with_one(self, written):
        found = read_uuid(written)
        assert isinstance(found, UUID)
        assert (found, hash(found), str(found), found.bytes, found.hex) == (CAUSE, hash(CAUSE), str(CAUSE), CAUSE.bytes, CAUSE.hex)

    def test_what_is_no_identifier_is_refused(self):
        with pytest.raises(ValueError, match="UUID"):
            read_uuid("0190")


class TestRandomDigits:
    def test_it_has_its_width_and_every_digit_comes(self):
        codes = [random_digits(8) for _ in range(200)]
        assert all(len(code) == 8 and code.isdecimal() for code in codes)
        assert {code[0] for code in codes} == set("0123456789")

"""Identifiers that follow from others stand in every log: they may never come out differently."""

from uuid import UUID, uuid5

from shared.ids import derived

CAUSE = UUID("01900000-0000-7000-8000-000000000001")
ROUTED = "kz.aryz.routing.appeal-routed.v1"


class TestDerived:
    def test_the_id_that_follows_from_a_cause_stays_the_same_for_ever(self):
        assert derived(CAUSE, ROUTED) == UUID("4ec9724d-4156-5c39-bdc8-6869e053e665")

    def test_it_is_the_uuid5_of_the_cause_the_name_and_the_ordinal(self):
        assert derived(CAUSE, "тіркелді", 7) == uuid5(CAUSE, "тіркелді/7")

    def test_another_ordinal_gives_another_id(self):
        assert derived(CAUSE, ROUTED, 0) != derived(CAUSE, ROUTED, 1)

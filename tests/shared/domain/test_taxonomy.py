from datetime import date

import pytest

from shared.domain.labels import LANGUAGES
from shared.domain.routing_policy import floors, tier_for
from shared.domain.taxonomy import taxonomy

CODES = taxonomy()
TABLES = (
    "forms",
    "kinds",
    "categories",
    "topics",
    "tiers",
    "outcomes",
    "channels",
    "provider_kinds",
    "ownerships",
    "statuses",
    "holders",
    "response_codes",
    "refusal_reasons",
    "concerned_services",
    "departments",
)


class TestTables:
    def test_they_are_as_long_as_published(self):
        sizes = {name: len(getattr(CODES, name)) for name in TABLES}
        assert sizes == {
            "forms": 6,
            "kinds": 8,
            "categories": 57,
            "topics": 29,
            "tiers": 3,
            "outcomes": 12,
            "channels": 15,
            "provider_kinds": 19,
            "ownerships": 3,
            "statuses": 13,
            "holders": 7,
            "response_codes": 5,
            "refusal_reasons": 13,
            "concerned_services": 15,
            "departments": 14,
        }

    @pytest.mark.parametrize("name", TABLES)
    def test_every_entry_is_labelled_in_three_languages(self, name):
        assert all(entry.label.in_(one).strip() for entry in getattr(CODES, name).values() for one in LANGUAGES)

    def test_a_table_cannot_be_changed(self):
        with pytest.raises(TypeError):
            CODES.kinds["NEW"] = CODES.kinds["OTHER"]

    def test_an_endpoint_is_valid_between_its_dates(self):
        assert CODES.channels["CALL_1406"].valid_to == date(2023, 5, 31)
        assert CODES.channels["CALL_1414"].valid_from == date(2023, 6, 1)

    def test_criminal_and_urgent_matters_do_not_go_to_the_provider_alone(self):
        assert not any(CODES.categories[code].spp_first for code in ("EXTORTION", "CORRUPTION", "UNRENDERED", "REFUSAL_EMERGENCY"))

    def test_an_explanation_does_not_count_as_a_complaint(self):
        assert not CODES.outcomes["EXPLAINED"].counts_as_complaint
        assert CODES.outcomes["JUSTIFIED"].counts_as_complaint

    def test_categories_roll_up_to_their_parent_and_no_further(self):
        assert CODES.root_category("REFUSAL_APPOINTMENT") == "REFUSAL"
        assert CODES.root_category("REFUSAL") == "REFUSAL"
        assert all(CODES.categories[CODES.root_category(code)].parent is None for code in CODES.categories)


class TestSubject:
    def test_complaints_reports_and_requests_carry_a_category_and_all_others_a_topic(self):
        with_category = {kind for kind in CODES.kinds if CODES.subject_field(kind) == "category"}
        assert with_category == {"COMPLAINT", "REPORT", "REQUEST"}

    @pytest.mark.parametrize(
        ("kind", "category", "topic", "errors"),
        [
            ("COMPLAINT", "REFUSAL", None, []),
            ("COMPLAINT", None, None, []),
            ("CONSULTATION", None, "PAY_DEBT", []),
            (None, "REFUSAL", None, []),
            (None, None, "PAY_DEBT", []),
            (None, None, None, []),
            ("COMPLAINT", None, "PAY_DEBT", [("topic", "not-for-this-kind")]),
            ("CONSULTATION", "REFUSAL", None, [("category", "not-for-this-kind")]),
            (None, "REFUSAL", "PAY_DEBT", [("topic", "category-or-topic")]),
            ("PLEA", None, None, [("kind", "unknown-code")]),
            ("COMPLAINT", "WEATHER", None, [("category", "unknown-code")]),
            (None, None, "WEATHER", [("topic", "unknown-code")]),
            ("COMPLAINT", "", None, [("category", "unknown-code")]),
        ],
    )
    def test_what_may_stand_together(self, kind, category, topic, errors):
        assert CODES.subject_errors(kind, category, topic) == errors


class TestTierFor:
    @pytest.mark.parametrize(
        ("kind", "category", "topic", "urgent", "tier"),
        [
            ("CONSULTATION", None, "PAY_DEBT", False, 1),
            ("SUGGESTION", None, None, False, 2),
            (None, None, None, False, 1),
            ("COMPLAINT", None, None, False, 2),
            ("COMPLAINT", "REFUSAL_APPOINTMENT", None, False, 2),
            ("COMPLAINT", "UNRENDERED", None, False, 3),
            (None, "UNRENDERED", None, False, 3),
            ("COMPLAINT", "REFUSAL_EMERGENCY", None, False, 3),  # an urgent category
            ("REQUEST", "AMBULANCE", None, False, 2),
            ("COMPLAINT", "REFUSAL_APPOINTMENT", None, True, 3),
            ("CONSULTATION", None, "PAY_DEBT", True, 3),
        ],
    )
    def test_the_category_or_the_kind_gives_it_and_urgency_raises_it(self, kind, category, topic, urgent, tier):
        assert tier_for(kind, category, topic, urgent=urgent) == tier

    def test_urgency_never_lowers_a_tier(self):
        for code in CODES.categories:
            assert tier_for("COMPLAINT", code, None, urgent=True) >= tier_for("COMPLAINT", code, None, urgent=False)

    @pytest.mark.parametrize(("kind", "category", "topic"), [("PLEA", None, None), (None, "WEATHER", None), (None, None, "WEATHER")])
    def test_an_unknown_code_is_refused(self, kind, category, topic):
        with pytest.raises(KeyError):
            tier_for(kind, category, topic, urgent=False)

    def test_every_floor_gives_its_reason(self):
        assert [floor.rule for floor in floors() if floor.reason] == ["URGENT_TEXT", "URGENT_COMPLAINT"]

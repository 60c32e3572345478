from enum import StrEnum

import pytest

from analytics.sentences import policy
from shared.domain.tables import ReferenceDataError


@pytest.fixture
def fresh():
    """Empty the caches around a test, so that it reads changed files."""
    cached = (policy.kazakh_endings, policy.region_phrases, policy.months, policy.period_texts)
    for each in cached:
        each.cache_clear()
    yield
    for each in cached:
        each.cache_clear()


class Codes(StrEnum):
    GREETING = "greeting"


@pytest.mark.usefixtures("fresh")
class TestCheckPolicies:
    def test_the_files_are_sound(self):
        policy.check_policies()

    def test_a_region_without_a_phrase_is_refused(self, monkeypatch):
        monkeypatch.setattr(policy, "regions", lambda: {"KZ-99": None})
        with pytest.raises(ReferenceDataError, match="the regions are not those"):
            policy.check_policies()

    def test_twelve_months_are_needed(self, monkeypatch):
        monkeypatch.setattr(policy, "_MONTHS", 13)
        with pytest.raises(ReferenceDataError, match="the months must be 1 to 12"):
            policy.check_policies()


class TestParseTexts:
    def test_a_missing_and_an_unknown_text_are_named(self):
        with pytest.raises(ReferenceDataError, match="missing or unknown: farewell, greeting"):
            policy.parse_texts("texts.toml", '[farewell]\nkk = "a"\nru = "b"\nen = "c"', Codes)

    def test_languages_must_name_the_same_values(self):
        with pytest.raises(ReferenceDataError, match="greeting: the languages name different values"):
            policy.parse_texts("texts.toml", '[greeting]\nkk = "{a}"\nru = "{a}"\nen = "{b}"', Codes)

from typing import get_args

from provider_contact.matching.policy import matching_policy
from provider_contact.matching.schemas import MatchMethod
from shared.contracts import ProviderMatched
from shared.domain.provider_names import name_search_policy


class TestPolicy:
    def test_the_thresholds_can_be_read(self):
        assert name_search_policy().region_threshold < matching_policy().country_threshold


class TestMatchMethod:
    def test_the_codes_are_those_of_the_event(self):
        assert list(MatchMethod) == list(get_args(ProviderMatched.model_fields["matched_by"].annotation))

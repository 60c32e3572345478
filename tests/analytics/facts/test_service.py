from typing import get_args

from analytics.facts.schemas import CallOutcome
from analytics.facts.service import check_codes
from shared.contracts import CallEnded


class TestCodes:
    def test_the_outcomes_that_the_code_names_are_outcomes_of_the_taxonomy(self):
        check_codes()

    def test_the_outcomes_of_calls_are_those_of_the_event(self):
        assert list(CallOutcome) == list(get_args(CallEnded.model_fields["outcome"].annotation))

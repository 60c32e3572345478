from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shared.contracts import (
    AnswerGiven,
    AppealRouted,
    AppealWithdrawn,
    CaseClosed,
    CaseForwarded,
    CaseReopened,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ComplaintPassedUp,
    InquirySent,
    ProviderMatched,
    TierRaised,
)
from shared.domain.lifecycle import CaseStatus
from shared.projection import EndingOutcome, state_after

APPEAL, FOUND, OTHER = uuid4(), uuid4(), uuid4()
DUE = datetime(2026, 2, 23, tzinfo=UTC)


def state(**changes):
    return {
        "status": CaseStatus.IN_REVIEW,
        "kind": "COMPLAINT",
        "tier": 1,
        "provider_id": None,
        "outcome": None,
        "protection": None,
        **changes,
    }


def after(event, **known):
    return state_after(state(**known), event.model_construct(appeal_id=APPEAL) if isinstance(event, type) else event)


def inquiry(provider):
    return InquirySent.model_construct(appeal_id=APPEAL, inquiry_id=uuid4(), provider_id=provider, due_at=DUE)


class TestProvider:
    def test_an_inquiry_names_the_provider_where_none_is_known(self):
        assert after(inquiry(OTHER))["provider_id"] == OTHER

    def test_an_inquiry_to_another_provider_leaves_the_one_found_in_the_directory(self):
        assert after(inquiry(OTHER), provider_id=FOUND)["provider_id"] == FOUND

    def test_a_match_replaces_the_provider(self):
        assert after(ProviderMatched.model_construct(appeal_id=APPEAL, provider_id=FOUND), provider_id=OTHER)["provider_id"] == FOUND


class TestClassification:
    def test_routing_sets_kind_and_tier(self):
        found = after(AppealRouted.model_construct(appeal_id=APPEAL, kind="CONSULTATION", tier=2), status=CaseStatus.REGISTERED, tier=None)
        assert (found["kind"], found["tier"]) == ("CONSULTATION", 2)

    def test_a_raised_tier_leaves_all_else(self):
        assert after(TierRaised.model_construct(appeal_id=APPEAL, tier=3)) == state(tier=3)


class TestProtection:
    @pytest.mark.parametrize(
        ("before", "written", "found"),
        [
            (None, None, None),
            ("SENSITIVE", None, "SENSITIVE"),
            (None, "FUND", "FUND"),
            ("SENSITIVE", "OPEN", None),
            ("SENSITIVE", "FUND", "FUND"),
        ],
    )
    def test_an_event_says_it_and_one_of_an_earlier_version_changes_nothing(self, before, written, found):
        event = ClassificationCorrected.model_construct(appeal_id=APPEAL, kind="COMPLAINT", tier=3, protection=written)
        assert after(event, protection=before)["protection"] == found


class TestReopened:
    @pytest.mark.parametrize("status", [CaseStatus.CLOSED, CaseStatus.WITHDRAWN, CaseStatus.ANSWERED, CaseStatus.AWAITING_PROVIDER])
    def test_a_reopened_case_has_no_outcome_and_its_new_tier(self, status):
        event = CaseReopened.model_construct(appeal_id=APPEAL, tier=3, queue="KZ-43/3/kk", reason="PROMISE_BROKEN")
        assert after(event, status=status, outcome="RESOLVED_ON_SPOT") == state(tier=3)


class TestOutcome:
    @pytest.mark.parametrize(
        ("event", "outcome"),
        [
            (CaseClosed.model_construct(appeal_id=APPEAL, outcome="EXPLAINED"), "EXPLAINED"),
            (CaseReturned, EndingOutcome.RETURNED),
            (CaseTerminated, EndingOutcome.TERMINATED),
            (CaseForwarded, EndingOutcome.FORWARDED),
            (ComplaintPassedUp, EndingOutcome.FORWARDED),
            (AppealWithdrawn, EndingOutcome.WITHDRAWN),
        ],
    )
    def test_an_event_that_ends_the_appeal_sets_it(self, event, outcome):
        known = CaseStatus.ANSWERED if isinstance(event, CaseClosed) else CaseStatus.IN_REVIEW
        assert after(event, status=known)["outcome"] == outcome

    def test_an_appeal_that_an_event_does_not_move_keeps_it(self):
        ended = {"status": CaseStatus.CLOSED, "outcome": "EXPLAINED"}
        assert after(AppealWithdrawn, **ended) == state(**ended)

    def test_a_decision_that_overrules_a_withdrawal_takes_it_away(self):
        found = after(AnswerGiven, status=CaseStatus.WITHDRAWN, outcome=EndingOutcome.WITHDRAWN)
        assert (found["status"], found["outcome"]) == (CaseStatus.ANSWERED, None)

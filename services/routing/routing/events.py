"""What routing tells the others, out of what it has."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from routing.models import Answer, AppealCase, CaseClock
from routing.reference import dangers
from shared.contracts import (
    AnswerGiven,
    AppealRouted,
    CaseClaimed,
    CaseClosed,
    ClassificationCorrected,
    ClockBreached,
    ClockStarted,
    ClockWarned,
    DangerReported,
    TierRaised,
)


def appeal_routed(case: Mapping[str, Any]) -> AppealRouted:
    """Of a case's row as it is opened; what the classifier said of itself is in its `classification`."""
    return AppealRouted.model_validate({**case, **{name: case["classification"][name] for name in ("decision", "confidence", "versions")}})


def clock_started(clock: Mapping[str, Any]) -> ClockStarted:
    """Of a clock's row as it is begun."""
    return ClockStarted.model_validate(clock)


def clock_warned(clock: CaseClock) -> ClockWarned:
    return ClockWarned(appeal_id=clock.appeal_id, clock_id=clock.clock_id, policy=clock.policy, due_at=clock.due_at)


def clock_breached(clock: CaseClock) -> ClockBreached:
    return ClockBreached(appeal_id=clock.appeal_id, clock_id=clock.clock_id, policy=clock.policy, due_at=clock.due_at)


def tier_raised(case: AppealCase, reason: str) -> TierRaised:
    return TierRaised(appeal_id=case.appeal_id, tier=case.tier, queue=case.queue, reason=reason)


def case_claimed(case: AppealCase, actor_role: str) -> CaseClaimed:
    return CaseClaimed(appeal_id=case.appeal_id, actor_role=actor_role)


def classification_corrected(case: AppealCase, actor_role: str) -> ClassificationCorrected:
    return ClassificationCorrected(
        appeal_id=case.appeal_id,
        kind=case.kind,
        statutory_form=case.statutory_form,
        category=case.category,
        topic=case.topic,
        tier=case.tier,
        queue=case.queue,
        actor_role=actor_role,
    )


def answer_given(case: AppealCase, answer: Answer, findings: Sequence[str]) -> AnswerGiven:
    return AnswerGiven(
        appeal_id=case.appeal_id,
        answer_id=answer.answer_id,
        language=answer.language,
        findings=list(findings),
        actor_role=answer.actor_role,
    )


def case_closed(case: AppealCase, outcome: str, actor_role: str) -> CaseClosed:
    return CaseClosed(appeal_id=case.appeal_id, outcome=outcome, actor_role=actor_role)


def danger_reported(appeal_id: UUID, rule: str, due_at: datetime) -> DangerReported:
    """Of a rule of `dangers.csv`."""
    danger = dangers()[rule]
    return DangerReported(appeal_id=appeal_id, ground=danger.ground, body=danger.body, due_at=due_at)

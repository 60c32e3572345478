"""What routing tells the others, out of what it has."""

from collections.abc import Sequence

from routing.models import Answer, AppealCase, CaseClock
from shared.contracts import (
    AnswerGiven,
    AppealRouted,
    CaseClaimed,
    CaseClosed,
    ClassificationCorrected,
    ClockBreached,
    ClockStarted,
    ClockWarned,
    TierRaised,
)
from shared.contracts.routing import Decision, Urgency


def appeal_routed(case: AppealCase, *, urgency: Urgency, decision: Decision, confidence: float, versions: dict[str, str]) -> AppealRouted:
    return AppealRouted(
        appeal_id=case.appeal_id,
        kind=case.kind,
        statutory_form=case.statutory_form,
        category=case.category,
        topic=case.topic,
        tier=case.tier,
        urgency=urgency,
        queue=case.queue,
        region=case.region,
        language=case.language,
        decision=decision,
        confidence=confidence,
        versions=versions,
    )


def clock_started(clock: CaseClock) -> ClockStarted:
    return ClockStarted(
        appeal_id=clock.appeal_id,
        clock_id=clock.clock_id,
        policy=clock.policy,
        statutory=clock.statutory,
        started_at=clock.started_at,
        due_at=clock.due_at,
        calendar_version=clock.calendar_version,
    )


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

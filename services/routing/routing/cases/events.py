"""Constructors of the events that cases publish."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from routing.cases.policy import dangers
from routing.cases.schemas.rows import AnswerRecord, CaseRecord, CaseRow
from routing.clocks.schemas import ClockRow
from shared.contracts import (
    AnsweredIssue,
    AnswerGiven,
    AppealRouted,
    CaseClaimed,
    CaseClosed,
    CaseIssue,
    ClassificationCorrected,
    DangerReported,
    TierRaised,
)
from shared.domain.protection import Protection


def appeal_routed(case: CaseRow, clock: ClockRow | None, *, concerns_provider: bool) -> AppealRouted:
    """Return the event of a new case; decision, confidence and versions come from its classification.

    `clock`: the statutory clock that started with the case, None if none runs or an event of its own publishes it.
    """
    found = case["classification"]
    result = {"decision": found["decision"], "confidence": found["confidence"], "versions": found["versions"]}
    return AppealRouted.model_validate({**case, **result, "clock": clock, "concerns_provider": concerns_provider})


def tier_raised(case: CaseRecord, reason: str) -> TierRaised:
    """Return the event of a case on its new tier. `reason`: a code of `escalation_reasons.csv`."""
    return TierRaised(appeal_id=case.appeal_id, tier=case.tier, queue=case.queue, reason=reason)


def case_claimed(case: CaseRecord, actor_role: str) -> CaseClaimed:
    """Return the event of a claim or an assignment; the clerk is not named."""
    return CaseClaimed(appeal_id=case.appeal_id, actor_role=actor_role)


def classification_corrected(case: CaseRecord, actor_role: str) -> ClassificationCorrected:
    """Return the event with the corrected codes of the case."""
    several = len(case.issues) > 1
    return ClassificationCorrected(
        appeal_id=case.appeal_id,
        kind=case.kind,
        statutory_form=case.statutory_form,
        category=case.category,
        topic=case.topic,
        tier=case.tier,
        queue=case.queue,
        actor_role=actor_role,
        protection=case.protection or Protection.OPEN,
        issues=[CaseIssue(issue_id=UUID(issue["issue_id"]), category=issue["category"]) for issue in case.issues] if several else None,
    )


def answer_given(case: CaseRecord, answer: AnswerRecord, findings: Sequence[str], issues: Sequence[AnsweredIssue] | None) -> AnswerGiven:
    """Return the event of an answer. `findings`: the outcome code of each finding; `issues`: those that they speak of."""
    return AnswerGiven(
        appeal_id=case.appeal_id,
        answer_id=answer.answer_id,
        language=answer.language,
        findings=list(findings),
        actor_role=answer.actor_role,
        issues=None if issues is None else list(issues),
    )


def case_closed(appeal_id: UUID, outcome: str, actor_role: str) -> CaseClosed:
    """Return the event of a case closed with an outcome code."""
    return CaseClosed(appeal_id=appeal_id, outcome=outcome, actor_role=actor_role)


def danger_reported(appeal_id: UUID, rule: str, due_at: datetime) -> DangerReported:
    """Return the event of a danger found under a rule of `dangers.csv`."""
    danger = dangers()[rule]
    return DangerReported(appeal_id=appeal_id, ground=danger.ground, body=danger.body, due_at=due_at)

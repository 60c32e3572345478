"""With which outcomes an answered case may be closed: a refusal that needs a second person is said in the answer, not at the end."""

from routing.cases.policy import approval_rules
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.rows import CaseRecord
from shared.errors import InvalidInput


def unanswered_outcomes(case: CaseRecord) -> frozenset[str]:
    """Return the outcomes for which an answer on this case needs a second person, and which no finding of the answer has."""
    answered = {case.answer_outcome, *(issue["outcome"] for issue in case.issues)}
    rules = [rule for rule in approval_rules().values() if rule.concerns(CaseAction.ANSWER, case.statutory_form, case.tier)]
    return frozenset().union(*(rule.outcomes for rule in rules if rule.outcomes is not None and rule.outcomes.isdisjoint(answered)))


def require_answered(case: CaseRecord, outcome: str) -> None:
    """Raise InvalidInput for an outcome that the answer should have named."""
    if outcome in unanswered_outcomes(case):
        raise InvalidInput.field("outcome", "not-answered", "The answer does not say so.")

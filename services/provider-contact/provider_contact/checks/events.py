"""The constructor of the event that checks emit."""

from provider_contact.checks.codes import CheckStatus
from provider_contact.checks.models import OutcomeCheck
from shared.contracts import OutcomeVerified


def outcome_verified(check: OutcomeCheck, actor_role: str) -> OutcomeVerified:
    """Return the event of a check that has its result. Raises ValidationError for one that has none."""
    return OutcomeVerified.model_validate(
        {
            "appeal_id": check.appeal_id,
            "check_id": check.check_id,
            "about": check.about.value,
            "proposal_id": check.proposal_id,
            "answer_id": check.answer_id,
            "provider_id": check.provider_id,
            "result": CheckStatus(check.status).value,
            "actor_role": actor_role,
        }
    )

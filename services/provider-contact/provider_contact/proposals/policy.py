"""The reviewed file of proposals: how long the applicant may take to answer."""

from functools import cache

from pydantic import BaseModel, ConfigDict

from shared.domain.deadlines import policies
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_model

FILE = "proposal_policy.toml"


class ProposalPolicy(BaseModel):
    """`answer_policy`: the deadline policy of the applicant's answer, counted from the day of the proposal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer_policy: str


@cache
def proposal_policy() -> ProposalPolicy:
    """Return the policy. Raises ReferenceDataError for an unknown deadline."""
    found = policy_model("provider_contact.proposals", FILE, ProposalPolicy)
    if found.answer_policy not in policies():
        raise ReferenceDataError(FILE, 1, "the deadline is not known")
    return found

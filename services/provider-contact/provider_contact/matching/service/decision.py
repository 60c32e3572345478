"""The rule that decides which provider a typed name means."""

from dataclasses import dataclass

from provider_contact.directory.service import ProviderHit, ProviderIndex
from provider_contact.matching.policy import matching_policy
from provider_contact.matching.schemas import MatchMethod
from shared.domain.provider_names import clear_winner, name_search_policy
from shared.domain.regions import CENTRAL_OFFICE


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rule decides: the provider, or no provider and the candidates for a clerk."""

    provider: ProviderHit | None
    candidates: tuple[ProviderHit, ...]
    method: MatchMethod = MatchMethod.NAME


def decide(index: ProviderIndex, text: str, region: str) -> Decision:
    """Return the provider that a typed name means: searched in the appeal's region first, then in the country by a stricter rule.

    Outside the region numbers and common words decide nothing, because every region has a fifth polyclinic.
    """
    policy = matching_policy()
    near = index.search(text, region) if region != CENTRAL_OFFICE else []
    if found := clear_winner(near, name_search_policy().region_threshold):
        return Decision(found, ())
    far = index.search(text)
    if (found := clear_winner(far, policy.country_threshold)) and found.distinctive:
        return Decision(found, ())
    known = {hit.provider.provider_id for hit in near}
    return Decision(None, tuple([*near, *(hit for hit in far if hit.provider.provider_id not in known)][: policy.candidates]))

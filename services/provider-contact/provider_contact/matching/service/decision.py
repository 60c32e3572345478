"""The rule that decides which provider a typed name means."""

from collections.abc import Sequence
from dataclasses import dataclass

from provider_contact.directory.service import Hit, ProviderIndex
from provider_contact.matching.service.policy import matching_policy
from shared.domain.regions import CENTRAL_OFFICE


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rule decides: the provider, or no provider and the candidates for a clerk."""

    provider: Hit | None
    candidates: tuple[Hit, ...]


def decide(index: ProviderIndex, text: str, region: str) -> Decision:
    """Return the provider that a typed name means: searched in the appeal's region first, then in the country by a stricter rule.

    Outside the region numbers and common words decide nothing, because every region has a fifth polyclinic.
    """
    policy = matching_policy()
    near = index.search(text, region) if region != CENTRAL_OFFICE else []
    if (found := _clear_winner(near)) and found.score >= policy.region_threshold:
        return Decision(found, ())
    far = index.search(text)
    if (found := _clear_winner(far)) and found.score >= policy.country_threshold and found.distinctive:
        return Decision(found, ())
    known = {hit.provider.provider_id for hit in near}
    return Decision(None, tuple([*near, *(hit for hit in far if hit.provider.provider_id not in known)][: policy.candidates]))


def _clear_winner(hits: Sequence[Hit]) -> Hit | None:
    """Return the best hit if it is far enough ahead of the second."""
    if len(hits) > 1 and hits[0].score - hits[1].score < matching_policy().margin:
        return None
    return hits[0] if hits else None

"""The constructor of the event that matching emits."""

from uuid import UUID

from provider_contact.matching.schemas import MatchMethod
from shared.contracts import ProviderMatched


def provider_matched(appeal_id: UUID, provider_id: UUID, score: float, method: MatchMethod) -> ProviderMatched:
    """Return the event; `score` is from 0 to 1."""
    return ProviderMatched(
        appeal_id=appeal_id,
        provider_id=provider_id,
        score=score,
        matched_by=method.value,
    )

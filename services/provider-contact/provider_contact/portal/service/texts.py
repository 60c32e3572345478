"""The sentences of the course of an inquiry."""

from provider_contact.portal.policy import RESULTS, timeline
from shared.domain.labels import Label


def timeline_label(entry_type: str, result: str | None = None) -> Label:
    """Return the sentence of an action or a step. `result`: the code of its entry."""
    return timeline()[f"{entry_type}.{result}" if entry_type in RESULTS else entry_type]

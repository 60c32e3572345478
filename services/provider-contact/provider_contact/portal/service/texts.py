"""The sentences of the course of an inquiry."""

from provider_contact.portal.policy import timeline
from shared.domain.labels import Label


def timeline_label(code: str) -> Label:
    """Return the sentence of an action or a step."""
    return timeline()[code]

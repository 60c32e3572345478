"""The sentences of `data/texts.toml` that a citizen reads on the timeline of an appeal."""

from collections.abc import Mapping
from functools import cache

from shared.domain.labels import Label
from shared.policy_files import policy_document


@cache
def _texts() -> Mapping[str, Mapping[str, Label]]:
    document = policy_document("intake.register", "texts.toml")
    return {group: {name: Label(**entry) for name, entry in entries.items()} for group, entries in document.items()}


def timeline_text(event_type: str) -> Label | None:
    """Return the sentence of an entry with its placeholders; None for an entry that citizens do not see."""
    return _texts()["timeline"].get(event_type)


def position(role: str) -> Label:
    """Return the name of the position of a role."""
    return _texts()["position"][role]

"""The sentences of `data/texts.toml`: what a citizen reads of an appeal's life."""

from collections.abc import Mapping
from functools import cache

from shared.domain.labels import Label
from shared.policy_files import policy_document


@cache
def _texts() -> Mapping[str, Mapping[str, Label]]:
    document = policy_document("intake.register", "texts.toml")
    return {group: {name: Label(**entry) for name, entry in entries.items()} for group, entries in document.items()}


def timeline_text(event_type: str) -> Label | None:
    """The sentence with its placeholders; None for what a citizen is not told."""
    return _texts()["timeline"].get(event_type)


def position(role: str) -> Label:
    return _texts()["position"][role]

"""The sentences of `data/texts.toml`: what a citizen reads of an appeal's life."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from shared.domain.labels import Label


@cache
def _texts() -> Mapping[str, Mapping[str, Label]]:
    document = tomllib.loads((files("intake") / "data" / "texts.toml").read_text(encoding="utf-8"))
    return {group: {name: Label(**entry) for name, entry in entries.items()} for group, entries in document.items()}


def timeline_text(event_type: str) -> Label | None:
    """The sentence with its placeholders; None for what a citizen is not told."""
    return _texts()["timeline"].get(event_type)


def position(role: str) -> Label:
    return _texts()["position"][role]

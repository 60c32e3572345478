"""The texts and limits of the bot (`data/bot.toml`), read and checked once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Final

from shared.domain.labels import LANGUAGES, Label
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_document

FILE: Final = "bot.toml"


@dataclass(frozen=True, slots=True)
class BotLimits:
    """Limits of the conversation; the names contain the units."""

    regions_on_a_page: int
    doctors_on_a_page: int
    history: int
    draft_hours: int
    lease_seconds: int
    leader_seconds: int
    chat_pause_ms: int
    attempts: int
    backoff_seconds: int
    poll_seconds: int
    tries: int
    replayable_updates: int
    late_hours: int
    kept_days: int
    order_days: int


@dataclass(frozen=True, slots=True)
class BotScript:
    """Everything the bot writes, and its limits."""

    limits: BotLimits
    menu: Sequence[Sequence[str]]
    """Rows of names of buttons."""
    sections: Mapping[str, str]
    """Information sections, each with the topic of a question about it."""
    texts: Mapping[str, Label]
    buttons: Mapping[str, Label]
    menu_commands: Mapping[str, str]
    """The text that a button of the menu sends, in any language and of any version, to the name of the button."""


@cache
def script() -> BotScript:
    """Return the script. Raises ReferenceDataError for unknown topics, and for texts that are missing or differ between languages."""
    given = policy_document("intake.channels.telegram", FILE)
    texts, buttons = _labels(given["texts"]), _labels(given["buttons"])
    sections = {name: entry["topic"] for name, entry in given["sections"].items()}
    unknown = list(set(sections.values()) - set(taxonomy().topics))
    unknown += [name for name in sections if name not in texts or name not in buttons]
    if unknown:
        raise ReferenceDataError(FILE, 1, f"not known: {', '.join(unknown)}")
    commands = {buttons[name].in_(language): name for row in given["menu"] for name in row for language in LANGUAGES}
    commands |= {text: name for name, old_texts in given["aliases"].items() for text in old_texts}
    return BotScript(BotLimits(**given["limits"]), given["menu"], sections, texts, buttons, commands)


def _labels(entries: Mapping[str, Mapping[str, str]]) -> dict[str, Label]:
    """Raises ReferenceDataError if a language is missing or has other placeholders than the others."""
    found = {}
    for name, entry in entries.items():
        if set(entry) != set(LANGUAGES) or len({frozenset(_placeholders(text)) for text in entry.values()}) != 1:
            raise ReferenceDataError(FILE, 1, f"{name} differs between the languages")
        found[name] = Label(**entry)
    return found


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}

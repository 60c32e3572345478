"""The texts and limits of the bot (`data/bot.toml`), read and checked once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Final

from shared.domain.labels import LANGUAGES, Label, Language
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_document

FILE: Final = "bot.toml"
MESSAGE_LIMIT: Final = 4096  # UTF-16 units of a text (Telegram Bot API, sendMessage)


@dataclass(frozen=True, slots=True)
class BotLimits:
    """Limits of the conversation; the names contain the units."""

    regions_on_a_page: int
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


def text_of(name: str, language: Language, **values: str) -> str:
    """Return a text of the bot with its placeholders filled."""
    return script().texts[name].in_(language).format(**values)


def button_label(name: str, language: Language) -> str:
    """Return the label of a button."""
    return script().buttons[name].in_(language)


def split_text(text: str) -> list[str]:
    """Split a text into messages: between paragraphs, lines or words, if one ends in the second half of a message."""
    found = []
    while (end := _fitting_length(text)) < len(text):
        cut = next((at for between in ("\n\n", "\n", " ") if (at := text.rfind(between, 0, end + 1)) > end // 2), end)
        found.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*found, text] if text or not found else found


def _fitting_length(text: str) -> int:
    """Return the number of characters that fit into a message; Telegram counts those outside the basic plane twice."""
    units = 0
    for index, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > MESSAGE_LIMIT:
            return index
    return len(text)


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

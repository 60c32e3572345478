"""What the bot says and how it is bounded (`data/bot.toml`), read once and checked when read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Any, Final

from shared.domain.labels import LANGUAGES, Label, Language
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_document

FILE: Final = "bot.toml"
MESSAGE_LIMIT: Final = 4096  # UTF-16 units of a text (Telegram Bot API, sendMessage)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the conversation; units are in the names."""

    regions_on_a_page: int
    history: int
    draft_hours: int
    lease_seconds: int
    duty_seconds: int
    chat_pause_ms: int
    attempts: int
    backoff_seconds: int
    poll_seconds: int
    tries: int
    in_hand: int
    late_hours: int
    kept_days: int
    order_days: int


@dataclass(frozen=True, slots=True)
class Script:
    limits: Limits
    menu: Sequence[Sequence[str]]
    """Rows of buttons."""
    sections: Mapping[str, str]
    """Sections that inform, each with the topic of a question about it."""
    words: Mapping[str, Label]
    buttons: Mapping[str, Label]
    sent_by: Mapping[str, str]
    """What a menu's button sends, in any language and of any age, to the button's name."""


@cache
def script() -> Script:
    """Raises ReferenceDataError for a file that the conversation cannot be held with."""
    given = policy_document("intake.channels.telegram", FILE)
    words, buttons = _labels(given["words"]), _labels(given["buttons"])
    sections = {name: entry["topic"] for name, entry in given["sections"].items()}
    unknown = list(set(sections.values()) - set(taxonomy().topics))
    unknown += [name for name in sections if name not in words or name not in buttons]
    if unknown:
        raise ReferenceDataError(FILE, 1, f"not known: {', '.join(unknown)}")
    sent_by = {buttons[name].in_(language): name for row in given["menu"] for name in row for language in LANGUAGES}
    sent_by |= {text: name for name, texts in given["aliases"].items() for text in texts}
    return Script(Limits(**given["limits"]), given["menu"], sections, words, buttons, sent_by)


def words(name: str, language: Language, **values: str) -> str:
    """A sentence of the bot, filled."""
    return script().words[name].in_(language).format(**values)


def pieces(text: str) -> list[str]:
    """The text in pieces that fit into a message each: cut between paragraphs, lines or words where one ends in the second half."""
    found = []
    while (end := _fitting(text)) < len(text):
        cut = next((at for between in ("\n\n", "\n", " ") if (at := text.rfind(between, 0, end + 1)) > end // 2), end)
        found.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*found, text] if text or not found else found


def _fitting(text: str) -> int:
    """How many of its characters a message takes; Telegram counts those outside of the basic plane twice."""
    units = 0
    for place, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > MESSAGE_LIMIT:
            return place
    return len(text)


def button(name: str, language: Language) -> str:
    return script().buttons[name].in_(language)


def _labels(entries: Mapping[str, Any]) -> dict[str, Label]:
    """Raises ReferenceDataError where a language is missing or asks for other names than the others."""
    found = {}
    for name, entry in entries.items():
        if set(entry) != set(LANGUAGES) or len({frozenset(_names(text)) for text in entry.values()}) != 1:
            raise ReferenceDataError(FILE, 1, f"{name} does not say the same in every language")
        found[name] = Label(**entry)
    return found


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}

"""The texts of the bot, filled and split into messages."""

from typing import Final

from intake.channels.telegram.policy import script
from shared.domain.labels import Language

MESSAGE_LIMIT: Final = 4096  # UTF-16 units of a text (Telegram Bot API, sendMessage)


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

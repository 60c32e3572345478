"""Sentences with values filled in."""

from collections.abc import Mapping

from analytics.sentences.service.amounts import Amount, shown
from shared.domain.labels import Label, Language

Value = Amount | Label | str | int
"""An amount, a name in three languages, a text that is the same in all of them, or a number without a format, such as a year."""


def filled(text: Label, values: Mapping[str, Value], language: Language) -> str:
    """Return the sentence in one language with its values, beginning with a capital. Raises KeyError for a value that is not given."""
    sentence = text.in_(language).format_map({name: _shown(value, language) for name, value in values.items()})
    return sentence[:1].upper() + sentence[1:]


def _shown(value: Value, language: Language) -> str:
    if isinstance(value, Amount):
        return shown(value, language)
    return value.in_(language) if isinstance(value, Label) else str(value)

"""The texts of notifications, filled in the language of their reader."""

from collections.abc import Mapping

from shared.domain.labels import LANGUAGES, Label, Language


def fill(label: Label, language: Language, values: Mapping[str, str]) -> str:
    """Return a text in one language with its placeholders filled."""
    return label.in_(language).format(**values)


def writing_language(code: str | None) -> Language:
    """Return the language to write in: the given one, or Kazakh for an unknown one."""
    return next((language for language in LANGUAGES if language == code), "kk")

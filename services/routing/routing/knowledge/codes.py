"""Codes on which the code of the articles and sentences branches."""

from enum import StrEnum


class MacroValue(StrEnum):
    """The values that a sentence of `macros.toml` may contain."""

    NUMBER = "number"
    DUE_ON = "due_on"
    PROVIDER = "provider"

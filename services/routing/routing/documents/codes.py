"""The states of a letter and of a document that is compared with it."""

from enum import StrEnum


class LetterState(StrEnum):
    """Whether the answer in a letter is the latest of its appeal."""

    VALID = "VALID"
    SUPERSEDED = "SUPERSEDED"


class Comparison(StrEnum):
    """Whether a document is, byte for byte, one that was issued under the code."""

    SAME = "SAME"
    DIFFERENT = "DIFFERENT"

"""Numbers with check digits: the registration number (Damm) and the 12-digit numbers IIN and BIN of Kazakhstan."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from shared.domain.text import compact, reading

# Damm's quasigroup of order 10 (H. M. Damm, 2004): detects every single wrong digit and every swap of neighbours.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)

_NUMBER = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{7})([0-9])")
_SIGN = re.compile(r"(?:№|#|n[ºo°]?\.?):?", re.IGNORECASE)  # before a number
_AROUND: Final = ".,:;!?()[]«»„“”\"'"  # around a number that was copied from a sentence
_HYPHENS = re.compile(r"[\-‐‑‒–—−]+")
_TWELVE_DIGITS = re.compile(r"[0-9]{12}")
# Twelve digits, alone or in groups, of which the third to the sixth may be a month and a day. Every digit that begins a group is tried,
# because a phone number may precede an IIN.
_GAP = r"[\s\-‐‑‒–—−.]{0,3}"
_GROUPED = re.compile(
    rf"(?<![0-9])(?=([0-9]{_GAP}[0-9]{_GAP}(?:0{_GAP}[1-9]|1{_GAP}[0-2]){_GAP}(?:[0-2]{_GAP}[0-9]|3{_GAP}[01])(?:{_GAP}[0-9]){{6}})(?![0-9]))"
)
_MAX_SEQUENCE = 9_999_999
_TYPED = 100  # characters; a dictated number with its separators is shorter

_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)  # used when the first pass gives 10
_CENTURIES = {"1": 1800, "2": 1800, "3": 1900, "4": 1900, "5": 2000, "6": 2000}
_BIN_TYPES = frozenset("456")  # resident legal entity, non-resident, joint individual entrepreneur
_BIN_ATTRIBUTES = frozenset("0123")  # head organisation, branch, representation, peasant farm


class InvalidNumber(ValueError):
    """Not a registration number: wrong form or wrong check digit."""


def digits_as_typed(text: str) -> str:
    """Return the digits of a registration number, or of a part of one, however it was pasted. Empty for other text.

    A number sign before it, punctuation around it, and hyphens, dashes, spaces and invisible characters anywhere are ignored.
    """
    bare = _HYPHENS.sub("", compact(text)).strip(_AROUND)
    bare = bare[sign.end() :] if (sign := _SIGN.match(bare)) else bare
    return bare if bare.isascii() and bare.isdecimal() else ""


def damm_digit(digits: str) -> str:
    """Return the check digit of a string of ASCII digits."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][ord(digit) - 48]
    return chr(interim + 48)


@dataclass(frozen=True, slots=True)
class RegistrationNumber:
    """A registration number `YYYY-RR-NNNNNNN-D`.

    Its parts are the year of receipt, the two-digit region (00 is the central office), the sequence and the Damm digit over all
    of them.
    """

    year: int
    number_code: str
    sequence: int

    @staticmethod
    def format(year: int, number_code: str, sequence: int) -> str:
        """Return the number as text. Raises InvalidNumber for a part that exceeds its width."""
        digits = f"{year:04d}{number_code}{sequence:07d}"
        if not (_NUMBER.fullmatch(f"{digits}0") and len(number_code) == len("43") and 0 < sequence <= _MAX_SEQUENCE):
            raise InvalidNumber("a part of the number does not fit its width")
        return f"{year:04d}-{number_code}-{sequence:07d}-{damm_digit(digits)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a number typed, pasted or dictated (`digits_as_typed`). Raises InvalidNumber."""
        match = _NUMBER.fullmatch(digits_as_typed(text))
        if match is None:
            raise InvalidNumber("a register number has 14 digits")
        year, number_code, sequence, check = match.groups()
        if damm_digit(year + number_code + sequence) != check:
            raise InvalidNumber("the check digit does not agree")
        return cls(int(year), number_code, int(sequence))

    def __str__(self) -> str:
        return self.format(self.year, self.number_code, self.sequence)


def canonical_number(typed: str) -> str | None:
    """Return a registration number in its written form, None for text that is none. Reads at most 100 characters."""
    try:
        return str(RegistrationNumber.parse(typed[:_TYPED]))
    except InvalidNumber:
        return None


def _check_digit(first_eleven: str) -> int | None:
    """Return the check digit of an IIN or BIN, None for numbers that are never issued (both passes give 10)."""
    digits = [int(digit) for digit in first_eleven]
    for weights in (_WEIGHTS, _SECOND_WEIGHTS):
        rest = sum(digit * weight for digit, weight in zip(digits, weights, strict=True)) % 11
        if rest < 10:  # noqa: PLR2004 - a remainder of 10 has no digit
            return rest
    return None


def _check_digit_agrees(text: str) -> bool:
    return _check_digit(text[:11]) == int(text[11])


def iin_birth_date(iin: str) -> date | None:
    """Return the birth date in a 12-digit IIN, None if the day does not exist.

    A seventh digit of 0 or 7 to 9 names no century (some foreigners have one). The day is then read in the 2000s.
    """
    year = _CENTURIES.get(iin[6], 2000) + int(iin[:2])
    try:
        return date(year, int(iin[2:4]), int(iin[4:6]))
    except ValueError:
        return None


def iin_errors(text: str) -> tuple[str, ...]:
    """Return the errors of an IIN: `not-12-digits`, `no-such-birth-date`, `wrong-check-digit`. Empty if it is valid."""
    if not _TWELVE_DIGITS.fullmatch(text):
        return ("not-12-digits",)
    errors = []
    if iin_birth_date(text) is None:
        errors.append("no-such-birth-date")
    if not _check_digit_agrees(text):
        errors.append("wrong-check-digit")
    return tuple(errors)


def normalise_twelve(text: str) -> str:
    """Return the digits of an IIN or BIN typed in groups. Other text is returned without invisible characters and spaces."""
    if _TWELVE_DIGITS.fullmatch(text):
        return text
    bare = compact(text)
    digits = _HYPHENS.sub("", bare)
    return digits if _TWELVE_DIGITS.fullmatch(digits) else bare


def holds_iin(text: str) -> bool:
    """Return whether a text contains an IIN: twelve digits, in groups or not, with a birth date and a check digit. Linear."""
    candidates = {match[1] for match in _GROUPED.finditer(reading(text).text)}
    return any(is_valid_iin(normalise_twelve(each.replace(".", ""))) for each in candidates)


def is_valid_iin(text: str) -> bool:
    return not iin_errors(text)


def is_valid_bin(text: str) -> bool:
    """Return whether the text is a BIN: registration year and month, type of entity, attribute, serial number, check digit."""
    return (
        _TWELVE_DIGITS.fullmatch(text) is not None
        and 1 <= int(text[2:4]) <= 12  # noqa: PLR2004 - months
        and text[4] in _BIN_TYPES
        and text[5] in _BIN_ATTRIBUTES
        and _check_digit_agrees(text)
    )


def is_valid_bin_or_iin(text: str) -> bool:
    """Return whether the text may be a provider's BIN. A sole trader has none and uses the owner's IIN."""
    return is_valid_bin(text) or is_valid_iin(text)

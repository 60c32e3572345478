"""Telephone numbers of Kazakhstan: one way to write them, one way to show them to people who need not know them."""

import re
from collections.abc import Mapping
from functools import cache

import phonenumbers

from shared.domain.labels import Label
from shared.domain.tables import Row, table
from shared.domain.text import clean

_WRITTEN = re.compile(r"\+?[\d\s().\-‐‑‒–—−]+", re.ASCII)
_SHOWN_AT_THE_END = 2


class InvalidPhone(ValueError):
    """Not a telephone number of Kazakhstan."""


@cache
def _mobile() -> re.Pattern[str]:
    """A mobile number in E.164, by phonenumbers' own table: most come so, and its parser takes ten times as long to say the same."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("KZ")
    pattern = metadata.mobile.national_number_pattern if metadata and metadata.mobile else None
    return re.compile(rf"\+7(?:{pattern})" if pattern else r"(?!)", re.ASCII)


@cache
def short_numbers() -> Mapping[str, Label]:
    """Numbers of three or four digits, which are dialled as they stand."""
    return table("short_numbers.csv", Row.label, key="number")


def normalise_phone(text: str) -> str:
    """E.164 (`+77010000000`) for a number of Kazakhstan typed or pasted with +7, 8, 7 or none; a known short number as it stands.

    Raises InvalidPhone for anything else: Russia shares +7 (its mobiles begin with 9) and is refused.
    """
    stripped = " ".join(clean(text).split())
    if stripped in short_numbers() or _mobile().fullmatch(stripped):
        return stripped
    if not _WRITTEN.fullmatch(stripped):
        raise InvalidPhone("not a telephone number")
    try:
        number = phonenumbers.parse(stripped, "KZ")
    except phonenumbers.NumberParseException:
        raise InvalidPhone("not a telephone number") from None
    if not phonenumbers.is_valid_number_for_region(number, "KZ"):
        raise InvalidPhone("not a number of Kazakhstan")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_personal_phone(text: str) -> str:
    """Return a person's own number as `normalise_phone` does: one that can be called and receives a message.

    Raises InvalidPhone also for short numbers: an SMS to 103 reaches no applicant, and ties up the ambulance service.
    """
    phone = normalise_phone(text)
    if phone in short_numbers():
        raise InvalidPhone("a short number is nobody's own")
    return phone


def mask_phone(phone: str) -> str:
    """`+7 7•• ••• •• 67` for an E.164 number; a short number is nobody's secret and stays."""
    if phone in short_numbers():
        return phone
    return f"+7 7•• ••• •• {phone[-_SHOWN_AT_THE_END:]}"

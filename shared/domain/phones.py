"""Phone numbers of Kazakhstan: one canonical form for storage and one masked form for display."""

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
    """The text is not a phone number of Kazakhstan."""


@cache
def _mobile() -> re.Pattern[str]:
    """Return the pattern of mobile numbers in E.164 from phonenumbers' table.

    Most numbers match, and its parser takes ten times as long.
    """
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("KZ")
    pattern = metadata.mobile.national_number_pattern if metadata and metadata.mobile else None
    return re.compile(rf"\+7(?:{pattern})" if pattern else r"(?!)", re.ASCII)


@cache
def short_numbers() -> Mapping[str, Label]:
    """Return the emergency and service numbers of three or four digits, which are dialled as they are."""
    return table("short_numbers.csv", Row.label, key="number")


def normalise_phone(text: str) -> str:
    """Return a number typed or pasted with +7, 8, 7 or no prefix as E.164 (`+77010000000`). A known short number is unchanged.

    Raises InvalidPhone for anything else. Numbers of Russia share +7 (its mobiles begin with 9) and are refused.
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
    """Return a person's own number as `normalise_phone` does: one that can be called and can receive a message.

    Raises InvalidPhone for short numbers as well: an SMS to 103 reaches no applicant and occupies the ambulance service.
    """
    phone = normalise_phone(text)
    if phone in short_numbers():
        raise InvalidPhone("a short number is nobody's own")
    return phone


def mask_phone(phone: str) -> str:
    """Return the masked form of an E.164 number: `+7 7•• ••• •• 67`. A short number is not personal and stays unmasked."""
    if phone in short_numbers():
        return phone
    return f"+7 7•• ••• •• {phone[-_SHOWN_AT_THE_END:]}"

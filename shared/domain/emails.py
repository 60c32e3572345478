"""E-mail addresses, judged by one parser at every entrance, so that none is accepted to which nothing can be sent."""

import re
from typing import Final

from email_validator import EmailNotValidError, validate_email

from shared.domain.text import clean

LONGEST: Final = 254  # characters: RFC 5321 §4.5.3.1.3, without the angle brackets
# What the parser accepts unchanged, and what most people have; the parser takes a hundred times as long to say the same.
_COMMON: Final = re.compile(
    r"(?=[^@]{1,64}@)[A-Za-z0-9_]+(?:[.+-][A-Za-z0-9_]+)*@(?:[a-z0-9]{1,20}(?:-[a-z0-9]{1,20})?\.){1,3}(?:kz|com|ru|org|net)"
)


class InvalidEmail(ValueError):
    """Not an address to which mail can be sent."""


def normalise_email(text: str) -> str:
    """Return the address without invisible characters, its domain in lower case and in ASCII; nobody is asked whether the domain exists.

    Raises InvalidEmail for anything else: several addresses, names or angle brackets around one, a part before the @ that is not ASCII.
    """
    if len(text) > 2 * LONGEST:  # nothing of that length is an address, and no parser has to read it
        raise InvalidEmail("not an e-mail address")
    address = clean(text)
    if _COMMON.fullmatch(address):
        return address
    try:
        found = validate_email(address, allow_smtputf8=False, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise InvalidEmail("not an e-mail address") from None
    if found.ascii_email is None or len(found.ascii_email) > LONGEST:
        raise InvalidEmail("not an e-mail address")
    return found.ascii_email

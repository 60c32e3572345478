"""Field errors: pydantic's errors as stable codes and fixed sentences, without anything that the client sent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

ERRORS_LIMIT = 100  # errors in one response; a body can have thousands
PLACES = frozenset({"body", "query", "path", "header", "cookie"})

# Lower-case names and indexes are ours; anything else in a location is a branch of a union or a key that the client invented.
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")

CODES = {
    "missing": "required",
    "extra_forbidden": "unknown-field",
    "json_invalid": "malformed-json",
    "string_unicode": "malformed-text",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "too_short": "too-few",
    "too_long": "too-many",
    "string_pattern_mismatch": "bad-format",
    "enum": "unknown-code",
    "literal_error": "unknown-code",
    "union_tag_invalid": "unknown-code",
    "union_tag_not_found": "required",
    "finite_number": "out-of-range",
    "greater_than": "out-of-range",
    "greater_than_equal": "out-of-range",
    "less_than": "out-of-range",
    "less_than_equal": "out-of-range",
    "multiple_of": "out-of-range",
    "int_parsing_size": "out-of-range",
    "date_past": "out-of-range",
    "date_future": "out-of-range",
    "datetime_past": "out-of-range",
    "datetime_future": "out-of-range",
    "timezone_aware": "timezone-required",
    "int_from_float": "bad-format",
    "value_error": "invalid",
    "assertion_error": "invalid",
}

DETAILS = {
    "required": "This field is required.",
    "unknown-field": "This field is not known.",
    "malformed-json": "This is not valid JSON.",
    "malformed-text": "The text is not valid Unicode or holds a NUL character.",
    "too-short": "At least {min_length} characters are needed.",
    "too-long": "At most {max_length} characters are allowed.",
    "too-few": "At least {min_length} entries are needed.",
    "too-many": "At most {max_length} entries are allowed.",
    "bad-format": "The value has the wrong form.",
    "wrong-type": "The value is of the wrong type.",
    "unknown-code": "The value is not one of the known codes.",
    "out-of-range": "The value is outside the allowed range.",
    "timezone-required": "The time needs a time zone.",
    "invalid": "The value is not valid.",
}


@dataclass(frozen=True)
class FieldError:
    """The error of one field: its dotted path, a stable code and a sentence."""

    field: str
    code: str
    detail: str


def field_errors(error: ValidationError | RequestValidationError) -> list[FieldError]:
    """Convert the errors of pydantic, the first ERRORS_LIMIT of them. None repeats input."""
    located = isinstance(error, RequestValidationError)
    found = error.errors() if isinstance(error, RequestValidationError) else error.errors(include_url=False, include_input=False)
    return [_field_error(each, skip_place=located) for each in found[:ERRORS_LIMIT]]


def dotted(parts: Sequence[str | int]) -> str:
    """Join a location: `("applicant", "iin")` becomes `applicant.iin`. Parts that are not names of ours are left out."""
    return ".".join(str(part) for part in parts if isinstance(part, int) or NAME.fullmatch(part))


def _field_error(found: ErrorDetails, *, skip_place: bool) -> FieldError:
    kind: str = found["type"]
    location: Sequence[str | int] = found["loc"]
    if skip_place and location and location[0] in PLACES:
        is_header, location = location[0] == "header", location[1:]
        location = [str(part).lower() for part in location] if is_header else location  # header names are case-insensitive
    code = CODES.get(kind) or _code_of(kind)
    template = DETAILS.get(code)
    # A validator of ours names its own code; its sentence is constant unless a value is filled in.
    detail = template or (found["msg"] if not found.get("ctx") else DETAILS["invalid"])
    return FieldError(dotted(location), code, detail.format_map(_Limits(found.get("ctx") or {})) if template else detail)


def _code_of(kind: str) -> str:
    if kind.endswith("_type"):
        return "wrong-type"
    if "_parsing" in kind or kind.endswith(("_inexact", "_invalid", "_version")):
        return "bad-format"
    return kind.replace("_", "-")


class _Limits(dict[str, int]):
    """The values for a sentence. Only lengths are filled in, and they come from our models."""

    def __missing__(self, key: str) -> str:
        return "1" if key == "min_length" else "?"

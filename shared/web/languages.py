"""The language of a visitor: the one chosen now, else the one chosen before, else the browser's, else Kazakh."""

from typing import Final

from starlette.requests import HTTPConnection

from shared.domain.labels import Language
from shared.header_fields import entries_of

LANGUAGES: Final[dict[Language, str]] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
DEFAULT: Final[Language] = "kk"
COOKIE: Final = "aryz_lang"
WEIGHT_LIMIT: Final = 20  # characters of a weight; RFC 9110 §12.4.2 allows three decimals


def language_of(request: HTTPConnection) -> Language:
    """Return `kk`, `ru` or `en` from `?lang=`, else from the cookie, else from Accept-Language, else `kk`."""
    for choice in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if known := _known(choice):
            return known
    return _accepted(request.headers.get("accept-language", "")) or DEFAULT


def _known(code: str | None) -> Language | None:
    return next((language for language in LANGUAGES if language == code), None)


def _accepted(header: str) -> Language | None:
    """Return the best supported language of an Accept-Language header (RFC 9110, 12.5.4). A malformed weight counts as 0."""
    wanted: list[tuple[float, Language]] = []
    for part in entries_of(header):
        tag, _, weight = part.partition(";")
        if language := _known(tag.strip().lower().split("-")[0]):
            wanted.append((_weight(weight), language))
    best = max(wanted, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] > 0 else None


def _weight(parameter: str) -> float:
    if not parameter.strip():
        return 1.0
    name, _, value = parameter[:WEIGHT_LIMIT].partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0

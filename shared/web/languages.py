"""Which language a visitor reads: what they chose, else what they chose before, else what their browser asks for, else Kazakh."""

from typing import Final

from starlette.requests import HTTPConnection

LANGUAGES: Final = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
DEFAULT: Final = "kk"
COOKIE: Final = "aryz_lang"


def language_of(request: HTTPConnection) -> str:
    """`kk`, `ru` or `en`: `?lang=`, then the cookie, then Accept-Language, then Kazakh."""
    for choice in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if choice in LANGUAGES:
            return choice
    return _accepted(request.headers.get("accept-language", "")) or DEFAULT


def _accepted(header: str) -> str | None:
    """The best known language of an Accept-Language header (RFC 9110, 12.5.4); a malformed weight counts as unwanted."""
    wanted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, weight = part.partition(";")
        language = tag.strip().lower().split("-")[0]
        if language in LANGUAGES:
            wanted.append((_weight(weight), language))
    best = max(wanted, key=lambda pair: pair[0], default=(0.0, ""))
    return best[1] if best[0] > 0 else None


def _weight(parameter: str) -> float:
    if not parameter.strip():
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        return float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        return 0.0

"""What both groups of pages use: the templates, and how a posted form is read."""

from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from fastapi.responses import RedirectResponse

from shared.domain.text import clean
from shared.errors import MalformedText, TooMany
from shared.http import read_body
from shared.web.i18n import N_
from shared.web.pages import Flash, Pages

HERE: Final = Path(__file__).parents[1]
FORM: Final = "application/x-www-form-urlencoded"
FIELDS_LIMIT: Final = 100  # the longest form has a fifth of it

PAGES: Final = Pages(
    HERE / "templates",
    locale_dirs=[HERE / "locales"],
    static_dirs=[HERE / "static"],
    assets_prefix="/intake/static",
    flashes={
        "consultation-closed": Flash(N_("The consultation is closed and counted.")),
        "closed-before": Flash(N_("This consultation is closed already, by the key that was pressed first."), "warn"),
        "outcome-noted": Flash(N_("What the caller says of the answer is noted.")),
        "outcome-known": Flash(N_("There is no answer that waits for the caller's word."), "warn"),
        "verified": Flash(N_("The caller is verified.")),
        "call-back-taken": Flash(N_("A colleague is calling back already."), "warn"),
    },
)


async def posted(request: Request) -> dict[str, str]:
    """The fields of a form, cleaned (`shared.domain.text`).

    Raises UnsupportedMediaType and PayloadTooLarge as JSON bodies do, MalformedText for bytes that are no UTF-8 or too many fields.
    """
    raw = await read_body(request, media_type=FORM)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LIMIT)
    except ValueError:
        raise MalformedText from None
    return {name: clean(value) for name, value in pairs}


def to_sign_in(request: Request) -> RedirectResponse:
    """The way to sign in, and from there back to the page that was asked for."""
    return RedirectResponse("/sign-in?" + urlencode({"next": request.url.path}), 303)


def wait_of(refusal: TooMany) -> int:
    """Whole seconds until the next attempt is worth making."""
    return int(refusal.headers["Retry-After"])

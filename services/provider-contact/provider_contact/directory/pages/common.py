"""What the pages of the directory share: templates, readers and keepers, and the reading of their forms."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from provider_contact.directory.policy import contact_roles
from provider_contact.directory.schemas import ProviderContact
from provider_contact.directory.service.cards import is_valid
from provider_contact.directory.service.search import local_today
from shared.auth import Principal, check_role, require_page
from shared.clock import Clock
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.field_errors import field_errors
from shared.http import StrictModel
from shared.web.i18n import N_
from shared.web.pages import Flash, Pages

SLICE: Final = Path(__file__).parents[1]
PATH: Final = "/provider-contact/directory"
FORM_LIMIT: Final = 40_000  # bytes: thirty other names of 400 characters
READERS: Final = ("admin", "supervisor", "head")
LANGUAGE_NAMES: Final[Mapping[Language, str]] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}

PAGES: Final = Pages(
    SLICE / "templates",
    locale_dirs=[SLICE.parent / "locales"],
    assets_prefix="/provider-contact/static",
    flashes={
        "saved": Flash(N_("Saved. You can undo it below, under “Last changes”.")),
        "undone": Flash(N_("The change is undone.")),
        "not-undone": Flash(N_("It cannot be undone: the entry was changed again. Look at it below."), "warn"),
        "changed-meanwhile": Flash(N_("Nothing was saved: a colleague has changed this entry. Look at it and try again."), "warn"),
        "imported": Flash(N_("The list is imported. If something is wrong, undo the import below.")),
        "discarded": Flash(N_("Nothing was imported, and the file is deleted.")),
        "draft-gone": Flash(N_("This file is imported or deleted already. Choose it again if you need it."), "warn"),
        "import-undone": Flash(N_("The import is undone: the entries are as they were.")),
        "import-built-on": Flash(
            N_("The import cannot be undone: its entries were changed or used. Undo those changes first, or import a corrected list."),
            "warn",
        ),
        "import-not-latest": Flash(N_("Only the latest import can be undone. Undo the later ones first."), "warn"),
    },
)

KeeperDep = Annotated[Principal, Depends(require_page("admin"))]

FIELD_TEXTS: Final[Mapping[str, str]] = {
    "required": N_("Fill in this field."),
    "bad-phone": N_("This is not a telephone number of Kazakhstan. Write it as +7 701 000 00 00."),
    "bad-email": N_("This is not an e-mail address. Write it as name@organisation.kz."),
    "bad-date": N_("This is not a day. Write it as 05.02.2026."),
    "dates-reversed": N_("The last day is before the first."),
    "reach-required": N_("Give a telephone or an e-mail address."),
    "too-long": N_("The text is too long."),
    "too-short": N_("The text shows nothing."),
    "too-many": N_("There are too many entries."),
    "out-of-range": N_("The number is outside the allowed range."),
    "unknown-code": N_("The value is not one of the known ones."),
}
FIELD_OTHERWISE: Final = N_("The value cannot be read.")

F = TypeVar("F", bound=StrictModel)


class Form(NamedTuple):
    """A form as it was sent, with its errors: a field's name and the text for people."""

    values: Mapping[str, Any]
    errors: Sequence[tuple[str, str]] = ()

    @property
    def error_of(self) -> dict[str, str]:
        return dict(self.errors)


class ContactView(NamedTuple):
    contact: ProviderContact
    role: str
    languages: str
    is_valid: bool


def sign_in(request: Request) -> RedirectResponse:
    """Return the way to the sign-in page and back."""
    return RedirectResponse("/sign-in?" + urlencode({"next": request.url.path}), 303)


def may_edit(principal: Principal) -> bool:
    """Return whether a reader of the directory keeps it. Raises Forbidden for those who may not read it."""
    check_role(principal, *READERS)
    return principal.has("admin")


def parse(request: Request, model: type[F], values: Mapping[str, Any]) -> F | Form:
    """Return the values of a form as a model, or the form with its errors in the reader's language. Empty fields are left out."""
    given = {name: value for name, value in values.items() if value not in ("", [], None)}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = [(each.field.partition(".")[0], FIELD_TEXTS.get(each.code, FIELD_OTHERWISE)) for each in field_errors(error)]
        return Form(values, [(name, PAGES.text(request, text)) for name, text in found])


def region_options(language: Language) -> list[tuple[str, str]]:
    return [(code, region.label.in_(language)) for code, region in regions().items() if code != CENTRAL_OFFICE]


def label_options(labels: Mapping[Any, Any], language: Language) -> list[tuple[str, str]]:
    return [(str(code), label.in_(language)) for code, label in labels.items()]


def contact_views(contacts: Iterable[ProviderContact], language: Language, clock: Clock) -> list[ContactView]:
    today = local_today(clock)
    return [
        ContactView(
            contact,
            contact_roles()[contact.role].in_(language),
            ", ".join(LANGUAGE_NAMES[each] for each in LANGUAGES if each in contact.languages),
            is_valid(contact, today),
        )
        for contact in contacts
    ]


def contact_values(sent: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a contact's form. The languages are ticks of their own."""
    names = ("role", "name", "position", "phone", "email", "hours", "valid_from", "valid_to")
    return {name: sent.get(name, "") for name in names} | {"languages": [each for each in LANGUAGES if sent.get(f"language_{each}")]}


def whole(text: str) -> int:
    """Return the number in a hidden field; -1, which no version is, for another text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1  # noqa: PLR2004 - digits of a 32-bit number

"""The form as it travels between its steps: what was typed, the appeal it makes, and what a visitor is told of a field that is wrong."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from intake.channels import web
from intake.schemas import AppealIn
from intake.service.filing import CONSENTS, Filing, check
from shared.clock import Clock
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import DomainError, FieldError, InvalidInput
from shared.ids import Ids
from shared.web.i18n import N_

PERSONAL: Final = ("full_name", "iin", "phone", "email", "address")
REPLY_LANGUAGES: Final = ("kk", "ru")  # АППК art. 89(2): the state language or the language of the appeal

# Inputs are named by the dotted paths of the call, so that a field's error finds its input.
FIELDS: Final = (
    *("kind", "category", "topic", "region", "provider.name", "provider.provider_id", "text", "language"),
    *(f"applicant.{name}" for name in PERSONAL),
    *(f"consents.{code}" for code in sorted(CONSENTS)),
)
Draft = dict[str, str]

_BY_FIELD: Final = {
    "kind": N_("Choose from the list what your appeal is about."),
    "category": N_("Choose the reason from the list, or leave it open."),
    "topic": N_("Choose the subject from the list, or leave it open."),
    "region": N_("Choose the region."),
    "provider.provider_id": N_("This organisation is no longer in the directory. Choose another one or leave your own words."),
    "language": N_("Choose the language of the answer from the list."),
}
_BY_CODE: Final = {
    "bad-iin": N_("An IIN has 12 digits. Check it, or leave the field empty."),
    "bad-phone": N_("Ten digits follow +7, for example +7 701 000 00 00."),
    "bad-email": N_("An e-mail address looks like this: name@example.kz."),
    "too-long": N_("This is too long. Please make it shorter."),
    "malformed-text": N_("There are characters here that cannot be read. Please type it again."),
    "processing-consent-required": N_(
        "We may keep data about you only with your consent. Give it, or leave name, IIN, phone, e-mail and address empty."
    ),
}
_TEXT_REQUIRED: Final = N_("Tell us what happened: without it there is nothing to look into.")
_UNKNOWN: Final = N_("Please check this answer.")


def blank(query: Mapping[str, str], language: str) -> Draft:
    """An empty form; `kind`, `region` and `provider` of the address fill their fields, unless they are not known here."""
    draft = dict.fromkeys(FIELDS, "")
    draft["kind"] = query.get("kind", "") if query.get("kind") in taxonomy().kinds else ""
    draft["region"] = query.get("region", "") if query.get("region") in regions() else ""
    draft["provider.name"] = query.get("provider", "")[:300]
    draft["language"] = language if language in REPLY_LANGUAGES else ""
    return draft


def typed(fields: Mapping[str, str]) -> Draft:
    """What a visitor has typed. A subject of the other sort, chosen before the kind was changed, is hidden from them and counts no more."""
    draft = {name: fields.get(name, "") for name in FIELDS}
    kind = taxonomy().kinds.get(draft["kind"])
    for subject in ("category", "topic"):
        if kind is None or kind.subject != subject:
            draft[subject] = ""
    return draft


def key_of(fields: Mapping[str, str], ids: Ids) -> str:
    """The form's Idempotency-Key: made once a form, so that a form sent twice is registered once."""
    try:
        return str(UUID(fields.get("key", "")))
    except ValueError:
        return str(ids.new())


def filing_of(draft: Draft, clock: Clock) -> tuple[AppealIn, Filing]:
    """The appeal behind a form, checked by the rules of every channel. Raises InvalidInput or MalformedText naming its fields."""
    try:
        appeal = AppealIn.model_validate(_payload(draft))
    except ValidationError as error:
        raise InvalidInput.of(error) from None
    return appeal, check(appeal, web.admit(None), clock.now())


def is_anonymous(draft: Draft) -> bool:
    return not any(draft[f"applicant.{name}"] for name in PERSONAL)


def errors_of(refusal: DomainError) -> list[tuple[str, str]]:
    """(input, message to be translated) for every field that is wrong, in the order of the form, once a field."""
    said: dict[str, str] = {}
    for error in refusal.errors:
        said.setdefault(_input_of(error), _message(error))
    return sorted(said.items(), key=lambda entry: _position(entry[0]))


def _payload(draft: Draft) -> dict[str, Any]:
    chosen, named = draft["provider.provider_id"], draft["provider.name"]
    return {
        **{name: draft[name] or None for name in ("kind", "category", "topic", "text", "language")},
        "region": draft["region"] or None,
        "provider": {"provider_id": chosen} if chosen else {"name": named} if named else None,
        "applicant": {name: draft[f"applicant.{name}"] or None for name in PERSONAL},
        "consents": [code for code in sorted(CONSENTS) if draft[f"consents.{code}"]],
    }


def _input_of(error: FieldError) -> str:
    return "consents.PROCESSING" if error.field.startswith("consents") else error.field


def _message(error: FieldError) -> str:
    if error.field == "text" and error.code in {"required", "too-short"}:
        return _TEXT_REQUIRED
    return _BY_FIELD.get(error.field) or _BY_CODE.get(error.code, _UNKNOWN)


def _position(name: str) -> int:
    order: Iterable[str] = FIELDS
    return next((place for place, field in enumerate(order) if field == name), len(FIELDS))

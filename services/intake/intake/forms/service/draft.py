"""The form as it travels between its steps: what was typed, the appeal it makes, and what a visitor is told of a field that is wrong.

What it asks comes from `intake.forms.service.definitions`; its `kind` is the code of a form there, or empty where the visitor is not sure.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic import ValidationError

from intake.forms.service import definitions as forms
from intake.forms.service.definitions import FormField
from intake.register.schemas import AppealIn
from intake.register.service.admission import admit_anonymous
from intake.register.service.filing import CONSENTS, Filing, check
from shared.clock import Clock
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.text import clean
from shared.errors import DomainError, FieldError, InvalidInput
from shared.idempotency_key import is_random_uuid, new_key
from shared.web.i18n import N_

CHANNEL: Final = "web"
PERSONAL: Final = ("full_name", "iin", "phone", "email", "address")
CHOSEN_PROVIDER: Final = "provider.provider_id"  # beside what `forms` asks: an entry of the directory behind the words

UPLOADS: Final = "uploads"  # documents that came already, as `pages.uploads` writes them

Draft = dict[str, str]

_BY_FIELD: Final = {
    "kind": N_("Choose from the list what your appeal is about."),
    "category": N_("Choose the reason from the list, or leave it open."),
    "topic": N_("Choose the subject from the list, or leave it open."),
    "region": N_("Choose the region."),
    "provider.provider_id": N_("This organisation is no longer in the directory. Choose another one or leave your own words."),
    "language": N_("Choose the language of the answer from the list."),
    "answer_by": N_("Choose from the list how to send the answer."),
}
_BY_CODE: Final = {
    "bad-iin": N_("This IIN is not right. Check its 12 digits, or leave the field empty."),
    "bad-phone": N_("Ten digits follow +7, for example +7 701 000 00 00."),
    "bad-email": N_("An e-mail address looks like this: name@example.kz."),
    "too-long": N_("This is too long. Please make it shorter."),
    "malformed-text": N_("There are characters here that cannot be read. Please type it again."),
    "processing-consent-required": N_(
        "We may keep data about you only with your consent. Give it, or leave name, IIN, phone, e-mail and address empty."
    ),
}
_TEXT_REQUIRED: Final = N_("Tell us what happened: without it there is nothing to look into.")
_PATIENT_REQUIRED: Final = N_("Name the person for whom you write, or leave this part empty.")
_NEEDED_FOR_ANSWER: Final = N_("The answer cannot be sent in the way you chose without this. Fill it in, or choose another way.")
_UNKNOWN: Final = N_("Please check this answer.")


@cache
def questions() -> Mapping[str, FormField]:
    """Every field of every form of the web, by name, in the order in which the page asks them; documents come later."""
    found = {one.name: one for form in forms.services(CHANNEL) for one in form.fields if one.name != forms.FILES}
    return dict(sorted(found.items(), key=lambda entry: (list(forms.sections()).index(entry[1].section), entry[0] not in sometimes())))


@cache
def sometimes() -> frozenset[str]:
    """The fields that not every form asks."""
    asked = [frozenset(one.name for one in form.fields) for form in forms.services(CHANNEL)]
    return frozenset().union(*asked) - asked[0].intersection(*asked)


def fields() -> tuple[str, ...]:
    """The names of all inputs, in order."""
    return ("kind", *questions(), CHOSEN_PROVIDER, UPLOADS)


def asked_of(code: str) -> Mapping[str, FormField]:
    """What is asked under a kind; of whoever is not sure, what every form asks."""
    known = {one.code: {each.name for each in one.fields} for one in forms.services(CHANNEL)}
    names = known.get(code, set(questions()) - sometimes())
    return {name: one for name, one in questions().items() if name in names}


def blank(query: Mapping[str, str], language: str) -> Draft:
    """An empty form; `kind`, `region` and `provider` of the address fill their fields, unless they are not known here."""
    draft = dict.fromkeys(fields(), "")
    draft["kind"] = query.get("kind", "") if query.get("kind") in {one.code for one in forms.services(CHANNEL)} else ""
    draft["region"] = query.get("region", "") if query.get("region") in regions() else ""
    draft["provider.name"] = clean(query.get("provider", "")[:300])
    draft["language"] = language if language in forms.REPLY_LANGUAGES else ""
    return draft


def typed(sent: Mapping[str, str]) -> Draft:
    """What a visitor has typed. What the kind does not ask, filled in before the kind was changed, is hidden and counts no more."""
    draft = {name: sent.get(name, "") for name in fields()}
    asked = asked_of(draft["kind"])
    return {name: "" if name in sometimes() and name not in asked else value for name, value in draft.items()}


def key_of(sent: Mapping[str, str]) -> str:
    """The form's Idempotency-Key: made once a form, so that a form sent twice is registered once. A weak one is replaced."""
    given = sent.get("key", "")
    return given if is_random_uuid(given) else new_key()


def filing_of(draft: Draft, clock: Clock) -> tuple[AppealIn, Filing]:
    """The appeal behind a form, checked by the rules of every channel.

    Raises InvalidInput, which names everything that is wrong at once, or MalformedText.
    """
    try:
        appeal = AppealIn.model_validate(_payload(draft))
    except ValidationError as error:
        refusal = InvalidInput.of(error)
        if isinstance(refusal, InvalidInput):
            refusal = InvalidInput([*refusal.errors, *_wrong_beside_region(draft, clock)])
        raise refusal from None
    return appeal, check(appeal, admit_anonymous(None), clock.now())


def _wrong_beside_region(draft: Draft, clock: Clock) -> Sequence[FieldError]:
    """Without a region the rules of a filing are not reached: the rest of the form is looked at as if it had one."""
    if draft["region"]:
        return ()
    try:
        filing_of(draft | {"region": CENTRAL_OFFICE}, clock)
    except InvalidInput as refusal:
        return refusal.errors
    return ()


def is_anonymous(draft: Draft) -> bool:
    return not any(draft[f"applicant.{name}"] for name in PERSONAL)


def label_of(draft: Draft, language: Language) -> str:
    """What the appeal is about; empty where the visitor is not sure."""
    return next((one.label.in_(language) for one in forms.services(CHANNEL) if one.code == draft["kind"]), "")


def missing_by_law(draft: Draft) -> list[FormField]:
    """What the law asks for and the form does not hold; an IIN only whoever has one gives (АППК art. 63(2))."""
    return [one for one in asked_of(draft["kind"]).values() if one.by_law and one.pattern != "iin" and not draft[one.name]]


def errors_of(refusal: DomainError) -> list[tuple[str, str]]:
    """(input, message to be translated) for every field that is wrong, in the order of the form, once a field."""
    said: dict[str, str] = {}
    for error in refusal.errors:
        said.setdefault(_input_of(error), _message(error))
    return sorted(said.items(), key=lambda entry: _position(entry[0]))


def _payload(draft: Draft) -> dict[str, Any]:
    chosen, named = draft[CHOSEN_PROVIDER], draft["provider.name"]
    form = next((one for one in forms.services(CHANNEL) if one.code == draft["kind"]), None)
    patient = {name: draft[f"patient.{name}"] or None for name in ("full_name", "iin")}
    plain = ("category", "topic", "text", "language", "authority", "contested_act", "answer_by", "region")
    return {
        **{name: draft[name] or None for name in plain},
        "kind": form.kind if form else draft["kind"] or None,
        "statutory_form": form.statutory_form if form else None,
        "provider": {"provider_id": chosen} if chosen else {"name": named} if named else None,
        "applicant": {name: draft[f"applicant.{name}"] or None for name in PERSONAL},
        "patient": patient if any(patient.values()) else None,
        "consents": [code for code in sorted(CONSENTS) if draft[f"consents.{code}"]],
    }


def _input_of(error: FieldError) -> str:
    if error.field.startswith("consents"):
        return "consents.PROCESSING"
    return "patient.full_name" if error.field == "patient" else error.field


def _message(error: FieldError) -> str:
    if error.code in {"required", "too-short", "wrong-type"}:
        if error.field == "text":
            return _TEXT_REQUIRED
        if error.field.startswith("patient"):
            return _PATIENT_REQUIRED
        if error.field.startswith("applicant"):
            return _NEEDED_FOR_ANSWER
    return _BY_FIELD.get(error.field) or _BY_CODE.get(error.code, _UNKNOWN)


def _position(name: str) -> int:
    order: Iterable[str] = fields()
    return next((place for place, field in enumerate(order) if field == name), len(fields()))

"""The draft of the web form between its steps: typed values, the appeal they make, and the messages for wrong fields.

The questions come from `intake.forms.service.definitions`; `kind` is the code of a form there, or empty if the visitor is not sure.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Final

from pydantic import JsonValue, ValidationError

from intake.forms.service import definitions as forms
from intake.forms.service.definitions import FormField
from intake.register.codes import CONSENTS
from intake.register.schemas import AppealIn
from intake.register.schemas.filing import Filing
from intake.register.service.admission import admit_anonymous
from intake.register.service.filing import check
from shared.clock import Clock
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.text import clean
from shared.errors import DomainError, FieldError, InvalidInput
from shared.idempotency_key import is_random_uuid, new_key
from shared.web.i18n import N_

CHANNEL: Final = "web"
PERSONAL: Final = ("full_name", "iin", "phone", "email", "address")
CHOSEN_PROVIDER: Final = "provider.provider_id"  # in addition to the questions of `forms`: the provider chosen from the directory

UPLOADS: Final = "uploads"  # documents that were uploaded already, as `pages.uploads` writes them

WebDraft = dict[str, str]

_BY_FIELD: Final = {
    "kind": N_("Choose from the list what your appeal is about."),
    "category": N_("Choose the reason from the list, or leave it open."),
    "topic": N_("Choose the subject from the list, or leave it open."),
    "region": N_("Choose the region."),
    "provider.provider_id": N_("This organisation is no longer in the directory. Choose another one or leave your own words."),
    "language": N_("Choose the language of the answer from the list."),
    "answer_by": N_("Choose from the list how to send the answer."),
}
_CONSENT_REQUIRED: Final = N_(
    "We may keep data about you only with your consent. Give it, or leave name, IIN, phone, e-mail and address empty."
)
_BY_CODE: Final = {
    "bad-iin": N_("This IIN is not right. Check its 12 digits, or leave the field empty."),
    "bad-phone": N_("Ten digits follow +7, for example +7 701 000 00 00."),
    "bad-email": N_("An e-mail address looks like this: name@example.kz."),
    "too-long": N_("This is too long. Please make it shorter."),
    "malformed-text": N_("There are characters here that cannot be read. Please type it again."),
    "processing-consent-required": _CONSENT_REQUIRED,
}
_TEXT_REQUIRED: Final = N_("Tell us what happened: without it there is nothing to look into.")
REQUIRED: Final = {"region": N_("Choose the region."), "text": _TEXT_REQUIRED}
"""What the page says at once about a field without which nothing is filed."""
_PATIENT_REQUIRED: Final = N_("Name the person for whom you write, or leave this part empty.")
_NEEDED_FOR_ANSWER: Final = N_("The answer cannot be sent in the way you chose without this. Fill it in, or choose another way.")
_UNKNOWN: Final = N_("Please check this answer.")
_TO_STAFF: Final = {  # where an operator or a clerk writes down what the applicant says, "you" is not the applicant
    _CONSENT_REQUIRED: N_(
        "Data about the applicant may be kept only with their consent. Tick it, or leave name, IIN, phone, e-mail and address empty."
    ),
    _TEXT_REQUIRED: N_("Write down what happened: without it there is nothing to look into."),
    _PATIENT_REQUIRED: N_("Name the patient for whom the applicant speaks, or leave this part empty."),
    _NEEDED_FOR_ANSWER: N_("The answer cannot be sent in the chosen way without this. Fill it in, or choose another way."),
}


@cache
def questions() -> Mapping[str, FormField]:
    """Return the fields of all forms of the web by name, in the order of the page; documents come later."""
    found = {field.name: field for form in forms.services(CHANNEL) for field in form.fields if field.name != forms.FILES}
    return dict(sorted(found.items(), key=lambda entry: (list(forms.sections()).index(entry[1].section), entry[0] not in sometimes())))


@cache
def sometimes() -> frozenset[str]:
    """Return the names of the fields that not every form asks."""
    asked = [frozenset(field.name for field in form.fields) for form in forms.services(CHANNEL)]
    return frozenset().union(*asked) - asked[0].intersection(*asked)


def fields() -> tuple[str, ...]:
    """Return the names of all inputs, in order."""
    return ("kind", *questions(), CHOSEN_PROVIDER, UPLOADS)


def asked_of(code: str) -> Mapping[str, FormField]:
    """Return the fields of a kind; of an unknown kind, the fields that every form asks."""
    known = {form.code: {field.name for field in form.fields} for form in forms.services(CHANNEL)}
    names = known.get(code, set(questions()) - sometimes())
    return {name: form for name, form in questions().items() if name in names}


def blank(query: Mapping[str, str], language: str) -> WebDraft:
    """Return an empty draft; known values of `kind`, `region` and `provider` in the query fill their fields."""
    draft = dict.fromkeys(fields(), "")
    draft["kind"] = query.get("kind", "") if query.get("kind") in {form.code for form in forms.services(CHANNEL)} else ""
    draft["region"] = query.get("region", "") if query.get("region") in regions() else ""
    draft["provider.name"] = clean(query.get("provider", "")[:300])
    draft["language"] = language if language in forms.REPLY_LANGUAGES else ""
    return draft


def typed(sent: Mapping[str, str]) -> WebDraft:
    """Return the typed values. Fields that the kind does not ask, typed before the kind was changed, are emptied."""
    draft = {name: sent.get(name, "") for name in fields()}
    asked = asked_of(draft["kind"])
    return {name: "" if name in sometimes() and name not in asked else value for name, value in draft.items()}


def key_of(sent: Mapping[str, str]) -> str:
    """Return the Idempotency-Key of the form: a form sent twice is registered once. A weak key is replaced."""
    given = sent.get("key", "")
    return given if is_random_uuid(given) else new_key()


def filing_of(draft: WebDraft, clock: Clock) -> tuple[AppealIn, Filing]:
    """Return the appeal of a form, checked by the rules of every channel.

    Raises InvalidInput, which names all errors at once, or MalformedText.
    """
    try:
        appeal = AppealIn.model_validate(_payload(draft))
    except ValidationError as error:
        refusal = InvalidInput.of(error)
        if isinstance(refusal, InvalidInput):
            refusal = InvalidInput([*refusal.errors, *_errors_without_region(draft, clock)])
        raise refusal from None
    return appeal, check(appeal, admit_anonymous(None), clock.now())


def _errors_without_region(draft: WebDraft, clock: Clock) -> Sequence[FieldError]:
    """Return the errors of the other fields of a draft without a region, checked as if it had one."""
    if draft["region"]:
        return ()
    try:
        filing_of(draft | {"region": CENTRAL_OFFICE}, clock)
    except InvalidInput as refusal:
        return refusal.errors
    return ()


def is_anonymous(draft: WebDraft) -> bool:
    return not any(draft[f"applicant.{name}"] for name in PERSONAL)


def label_of(draft: WebDraft, language: Language) -> str:
    """Return the label of the draft's kind; empty if the visitor is not sure."""
    return next((form.label.in_(language) for form in forms.services(CHANNEL) if form.code == draft["kind"]), "")


def missing_by_law(draft: WebDraft) -> list[FormField]:
    """Return the empty fields that the law asks for, without the IIN, which not everyone has (АППК art. 63(2))."""
    return [field for field in asked_of(draft["kind"]).values() if field.by_law and field.pattern != "iin" and not draft[field.name]]


def errors_of(refusal: DomainError, *, to_staff: bool = False) -> list[tuple[str, str]]:
    """Return (input, message to be translated) for every wrong field, in the order of the form, one message a field.

    The messages address the applicant, or with `to_staff` the colleague who writes the appeal down.
    """
    messages: dict[str, str] = {}
    for error in refusal.errors:
        message = _message(error)
        messages.setdefault(_input_of(error), _TO_STAFF.get(message, message) if to_staff else message)
    return sorted(messages.items(), key=lambda entry: _position(entry[0]))


def _payload(draft: WebDraft) -> dict[str, JsonValue]:
    chosen, named = draft[CHOSEN_PROVIDER], draft["provider.name"]
    form = next((form for form in forms.services(CHANNEL) if form.code == draft["kind"]), None)
    patient: dict[str, JsonValue] = {name: draft[f"patient.{name}"] or None for name in ("full_name", "iin")}
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
    return next((index for index, field in enumerate(order) if field == name), len(fields()))

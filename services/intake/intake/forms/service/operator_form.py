"""The operator's form: the fields of all services offered to operators, and the appeal that they make."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue, ValidationError

from intake.forms.service import definitions as forms
from intake.register.schemas import AppealIn
from shared.domain.labels import Language
from shared.errors import InvalidInput, NotFound

CHANNEL: Final = "operator"
SERVICE: Final = "service"
ANSWERED: Final = "answered"
CONSULTATION: Final = "CONSULTATION"
OF_SOME: Final = frozenset({"category", "topic", "contested_act"})
OperatorDraft = dict[str, str]


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field as the template shows it. `options` are (key, label)."""

    name: str
    datatype: forms.Datatype
    label: str
    required: bool
    options: Sequence[tuple[str, str]]
    limit: int | None


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """A section of the form. `open`: a field of it has a value."""

    title: str
    fields: Sequence[ShownField]
    open: bool


def fields() -> Mapping[str, forms.FormField]:
    """Return the fields of all services by name, in the order in which they are asked."""
    of_subject_first = [field for service in forms.services(CHANNEL) for field in service.fields if field.name in OF_SOME]
    rest = [field for service in forms.services(CHANNEL) for field in service.fields]
    return {field.name: field for field in (*of_subject_first, *rest)}


def typed(sent: Mapping[str, str]) -> OperatorDraft:
    """Return the typed values, including the two fields of the page itself."""
    return {name: sent.get(name, "") for name in (SERVICE, ANSWERED, *fields())}


def kind_of(sent: Mapping[str, str]) -> str | None:
    """Return the kind of the chosen service, None while none is chosen."""
    return next((service.kind for service in forms.services(CHANNEL) if service.code == sent.get(SERVICE)), None)


def appeal_of(draft: OperatorDraft, *, received_at: str | None, answered_kinds: Collection[str]) -> AppealIn:
    """Return the appeal of the form. `answered_kinds`: the kinds that may be closed in the contact itself.

    Raises InvalidInput naming the fields of the form; `check` decides whether the appeal may be registered.
    """
    try:
        service = forms.form(draft[SERVICE], CHANNEL)
    except KeyError:
        raise InvalidInput.field(SERVICE, "required", "Choose what the appeal is.") from None
    if draft[ANSWERED] and service.kind not in answered_kinds:
        raise InvalidInput.field(ANSWERED, "not-for-this-kind", "Only a consultation is closed in the call.")
    given = {field.name: draft[field.name] for field in service.fields if draft[field.name]}
    consents: list[JsonValue] = [name.removeprefix("consents.") for name in given if name.startswith("consents.")]
    payload: dict[str, JsonValue] = {"region": None, "kind": service.kind, "statutory_form": service.statutory_form, "consents": consents}
    objects: dict[str, dict[str, JsonValue]] = {"applicant": {}}
    for name, value in given.items():
        head, _, part = name.partition(".")
        if head != "consents" and part:
            objects.setdefault(head, {})[part] = value
        elif head != "consents":
            payload[head] = value
    payload |= {**objects, "received_at": received_at}
    try:
        return AppealIn.model_validate(payload)
    except ValidationError as error:
        raise InvalidInput.of(error) from None


def consultation(sent: Mapping[str, str], *, received_at: str | None, topics: Collection[str]) -> AppealIn:
    """Return a consultation by its topic alone. Raises NotFound for a topic that is not one of `topics`, InvalidInput."""
    if sent.get("topic") not in topics:
        raise NotFound
    given = {"region": sent.get("quick.region"), "language": sent.get("quick.language") or None, "received_at": received_at}
    try:
        return AppealIn.model_validate({**given, "kind": CONSULTATION, "topic": sent["topic"], "applicant": {}})
    except ValidationError as error:
        raise InvalidInput.of(error) from None


def shown(draft: OperatorDraft, language: Language) -> list[FieldGroup]:
    """Return the fields in groups, as the template shows them."""
    groups: dict[str, list[ShownField]] = {code: [] for code in forms.sections()}
    for field in fields().values():
        known = {option.key: option.label.in_(language) for option in field.options}
        options = [
            (option.key, f"{known[option.parent]}: {known[option.key]}" if option.parent else known[option.key]) for option in field.options
        ]
        label = field.label.in_(language)
        groups[field.section].append(ShownField(field.name, field.datatype, label, field.required, options, field.limit))
    return [
        FieldGroup(forms.sections(CHANNEL)[code].in_(language), found, any(draft[field.name] for field in found))
        for code, found in groups.items()
        if found
    ]


def services(language: Language) -> list[tuple[str, str]]:
    """Return code and label of the services offered to operators."""
    return [(form.code, form.label.in_(language)) for form in forms.services(CHANNEL)]


def subjects() -> Mapping[str, str]:
    """Return the fields that only some services ask, as space-separated names by service."""
    return {form.code: " ".join(field.name for field in form.fields if field.name in OF_SOME) for form in forms.services(CHANNEL)}


def read_back(draft: OperatorDraft, language: Language) -> list[tuple[str, str]]:
    """Return the recorded values as (label, text), to be read to the caller; codes are given by their labels."""
    service = forms.form(draft[SERVICE], CHANNEL)
    lines = []
    for field in service.fields:
        if not draft[field.name]:
            continue
        names = {option.key: option.label.in_(language) for option in field.options}
        lines.append((field.label.in_(language), "✓" if field.datatype == "boolean" else names.get(draft[field.name], draft[field.name])))
    return lines

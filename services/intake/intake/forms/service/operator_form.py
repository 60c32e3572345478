"""The operator's form of an appeal: the fields of every service offered to operators, and the appeal that they make."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import ValidationError

from intake.forms.service import definitions as forms
from intake.register.schemas import AppealIn
from shared.domain.labels import Language
from shared.errors import InvalidInput, NotFound

CHANNEL: Final = "operator"
SERVICE: Final = "service"
ANSWERED: Final = "answered"
CONSULTATION: Final = "CONSULTATION"
OF_SOME: Final = frozenset({"category", "topic", "contested_act"})
Draft = dict[str, str]


def fields() -> Mapping[str, forms.FormField]:
    """Every field that one of the services asks for, by name, in the order in which they are asked."""
    of_matter_first = [one for service in forms.services(CHANNEL) for one in service.fields if one.name in OF_SOME]
    rest = [one for service in forms.services(CHANNEL) for one in service.fields]
    return {one.name: one for one in (*of_matter_first, *rest)}


def typed(sent: Mapping[str, str]) -> Draft:
    """What was typed, the page's own two fields included."""
    return {name: sent.get(name, "") for name in (SERVICE, ANSWERED, *fields())}


def appeal_of(draft: Draft, *, received_at: str | None, answered_kinds: Collection[str]) -> AppealIn:
    """The appeal behind the form; `answered_kinds`: the kinds that may be closed in the contact itself.

    Raises InvalidInput naming its fields; whether it may be registered is decided by `check`.
    """
    try:
        service = forms.form(draft[SERVICE], CHANNEL)
    except KeyError:
        raise InvalidInput.field(SERVICE, "required", "Choose what the appeal is.") from None
    if draft[ANSWERED] and service.kind not in answered_kinds:
        raise InvalidInput.field(ANSWERED, "not-for-this-kind", "Only a consultation is closed in the call.")
    given = {one.name: draft[one.name] for one in service.fields if draft[one.name]}
    consents = [name.removeprefix("consents.") for name in given if name.startswith("consents.")]
    payload: dict[str, Any] = {"applicant": {}, "kind": service.kind, "statutory_form": service.statutory_form, "consents": consents}
    for name, value in given.items():
        head, _, part = name.partition(".")
        if head != "consents" and part:
            payload.setdefault(head, {})[part] = value
        elif head != "consents":
            payload[head] = value
    payload.setdefault("region", None)
    payload["received_at"] = received_at
    try:
        return AppealIn.model_validate(payload)
    except ValidationError as error:
        raise InvalidInput.of(error) from None


def consultation(sent: Mapping[str, str], *, received_at: str | None, topics: Collection[str]) -> AppealIn:
    """A consultation by its topic alone. Raises NotFound for a topic that is not one of `topics`, InvalidInput."""
    if sent.get("topic") not in topics:
        raise NotFound
    given = {"region": sent.get("quick.region"), "language": sent.get("quick.language") or None, "received_at": received_at}
    try:
        return AppealIn.model_validate({**given, "kind": CONSULTATION, "topic": sent["topic"], "applicant": {}})
    except ValidationError as error:
        raise InvalidInput.of(error) from None


def shown(draft: Draft, language: Language) -> list[dict[str, Any]]:
    """The fields in parts, as the template shows them; a part in which something stands is open."""
    parts: dict[str, list[dict[str, Any]]] = {code: [] for code in forms.sections()}
    for one in fields().values():
        known = {option.key: option.label.in_(language) for option in one.options}
        options = [
            (option.key, f"{known[option.parent]}: {known[option.key]}" if option.parent else known[option.key]) for option in one.options
        ]
        parts[one.section].append(
            {
                "name": one.name,
                "datatype": one.datatype,
                "label": one.label.in_(language),
                "required": one.required,
                "options": options,
                "limit": one.limit,
            }
        )
    return [
        {"title": forms.sections(CHANNEL)[code].in_(language), "fields": found, "open": any(draft[one["name"]] for one in found)}
        for code, found in parts.items()
        if found
    ]


def services(language: Language) -> list[tuple[str, str]]:
    return [(one.code, one.label.in_(language)) for one in forms.services(CHANNEL)]


def subjects() -> Mapping[str, str]:
    """By service, the names of those fields that only some services ask."""
    return {one.code: " ".join(each.name for each in one.fields if each.name in OF_SOME) for one in forms.services(CHANNEL)}


def read_back(draft: Draft, language: Language) -> list[tuple[str, str]]:
    """What was written down, label by label, to be read to the caller; codes by their names."""
    service = forms.form(draft[SERVICE], CHANNEL)
    told = []
    for one in service.fields:
        if not draft[one.name]:
            continue
        names = {option.key: option.label.in_(language) for option in one.options}
        told.append((one.label.in_(language), "✓" if one.datatype == "boolean" else names.get(draft[one.name], draft[one.name])))
    return told

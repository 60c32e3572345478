"""The forms that web, app, bot and operator screen render: what may be filed and what is asked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import (
    Final,
    Literal,
    cast,
)

from intake.forms.policy import FORMS_FILE, FieldEntry, Offer, ServiceEntry, forms_document
from intake.forms.service.consents import consent_labels
from intake.register.schemas import AppealIn
from intake.register.service import answer_channels
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

Datatype = Literal["string", "text", "singlevaluelist", "boolean", "file"]
DATATYPES: Final = frozenset({"string", "text", "singlevaluelist", "boolean", "file"})
PATTERNS: Final = frozenset({"iin", "phone", "email"})
REPLY_LANGUAGES: Final = MappingProxyType({"kk": Label("Қазақша", "Қазақша", "Қазақша"), "ru": Label("Русский", "Русский", "Русский")})
FILES: Final = "attachments"
"""The field that is in no request body: documents are uploaded by separate calls after the appeal."""


@dataclass(frozen=True, slots=True)
class Option:
    """A value that may be chosen; `parent` is the option that it is a part of."""

    key: str
    label: Label
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class FormField:
    """A question of a form.

    `name` is the dotted path of `AppealIn`, `consents.CODE` for a consent. An appeal needs every `required` field. `by_law` is the article
    that asks for a field; an appeal is filed without it as well (АППК art. 64(6)).
    `limit` is characters; `pattern` names a check: `iin`, `phone` or `email`.
    """

    name: str
    section: str
    datatype: Datatype
    label: Label
    hint: Label | None
    required: bool
    by_law: str | None
    options: Sequence[Option]
    limit: int | None
    pattern: str | None


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """What may be filed on one channel. `statutory_form` is what filing it declares; None leaves the form to the kind."""

    code: str
    kind: str
    statutory_form: str | None
    group: str
    keywords: Sequence[str]
    label: Label
    description: Label
    fields: Sequence[FormField]

    def field(self, name: str) -> FormField | None:
        return next((field for field in self.fields if field.name == name), None)


def services(channel: str) -> Sequence[ServiceForm]:
    """Return the forms of a channel in order. Raises KeyError for another channel, ReferenceDataError."""
    return tuple(_forms()[channel].values())


def form(code: str, channel: str = "web") -> ServiceForm:
    """Return a form as a channel shows it. Raises KeyError if the channel does not offer it."""
    return _forms()[channel][code]


def channels() -> Sequence[str]:
    return tuple(_forms())


@cache
def sections(channel: str = "web") -> Mapping[str, Label]:
    """Return the headings of the sections of a channel by code, in order."""
    own = forms_document()["sections_of"].get(channel, {})
    return {code: own.get(code, label) for code, label in forms_document()["sections"].items()}


@cache
def _forms() -> Mapping[str, Mapping[str, ServiceForm]]:
    document = forms_document()
    fields = {entry["name"]: entry for entry in document["fields"]}
    for name in fields:
        if not _is_appeal_field(name):
            raise _invalid(f"{name} is no field of an appeal")
    return MappingProxyType(
        {
            channel: {entry["code"]: _service(entry, fields, channel) for entry in document["services"] if _is_on(entry, channel)}
            for channel in document["channels"]
        }
    )


def _is_on(entry: Offer, channel: str) -> bool:
    return channel in entry.get("channels", [channel]) and channel not in entry.get("not_on", [])


def _service(entry: ServiceEntry, fields: Mapping[str, FieldEntry], channel: str) -> ServiceForm:
    codes, common = taxonomy(), forms_document()["common"]
    kind, declared = entry["kind"], entry.get("form")
    if kind not in codes.kinds or (declared is not None and declared not in codes.forms):
        raise _invalid(f"{entry['code']} has an unknown kind or form")
    names = [*entry["fields"], *common["before"], *common["after"]]
    by_law = entry.get("by_law", common["by_law"])
    if not {*names, *by_law, *entry.get("asked_on", {})} <= set(fields):
        raise _invalid(f"{entry['code']} asks for what is no field")
    if {"category": "topic", "topic": "category"}[codes.subject_field(kind)] in names:
        raise _invalid(f"{entry['code']} asks for a subject that its kind does not carry")
    asked_here = entry.get("asked_on", {})
    asked = [name for name in names if _is_on(fields[name], channel) or channel in asked_here.get(name, [])]
    return ServiceForm(
        code=entry["code"],
        kind=kind,
        statutory_form=declared,
        group=entry["group"],
        keywords=tuple(entry["keywords"]),
        label=entry["label"] if "label" in entry else codes.kinds[kind].label,
        description=entry["description"],
        fields=tuple(_field(fields[name], by_law.get(name), channel) for name in asked),
    )


def _field(entry: FieldEntry, by_law: str | None, channel: str) -> FormField:
    name, datatype, pattern = entry["name"], entry["datatype"], entry.get("pattern")
    if datatype not in DATATYPES or entry["section"] not in sections() or (pattern is not None and pattern not in PATTERNS):
        raise _invalid(f"{name} has an unknown datatype, section or pattern")
    consent = consent_labels().get(name.removeprefix("consents."))
    return FormField(
        name=name,
        section=entry["section"],
        datatype=cast("Datatype", datatype),
        label=consent or entry["label"],
        hint=entry.get("hint"),
        required=entry.get("required", False),
        by_law=by_law,
        options=_OPTIONS[entry["options"]](channel) if "options" in entry else (),
        limit=entry.get("limit"),
        pattern=pattern,
    )


def _answer_channels(channel: str) -> tuple[Option, ...]:
    return tuple(Option(code, answer_channels()[code].label) for code in forms_document()["channels"][channel])


_OPTIONS: Final[Mapping[str, Callable[[str], tuple[Option, ...]]]] = {
    "regions": lambda _: tuple(Option(code, one.label) for code, one in regions().items()),
    "categories": lambda _: tuple(Option(code, one.label, one.parent) for code, one in taxonomy().categories.items()),
    "topics": lambda _: tuple(Option(code, one.label) for code, one in taxonomy().topics.items()),
    "languages": lambda _: tuple(Option(code, label) for code, label in REPLY_LANGUAGES.items()),  # АППК art. 89(2)
    "answer_channels": _answer_channels,
}


def _is_appeal_field(name: str) -> bool:
    head, _, part = name.partition(".")
    if head == "consents":
        return part in consent_labels()
    return name == FILES or head in AppealIn.model_fields


def _invalid(problem: str) -> ReferenceDataError:
    return ReferenceDataError(FORMS_FILE, 1, problem)

"""The definition of the forms (`data/forms.toml`) and the consents (`data/consents.toml`) as written."""

from collections.abc import Sequence
from functools import cache
from typing import (
    Final,
    NotRequired,  # pydantic accepts no other before Python 3.12
)

from pydantic import TypeAdapter
from typing_extensions import TypedDict  # pydantic accepts no other before Python 3.12

from intake.register.codes import CONSENTS
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.policy_files import policy_document

FORMS_FILE: Final = "forms.toml"
CONSENTS_FILE: Final = "consents.toml"


class Offer(TypedDict):
    """Where an entry of `forms.toml` is shown: on `channels` (absent: everywhere) except `not_on`."""

    channels: NotRequired[list[str]]
    not_on: NotRequired[list[str]]


class FieldEntry(Offer):
    """A field of `forms.toml`."""

    name: str
    section: str
    datatype: str
    label: NotRequired[Label]
    hint: NotRequired[Label]
    required: NotRequired[bool]
    options: NotRequired[str]
    limit: NotRequired[int]
    pattern: NotRequired[str]


class ServiceEntry(Offer):
    """A service of `forms.toml`. `asked_on`: additional channels that ask for a field of this service."""

    code: str
    kind: str
    form: NotRequired[str]
    group: str
    keywords: list[str]
    label: NotRequired[Label]
    description: Label
    fields: list[str]
    by_law: NotRequired[dict[str, str]]
    asked_on: NotRequired[dict[str, list[str]]]


class CommonFields(TypedDict):
    """The fields that every service asks: around its own fields, and those that the law asks for."""

    before: list[str]
    after: list[str]
    by_law: dict[str, str]


class FormsDocument(TypedDict):
    """`forms.toml`. `channels`: the answer channels that each channel offers."""

    channels: dict[str, list[str]]
    sections: dict[str, Label]
    sections_of: dict[str, dict[str, Label]]
    common: CommonFields
    services: list[ServiceEntry]
    fields: list[FieldEntry]


@cache
def forms_document() -> FormsDocument:
    """Return the definition of the forms as written. Raises ValidationError for a wrong form."""
    return TypeAdapter(FormsDocument).validate_python(policy_document("intake.forms", FORMS_FILE))


class ConsentLine(TypedDict):
    """A term of a consent and its text."""

    term: Label
    text: Label


class ConsentEntry(TypedDict):
    """A consent of `consents.toml`."""

    code: str
    label: Label
    content: list[ConsentLine]


@cache
def consent_entries() -> Sequence[ConsentEntry]:
    """Return the consents in the order of the file. Raises ReferenceDataError if they differ from those of the register."""
    entries = TypeAdapter(list[ConsentEntry]).validate_python(policy_document("intake.forms", CONSENTS_FILE)["consents"])
    if {entry["code"] for entry in entries} != CONSENTS:
        raise ReferenceDataError(CONSENTS_FILE, 1, "the consents are not those of the register")
    return entries

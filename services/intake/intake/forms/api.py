"""The forms as an API: what may be filed and what each form asks, named as in Open311 GeoReport v2 where it has a name."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from intake.forms.service import definitions as forms
from intake.forms.service.definitions import FormField, Option, ServiceForm
from shared.domain.labels import Label, Language
from shared.errors import InvalidInput, NotFound, responses
from shared.etags import NOT_MODIFIED, IfNoneMatch, conditional
from shared.field_errors import DETAILS
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, page_of

router: Final = APIRouter(tags=["forms"])


def _with_forms(channel: str) -> str:
    if channel not in forms.channels():
        raise PydanticCustomError("unknown_code", DETAILS["unknown-code"])
    return channel


ShownOn = Annotated[
    str,
    AfterValidator(_with_forms),
    Query(alias="channel", description="Who shows the form: some ask for less.", json_schema_extra={"enum": [*forms.channels()]}),
]
InLanguage = Annotated[Language, Query(alias="language", description="Of the plain names; `labels` hold all three.")]


class LabelOut(BaseModel):
    kk: str
    ru: str
    en: str


class ServiceOut(BaseModel):
    """A service of Open311. `kind` and `statutory_form` are the values to send in `POST /v1/appeals`."""

    service_code: str = Field(examples=["COMPLAINT"])
    service_name: str = Field(examples=["Шағым"])
    description: str
    metadata: Literal[True] = Field(True, description="The form has attributes: see /v1/services/{service_code}.")
    type: Literal["realtime"] = Field("realtime", description="The number comes with the answer to the call.")
    keywords: str = Field(description="Search terms, separated by commas.")
    group: str
    kind: str
    statutory_form: str | None
    labels: dict[str, LabelOut] = Field(description="`service_name` and `description` in every language.")


class ValueOut(BaseModel):
    key: str
    name: str
    parent: str | None = Field(None, description="The key of the value that this one is a part of.")
    labels: LabelOut


class AttributeOut(BaseModel):
    """A field. `code` is its path in the body of `POST /v1/appeals`; `consents.X` is X in `consents`; a file follows by its own call."""

    variable: Literal[True] = True
    code: str = Field(examples=["applicant.full_name"])
    datatype: Literal["string", "text", "singlevaluelist", "boolean", "file"]
    required: bool = Field(description="Nothing is filed without it.")
    by_law: str | None = Field(description="The article of the АППК that asks for it; where it is missing it is asked for later.")
    datatype_description: str | None = Field(description="A hint for filling it in.")
    order: int
    description: str = Field(description="The question.")
    section: str
    max_length: int | None
    pattern: Literal["iin", "phone", "email"] | None
    values: list[ValueOut]
    labels: dict[str, LabelOut]


class SectionOut(BaseModel):
    code: str
    labels: LabelOut


class DefinitionOut(ServiceOut):
    sections: list[SectionOut]
    attributes: list[AttributeOut]


@router.get("/v1/services", response_model=ListResponse[ServiceOut], responses=responses(InvalidInput) | NOT_MODIFIED)
async def list_services(
    _query: KnownQuery,
    channel: ShownOn = "app",
    language: InLanguage = "kk",
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
    known: IfNoneMatch = None,
) -> Response:
    """List what may be filed, in the order in which it is offered."""
    offered = forms.services(channel)
    page, following = page_of(offered, limit, cursor)
    items = [_service(form, language) for form in page]
    return conditional(ListResponse(items=items, total=len(offered), next_cursor=following), known)


@router.get("/v1/services/{code}", response_model=DefinitionOut, responses=responses(InvalidInput, NotFound) | NOT_MODIFIED)
async def read_service(
    code: str, _query: KnownQuery, channel: ShownOn = "app", language: InLanguage = "kk", known: IfNoneMatch = None
) -> Response:
    """Return one form with its fields."""
    try:
        found = forms.form(code, channel)
    except KeyError:
        raise NotFound from None
    asked = {field.section for field in found.fields}
    definition = DefinitionOut(
        **dict(_service(found, language)),
        sections=[SectionOut(code=name, labels=_label(label)) for name, label in forms.sections().items() if name in asked],
        attributes=[_attribute(order, field, language) for order, field in enumerate(found.fields, start=1)],
    )
    return conditional(definition, known)


def _label(label: Label) -> LabelOut:
    return LabelOut(kk=label.kk, ru=label.ru, en=label.en)


def _service(form: ServiceForm, language: Language) -> ServiceOut:
    return ServiceOut(
        service_code=form.code,
        service_name=form.label.in_(language),
        description=form.description.in_(language),
        metadata=True,
        type="realtime",
        keywords=",".join(form.keywords),
        group=form.group,
        kind=form.kind,
        statutory_form=form.statutory_form,
        labels={"service_name": _label(form.label), "description": _label(form.description)},
    )


def _attribute(order: int, field: FormField, language: Language) -> AttributeOut:
    hints = {"datatype_description": _label(field.hint)} if field.hint else {}
    return AttributeOut.model_validate(
        {
            "code": field.name,
            "datatype": field.datatype,
            "required": field.required,
            "by_law": field.by_law,
            "datatype_description": field.hint.in_(language) if field.hint else None,
            "order": order,
            "description": field.label.in_(language),
            "section": field.section,
            "max_length": field.limit,
            "pattern": field.pattern,
            "values": [_value(option, language) for option in field.options],
            "labels": {"description": _label(field.label), **hints},
        }
    )


def _value(option: Option, language: Language) -> ValueOut:
    return ValueOut(key=option.key, name=option.label.in_(language), parent=option.parent, labels=_label(option.label))

"""The questions of the web form for a page: in one language, with typed values and errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service.definitions import FormField, Option
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE
from shared.web.i18n import N_

NOT_CHOSEN: Final = {
    "region": N_("Choose the region"),
    "category": N_("I do not know, let the Fund find out"),
    "topic": N_("I do not know, let the Fund find out"),
    "language": N_("As in my appeal"),
    "answer_by": N_("I will look on the appeal's page"),
}
ELSEWHERE: Final = N_("I do not know, or another country")
REST: Final = N_("Something else of this sort")

Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FormQuestion:
    """A question with its value. `choices` are grouped under headings; None: no heading."""

    field: FormField
    name: str
    label: str
    hint: str | None
    value: str
    error: str | None
    choices: Sequence[tuple[str | None, Sequence[Choice]]]
    empty: str | None
    sometimes: bool
    """Only some kinds ask for it."""


def sections(
    draft: form.WebDraft, errors: Mapping[str, str], language: Language, texts: Mapping[str, str]
) -> list[tuple[str, str, list[FormQuestion]]]:
    """Return (code, heading, questions) of each section. `texts`: this module's sentences in the language of the page."""
    asked = [_question(question, draft, errors, language, texts) for question in form.questions().values()]
    return [
        (code, label.in_(language), [question for question in asked if question.field.section == code])
        for code, label in forms.sections().items()
    ]


def given(draft: form.WebDraft, section: str, language: Language) -> list[tuple[str, str]]:
    """Return the answers of a section as (label, text), without the long text, which is shown separately."""
    asked = form.asked_of(draft["kind"]).values()
    found = [field for field in asked if field.section == section and field.datatype != "text" and draft[field.name]]
    return [(field.label.in_(language), _option_label(field, draft[field.name], language)) for field in found]


def _option_label(field: FormField, value: str, language: Language) -> str:
    return next((option.label.in_(language) for option in field.options if option.key == value), value)


def _question(
    field: FormField, draft: form.WebDraft, errors: Mapping[str, str], language: Language, texts: Mapping[str, str]
) -> FormQuestion:
    error = errors.get(field.name) or (errors.get(form.CHOSEN_PROVIDER) if field.name == "provider.name" else None)
    return FormQuestion(
        field=field,
        name=field.name,
        label=field.label.in_(language),
        hint=field.hint.in_(language) if field.hint else None,
        value=draft[field.name],
        error=error,
        choices=_choices(field, language, texts),
        empty=texts[NOT_CHOSEN[field.name]] if field.name in NOT_CHOSEN else None,
        sometimes=field.name in form.sometimes(),
    )


def _choices(field: FormField, language: Language, texts: Mapping[str, str]) -> list[tuple[str | None, list[Choice]]]:
    below = {each.key: [inner for inner in field.options if inner.parent == each.key] for each in field.options}
    shown: list[tuple[str | None, list[Choice]]] = []
    for each in sorted((each for each in field.options if each.parent is None), key=lambda each: each.key == CENTRAL_OFFICE):
        inner = [(each.key, each.label.in_(language)) for each in below[each.key]]
        shown.append((each.label.in_(language), [*inner, (each.key, texts[REST])]) if inner else (None, [_choice(each, language, texts)]))
    return shown


def _choice(option: Option, language: Language, texts: Mapping[str, str]) -> Choice:
    return option.key, texts[ELSEWHERE] if option.key == CENTRAL_OFFICE else option.label.in_(language)

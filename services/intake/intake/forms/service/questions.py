"""The fields of the forms as a page shows them: in one language, with the typed values and their errors."""

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
    "category": N_("Leave it to us"),
    "topic": N_("Leave it to us"),
    "language": N_("As in my appeal"),
    "answer_by": N_("I will look on the appeal's page"),
}
ELSEWHERE: Final = N_("I do not know, or another country")
REST: Final = N_("Something else of this sort")

Choice = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """`choices` stand alone or, under a heading, together."""

    field: FormField
    name: str
    label: str
    hint: str | None
    value: str
    error: str | None
    choices: Sequence[tuple[str | None, Sequence[Choice]]]
    empty: str | None
    sometimes: bool
    """Only some kinds ask it."""


def sections(
    draft: form.Draft, errors: Mapping[str, str], language: Language, say: Mapping[str, str]
) -> list[tuple[str, str, list[Question]]]:
    """(code, heading, questions) of each part of the form; `say` holds this module's own sentences, translated."""
    asked = [_question(one, draft, errors, language, say) for one in form.questions().values()]
    return [(code, label.in_(language), [one for one in asked if one.field.section == code]) for code, label in forms.sections().items()]


def given(draft: form.Draft, section: str, language: Language) -> list[tuple[str, str]]:
    """What was answered in a part, in words; a long text is shown by itself."""
    asked = form.asked_of(draft["kind"]).values()
    found = [one for one in asked if one.section == section and one.datatype != "text" and draft[one.name]]
    return [(one.label.in_(language), _in_words(one, draft[one.name], language)) for one in found]


def _in_words(one: FormField, value: str, language: Language) -> str:
    return next((each.label.in_(language) for each in one.options if each.key == value), value)


def _question(one: FormField, draft: form.Draft, errors: Mapping[str, str], language: Language, say: Mapping[str, str]) -> Question:
    error = errors.get(one.name) or (errors.get(form.CHOSEN_PROVIDER) if one.name == "provider.name" else None)
    return Question(
        field=one,
        name=one.name,
        label=one.label.in_(language),
        hint=one.hint.in_(language) if one.hint else None,
        value=draft[one.name],
        error=error,
        choices=_choices(one, language, say),
        empty=say[NOT_CHOSEN[one.name]] if one.name in NOT_CHOSEN else None,
        sometimes=one.name in form.sometimes(),
    )


def _choices(one: FormField, language: Language, say: Mapping[str, str]) -> list[tuple[str | None, list[Choice]]]:
    below = {each.key: [inner for inner in one.options if inner.parent == each.key] for each in one.options}
    shown: list[tuple[str | None, list[Choice]]] = []
    for each in sorted((each for each in one.options if each.parent is None), key=lambda each: each.key == CENTRAL_OFFICE):
        inner = [(each.key, each.label.in_(language)) for each in below[each.key]]
        shown.append((each.label.in_(language), [*inner, (each.key, say[REST])]) if inner else (None, [_choice(each, language, say)]))
    return shown


def _choice(one: Option, language: Language, say: Mapping[str, str]) -> Choice:
    return one.key, say[ELSEWHERE] if one.key == CENTRAL_OFFICE else one.label.in_(language)

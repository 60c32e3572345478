"""The form of an article: what was sent, and what is wrong with it in the words of the reader."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import Request
from pydantic import ValidationError

from routing.knowledge.codes import FigureProblem
from routing.knowledge.pages.common import PAGES
from routing.knowledge.policy import WRITTEN_IN, figure_faults
from routing.knowledge.schemas import ArticleContent, SaveArticle
from shared.errors import FieldError
from shared.field_errors import field_errors
from shared.web.i18n import N_

DAYS: Final = ("valid_from", "valid_to")
LINES: Final = ("source", "reviewer", "confirm")
REVISION: Final = "expected_draft_version"
"""The name by which the script that saves while one types knows the revision."""

FIELD_TEXTS: Final[Mapping[str, str]] = {
    "required": N_("Fill in this field."),
    "too-long": N_("The text is too long. Shorten it."),
    "too-short": N_("The text shows nothing."),
    "too-many": N_("These are too many lines: 20 are enough."),
    "bad-format": N_("This is not a day. Write it as 05.02.2026."),
    "wrong-type": N_("This is not a day. Write it as 05.02.2026."),
    "dates-reversed": N_("The last day is before the first."),
    "figure-unconfirmed": N_(
        "Nobody has confirmed a figure of this text. Say below what has to be confirmed; staff alone will see the article."
    ),
}
FIGURE_TEXTS: Final[Mapping[FigureProblem, str]] = {
    FigureProblem.WRITTEN_OUT: N_("“%(figure)s”: write the name of a parameter instead of the figure; they are listed below the text."),
    FigureProblem.UNKNOWN: N_("“%(figure)s”: no parameter has this name in the year. The names are listed below the text."),
    FigureProblem.OUTLIVES_ITS_YEAR: N_("“%(figure)s” is of one year: end the validity on 31 December, or write %(name)s."),
    FigureProblem.UNREADABLE: N_("Double braces are for the names of parameters alone."),
}
WRITE_INSTEAD: Final = N_("“%(figure)s”: write %(name)s instead, so that the figure follows the parameters.")
OTHERWISE: Final = N_("The value cannot be read.")


@dataclass(slots=True)
class ArticleForm:
    """The fields of the form by name, with the errors in the order of the page: a field's name and the text for people."""

    values: Mapping[str, str]
    revision: int
    errors: Sequence[tuple[str, str]] = field(default_factory=list)
    conflict: bool = False
    """A colleague has changed the article since the page was opened: the text is shown and not saved."""

    @property
    def error_of(self) -> dict[str, str]:
        return dict(reversed(self.errors))  # the first error of a field is shown next to it


def form_of(content: ArticleContent, revision: int) -> ArticleForm:
    """Return the form with a stored text."""
    values = {name: "" if (day := getattr(content, name)) is None else day.isoformat() for name in DAYS}
    values |= {name: getattr(content, name) for name in LINES}
    for language, text in content.texts().items():
        values |= {f"{language}.question": text.question, f"{language}.answer": text.answer}
        values[f"{language}.synonyms"] = "\n".join(text.synonyms)
    return ArticleForm(values, revision)


def form_sent(sent: Mapping[str, str], revision: int) -> ArticleForm:
    """Return the form as it was sent."""
    names = (*DAYS, *LINES, *(f"{language}.{name}" for language in WRITTEN_IN for name in ("question", "answer", "synonyms")))
    return ArticleForm({name: sent.get(name, "") for name in names}, revision)


def read_form(request: Request, form: ArticleForm) -> SaveArticle | None:
    """Return what the form says, or None after its errors are noted."""
    values = form.values
    given: dict[str, Any] = {name: values[name].strip() or None for name in DAYS} | {name: values[name] for name in LINES}
    for language in WRITTEN_IN:
        synonyms = [line.strip() for line in values[f"{language}.synonyms"].splitlines() if line.strip()]
        texts = {name: values[f"{language}.{name}"] for name in ("question", "answer")}
        given[language] = texts | {"synonyms": synonyms}
    try:
        return SaveArticle.model_validate(given | {"expected_revision": form.revision})
    except ValidationError as error:
        form.errors = [(_field(each.field), PAGES.text(request, FIELD_TEXTS.get(each.code, OTHERWISE))) for each in field_errors(error)]
        return None


def note_errors(request: Request, form: ArticleForm, errors: Sequence[FieldError], content: ArticleContent) -> None:
    """Note what a version lacks, each figure with what to write instead."""
    figures = {str(problem) for problem in FigureProblem}
    plain = [(each.field, PAGES.text(request, FIELD_TEXTS.get(each.code, OTHERWISE))) for each in errors if each.code not in figures]
    form.errors = [*plain, *_figure_texts(request, content)]


def _figure_texts(request: Request, content: ArticleContent) -> Iterator[tuple[str, str]]:
    if content.valid_from is None:
        return
    for language, text in content.texts().items():
        for name, part in (("question", text.question), ("answer", text.answer)):
            for fault in figure_faults(part, language, content.valid_from, content.valid_to):
                written_out = fault.problem is FigureProblem.WRITTEN_OUT and fault.instead is not None
                message = WRITE_INSTEAD if written_out else FIGURE_TEXTS[fault.problem]
                yield f"{language}.{name}", PAGES.text(request, message, figure=fault.text, name=fault.instead or "")


def _field(name: str) -> str:
    """Return the field of the form that an error is about: an entry of a list belongs to the list."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in WRITTEN_IN else parts[0]

"""What a version lacks before it may be reviewed and published, as errors of its fields that say what to do."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from routing.knowledge.codes import FigureProblem
from routing.knowledge.policy import figure_faults, unconfirmed_figures
from routing.knowledge.schemas import ArticleContent
from shared.errors import FieldError
from shared.field_errors import DETAILS

PROBLEMS: Final = {
    FigureProblem.WRITTEN_OUT: FieldError(
        "", "figure-written-out", "A figure of money or a share is written out. Write the name of a parameter: {{self_payer_month}}."
    ),
    FigureProblem.UNKNOWN: FieldError("", "figure-unknown", "No parameter has this name for the year."),
    FigureProblem.OUTLIVES_ITS_YEAR: FieldError(
        "", "figure-outlives-its-year", "The figure is of one year: end the validity with it, or name it: {{self_payer_month.2026}}."
    ),
    FigureProblem.UNREADABLE: FieldError("", "figure-unreadable", "Double braces are for the names of parameters alone."),
}
NOT_CONFIRMED: Final = FieldError("", "figure-unconfirmed", "Nobody has confirmed this figure. Say in `confirm` that it has to be.")


def faults_of(content: ArticleContent) -> Iterator[FieldError]:
    """Yield what a version lacks."""
    if content.valid_from is None:
        yield FieldError("valid_from", "required", DETAILS["required"])
    elif content.valid_to is not None and content.valid_to < content.valid_from:
        yield FieldError("valid_to", "dates-reversed", "The last day is before the first.")
    if not content.source:
        yield FieldError("source", "required", DETAILS["required"])
    for language, text in content.texts().items():
        for name, part in (("question", text.question), ("answer", text.answer)):
            if not part:
                yield FieldError(f"{language}.{name}", "required", DETAILS["required"])
            elif content.valid_from is not None:
                yield from _figures(f"{language}.{name}", part, language, content)


def _figures(field: str, text: str, language: str, content: ArticleContent) -> Iterator[FieldError]:
    day = content.valid_from
    if day is None:
        return
    for fault in figure_faults(text, language, day, content.valid_to):
        yield replace(PROBLEMS[fault.problem], field=field)
    if not content.confirm and unconfirmed_figures(text, day):
        yield replace(NOT_CONFIRMED, field=field)

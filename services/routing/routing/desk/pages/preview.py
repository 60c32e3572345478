"""The answer as the applicant will see it, in the language of the answer, before it is sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from routing.desk.pages.forms import SubmittedForm
from routing.desk.pages.reader import DeskReader
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_


@dataclass(frozen=True, slots=True)
class PreviewFinding:
    """A finding as labels and texts; empty for what is not filled in yet."""

    category: str
    outcome: str
    fact: str
    rule: str


@dataclass(frozen=True, slots=True)
class AnswerPreview:
    """The answer with the headings of the applicant's page."""

    language: str
    heading: str
    text: str
    findings: Sequence[PreviewFinding]
    sections: Sequence[tuple[str, str]]
    """Headings with texts: what happens next, and what to do if one does not agree."""


def preview_of(form: SubmittedForm, reader: DeskReader) -> AnswerPreview:
    """Return the preview of the answer in the form. `reader`: one of the answer's own language."""
    codes = taxonomy()
    findings = [
        PreviewFinding(
            category=reader.label(codes.categories[entry["category"]].label) if entry["category"] in codes.categories else "",
            outcome=reader.label(codes.outcomes[entry["outcome"]].label) if entry["outcome"] in codes.outcomes else "",
            fact=entry["fact"],
            rule=entry["rule"],
        )
        for entry in form.findings
    ]
    named = [(N_("What happens next"), "next_steps"), (N_("If you do not agree"), "how_to_complain")]
    return AnswerPreview(
        language=reader.language,
        heading=reader.translate(N_("The answer")),
        text=form.values.get("text", ""),
        findings=[finding for finding in findings if finding.fact or finding.rule or finding.outcome],
        sections=[(reader.translate(heading), form.values[name]) for heading, name in named if form.values.get(name)],
    )

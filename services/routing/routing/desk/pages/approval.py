"""The card of a case about the action that waits, or waited, for a second person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from routing.cases import service as cases
from routing.cases.codes import ApprovalDecision
from routing.cases.schemas.approvals import ApprovalView
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseView
from routing.desk.pages.case_forms import labels_of
from routing.desk.pages.forms import field_label, in_words
from routing.desk.pages.reader import DeskReader
from shared.web.i18n import N_

_STATES: Final[Mapping[ApprovalDecision | None, tuple[str, str]]] = {
    None: (N_("Waits for a decision"), "warn"),
    ApprovalDecision.APPROVED: (N_("Approved"), "good"),
    ApprovalDecision.REJECTED: (N_("Rejected"), "bad"),
    ApprovalDecision.WITHDRAWN: (N_("Withdrawn"), "quiet"),
    ApprovalDecision.LAPSED: (N_("No longer needed"), "quiet"),
}


@dataclass(frozen=True, slots=True)
class ApprovalNote:
    """The latest action that waited for a second person: its state, its fields in words, who decided, and why it was rejected."""

    title: str
    state: str
    tone: str
    author: str
    at: datetime
    fields: list[tuple[str, str]]
    waits: bool
    decider: str | None
    decided_at: datetime | None
    refusal: str | None


def people_of(asked: ApprovalView) -> list[str]:
    """Return the subjects of whoever asked and decided."""
    return [asked.requested_by, *([asked.decided_by] if asked.decided_by is not None else ())]


def approval_note(case: CaseView, names: Mapping[str, str | None], reader: DeskReader) -> ApprovalNote | None:
    """Return the card of the latest request; None without one. `names`: of whoever asked and decided, by subject."""
    if (asked := case.approval) is None:
        return None
    text, tone = _STATES[asked.decision]
    return ApprovalNote(
        title=reader.label(cases.action_labels()[asked.action]),
        state=reader.translate(text),
        tone=tone,
        author=names.get(asked.requested_by) or asked.requested_by,
        at=asked.requested_at,
        fields=_fields(asked, reader),
        waits=asked.decision is None,
        decider=names.get(asked.decided_by) or asked.decided_by if asked.decided_by is not None else None,
        decided_at=asked.decided_at,
        refusal=asked.refusal,
    )


def _fields(asked: ApprovalView, reader: DeskReader) -> list[tuple[str, str]]:
    """Return what was entered, with labels and codes in words."""
    labels = labels_of(CaseAction(asked.action))
    findings = asked.fields.get("findings")
    parts = [*asked.fields.items()]
    for each in findings if isinstance(findings, list) else ():
        parts += each.items() if isinstance(each, dict) else ()
    return [
        (field_label(name, reader), reader.label(labels[value]) if value in labels else in_words(name, value, reader))
        for name, value in parts
        if isinstance(value, str)
    ]

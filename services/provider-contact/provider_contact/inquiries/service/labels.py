"""The labels of statuses, clocks, reasons and bodies, for the pages of the slices above."""

from provider_contact.inquiries.codes import InquiryAction, InquiryStatus, InquiryStep
from provider_contact.inquiries.policy import (
    RESULTS,
    cancel_reasons,
    clocks,
    escalation_bodies,
    excuse_reasons,
    history_sentences,
    return_reasons,
    statuses,
)
from shared.domain.labels import Label


def status_label(status: InquiryStatus) -> Label:
    """Return the name of a status."""
    return statuses()[status].label


def clock_label(code: str) -> Label:
    """Return the name of the clock that governs a due date."""
    return clocks()[code].label


def reason_label(entry_type: str, code: str) -> Label | None:
    """Return the name of the reason or body of an entry; None for an entry without one, and for a code that is not listed any more."""
    named = {
        InquiryAction.RETURN: return_reasons,
        InquiryAction.CANCEL: cancel_reasons,
        InquiryAction.ESCALATE_TO: escalation_bodies,
        InquiryAction.EXCUSE: excuse_reasons,
        InquiryStep.ESCALATION: escalation_bodies,
    }
    entries = named.get(InquiryStep(entry_type) if entry_type in frozenset[str](InquiryStep) else InquiryAction(entry_type))
    return entries().get(code) if entries else None


def history_label(entry_type: str, result: str | None = None) -> Label:
    """Return the sentence of an action or a step in the course of an inquiry. `result`: the code of its entry."""
    return history_sentences()[f"{entry_type}.{result}" if entry_type in RESULTS else entry_type]

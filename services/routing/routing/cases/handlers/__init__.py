"""Which event goes to which handler."""

from typing import Final

from routing.cases.handlers.applicant import REACTIONS, apply_applicant_events
from routing.cases.handlers.inquiries import CODES, follow_inquiries
from routing.cases.handlers.outcomes import EVENTS_WITH_RESULTS, RESULT_ENTRIES
from routing.cases.handlers.providers import copy_providers
from routing.cases.handlers.registered import import_cases, open_cases, prepare_cases
from routing.cases.handlers.undone_imports import undo_imports
from shared.contracts import AppealImported, AppealRegistered, ImportUndoRequested, ProviderRecorded
from shared.messaging.handling import Handlers

__all__ = ["EVENTS_WITH_RESULTS", "HANDLERS", "RESULT_ENTRIES", "prepare_cases"]

HANDLERS: Final[Handlers] = {
    AppealRegistered: open_cases,
    AppealImported: import_cases,
    ImportUndoRequested: undo_imports,
    ProviderRecorded: copy_providers,
    **dict.fromkeys(CODES, follow_inquiries),
    **dict.fromkeys(REACTIONS, apply_applicant_events),
}

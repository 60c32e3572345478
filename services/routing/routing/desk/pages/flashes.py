"""The messages after what a form did."""

from collections.abc import Mapping
from typing import Final

from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseView
from routing.desk.errors import AttachmentGone, AttachmentNotScanned
from routing.desk.pages.drafts import DRAFT, DRAFT_DELETED
from routing.desk.pages.notes import PATH as NOTES
from shared.errors import Unavailable
from shared.web.i18n import N_
from shared.web.pages import Flash

HELD: Final = "held"
"""The message after an answer that waits."""
WAITS: Final = "waits-for-approval"
"""The message after an action that needs a second person."""
FLASHES: Final[Mapping[str, Flash]] = {
    **dict.fromkeys(CaseAction, Flash(N_("The action was carried out."))),
    CaseAction.CLAIM: Flash(N_("The case is yours now.")),
    CaseAction.ASSIGN: Flash(N_("The case was given to your colleague.")),
    CaseAction.CLASSIFY: Flash(N_("The correction is saved. The tier and the deadline follow from it.")),
    CaseAction.ESCALATE: Flash(N_("The case was passed to the next tier.")),
    CaseAction.ANSWER: Flash(N_("The answer is on its way to the applicant.")),
    CaseAction.CLOSE: Flash(N_("The case is closed.")),
    CaseAction.ASK: Flash(N_("The question is on its way to the applicant.")),
    CaseAction.REQUEST_COMPLETION: Flash(N_("The applicant is asked for what is missing.")),
    CaseAction.RETURN: Flash(N_("The appeal is returned.")),
    CaseAction.TERMINATE: Flash(N_("The consideration is terminated.")),
    CaseAction.FORWARD: Flash(N_("The appeal is forwarded, and the applicant is notified.")),
    CaseAction.PASS_UP: Flash(N_("The complaint is passed up, and the applicant is notified.")),
    "provider-chosen": Flash(N_("The organisation is chosen. The case shows it in a moment.")),
    "provider-none": Flash(N_("It is noted that none of these is meant.")),
    "provider-not-chosen": Flash(N_("Nothing was chosen: the choice is made already, or no organisation was marked."), "warn"),
    "inquiry-done": Flash(N_("Done. The medical organisation is notified where it has to know.")),
    "inquiry-not-done": Flash(N_("Nothing was done: the inquiry has changed meanwhile. Look at it again."), "warn"),
    CaseAction.ASK_PROVIDER: Flash(N_("The inquiry is on its way to the medical organisation.")),
    CaseAction.SPLIT_ISSUE: Flash(N_("The issue was split off.")),
    CaseAction.REMOVE_ISSUE: Flash(N_("The issue was removed.")),
    CaseAction.SET_FINDING: Flash(N_("The finding is saved.")),
    CaseAction.LINK_DUPLICATE: Flash(N_("The cases are linked.")),
    CaseAction.UNLINK: Flash(N_("The link was taken back.")),
    CaseAction.PROTECT: Flash(N_("The case is protected now.")),
    CaseAction.UNPROTECT: Flash(N_("The case was given back to its branch.")),
    CaseAction.RECORD_DELIVERY: Flash(N_("The proof of delivery is saved.")),
    CaseAction.LOG_CALL: Flash(N_("The call is logged.")),
    CaseAction.REQUEST_EXTENSION: Flash(N_("The request is with the head of the branch.")),
    CaseAction.APPROVE_EXTENSION: Flash(N_("The term is extended, and the applicant is notified.")),
    CaseAction.REJECT_EXTENSION: Flash(N_("The term is not extended.")),
    CaseAction.APPROVE: Flash(N_("Approved and carried out.")),
    CaseAction.REJECT: Flash(N_("The action is not carried out.")),
    WAITS: Flash(N_("A second person has to approve this first. Until then the case stays as it is.")),
    "deputy-appointed": Flash(N_("The deputy is appointed.")),
    "deputy-dismissed": Flash(N_("The appointment has ended.")),
    NOTES: Flash(N_("The note is saved. Colleagues alone can read it.")),
    CaseAction.REDIRECT: Flash(N_("It is noted that the danger was passed on.")),
    AttachmentNotScanned.code: Flash(N_("The file is still being checked for viruses. Try again in a minute."), "warn"),
    AttachmentGone.code: Flash(N_("The file cannot be opened any more. Ask the applicant to send it again."), "warn"),
    Unavailable.code: Flash(N_("The register does not answer just now. Try again in a minute."), "warn"),
    "view-saved": Flash(N_("The list is saved.")),
    "view-renamed": Flash(N_("The saved list has its new name.")),
    "view-deleted": Flash(N_("The saved list is deleted.")),
    "view-name": Flash(N_("Give the list a name of 1 to 60 characters."), "warn"),
    "view-limit": Flash(N_("You have 20 saved lists. Delete one that you no longer need."), "warn"),
    "absence": Flash(N_("The absence is recorded: no cases are assigned until the day of return.")),
    "absence-planned": Flash(N_("The absence is recorded: no cases are assigned until the day of return.")),
    "staffing": Flash(N_("The changes are saved. Cases are assigned accordingly from now on.")),
    "queue-automatic": Flash(N_("Cases of this queue are now assigned automatically.")),
    "queue-manual": Flash(N_("Cases of this queue are no longer assigned automatically.")),
    "absence-ended": Flash(N_("The absence has ended.")),
    "absence-day": Flash(N_("Give a day after today: the day of return."), "warn"),
    CaseAction.ANSWER_AND_CLOSE: Flash(N_("The answer is on its way to the applicant, and the case is closed.")),
    CaseAction.UNDO: Flash(N_("The answer was not sent. It is your draft again.")),
    HELD: Flash(N_("The answer is sent in a moment. Until then you can take it back.")),
    DRAFT: Flash(N_("The draft is saved. Only you see it.")),
    DRAFT_DELETED: Flash(N_("The draft is deleted.")),
}


def flash_of(action: str, done: CaseView) -> str:
    """Return the message after an action: it was carried out, waits to be sent, or waits for a second person."""
    waits = done.approval_action == action and action != CaseAction.REQUEST_EXTENSION  # which has a message of its own
    return HELD if done.sends_at else WAITS if waits else action

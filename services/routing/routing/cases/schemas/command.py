"""The actions of staff on a case, and what the bodies of all of them have."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from shared.http import StrictModel


class CaseAction(StrEnum):
    """An action of staff on a case. The codes are those of the URLs and of `workflow.csv`."""

    CLAIM = "claim"
    CLASSIFY = "classify"
    ESCALATE = "escalate"
    ANSWER = "answer"
    ANSWER_AND_CLOSE = "answer-and-close"
    UNDO = "undo"
    CLOSE = "close"
    ASSIGN = "assign"
    ASK = "ask"
    REQUEST_COMPLETION = "request-completion"
    RETURN = "return"
    TERMINATE = "terminate"
    FORWARD = "forward"
    PASS_UP = "pass-up"  # noqa: S105 - an action
    REDIRECT = "redirect"
    LOG_CALL = "log-call"
    ASK_PROVIDER = "ask-provider"
    REQUEST_EXTENSION = "request-extension"
    APPROVE_EXTENSION = "approve-extension"
    REJECT_EXTENSION = "reject-extension"
    APPROVE = "approve"
    REJECT = "reject"
    SPLIT_ISSUE = "split-issue"
    REMOVE_ISSUE = "remove-issue"
    SET_FINDING = "set-finding"
    LINK_DUPLICATE = "link-duplicate"
    UNLINK = "unlink"
    PROTECT = "protect"
    UNPROTECT = "unprotect"
    RECORD_DELIVERY = "record-delivery"


class Command(StrictModel):
    """A command on the case in the version that the sender read."""

    ACTION: ClassVar[CaseAction]
    SUMMARY: ClassVar[str]
    """What the API document says of the action."""

    expected_version: Annotated[int, Field(ge=1, lt=2**31)]

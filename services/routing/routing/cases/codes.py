"""Codes on which the code of the cases branches."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import WithJsonSchema

from shared.domain.lifecycle import CaseStatus, Holder


class Urgency(StrEnum):
    """URGENT: the text tells of danger to life or health."""

    NORMAL = "NORMAL"
    URGENT = "URGENT"


class ProposalState(StrEnum):
    """What became of a provider's proposal, as far as the case depends on it."""

    PROPOSED = "PROPOSED"
    CONFIRMED = "CONFIRMED"
    DENIED = "DENIED"
    NO_ANSWER = "NO_ANSWER"
    VERIFIED = "VERIFIED"
    REFUTED = "REFUTED"
    SUPERSEDED = "SUPERSEDED"
    """The applicant confirmed it and denied a later one, disputed the answer, or the case was reopened."""


STANDING: Final = frozenset({ProposalState.CONFIRMED, ProposalState.VERIFIED})
"""The states in which the applicant's confirmation stands."""


class DeskStatus(StrEnum):
    """Statuses of a case at the desk alone. SENDING: an answer waits to be sent, and its author can take it back.

    The status that all services project from events lies beneath: while an answer waits, nothing has happened for them.
    """

    SENDING = "SENDING"


class CaseScope(StrEnum):
    """MINE: assigned to the reader and open. QUEUE: open and unassigned. REGION: of the reader's region."""

    MINE = "mine"
    QUEUE = "queue"
    REGION = "region"
    ALL = "all"


class NoteKind(StrEnum):
    """NOTE: for colleagues. CALL: a telephone call with the applicant, logged by a clerk."""

    NOTE = "NOTE"
    CALL = "CALL"


class ExtensionDecision(StrEnum):
    """What became of a request to extend the statutory term. WITHDRAWN: by its author."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"


class ApprovalDecision(StrEnum):
    """What became of an action that waited for a second person. WITHDRAWN: by its author. LAPSED: the case ended, or was reopened."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


class ConversationSide(StrEnum):
    """Who speaks in the conversation of a case. COLLEAGUE: a note that staff alone read."""

    APPLICANT = "APPLICANT"
    FUND = "FUND"
    PROVIDER = "PROVIDER"
    COLLEAGUE = "COLLEAGUE"


class EntryType(StrEnum):
    """The types of entries in the conversation of a case.

    Of the applicant, as intake names them: APPEAL, MESSAGE, STATEMENT (of a withdrawal), REASON (why the answer is not accepted),
    COMMENT (with a rating), and CONFIRMATION of the answer. Of the Fund: QUESTION, COMPLETION (a request for missing data), LETTER,
    ANSWER, and INQUIRY to the provider, whose entry is a RESPONSE.
    NOTE and CALL (a logged telephone call with the applicant) are read by staff alone.
    """

    APPEAL = "APPEAL"
    MESSAGE = "MESSAGE"
    STATEMENT = "STATEMENT"
    REASON = "REASON"
    COMMENT = "COMMENT"
    CONFIRMATION = "CONFIRMATION"
    QUESTION = "QUESTION"
    COMPLETION = "COMPLETION"
    LETTER = "LETTER"
    ANSWER = "ANSWER"
    INQUIRY = "INQUIRY"
    RESPONSE = "RESPONSE"
    NOTE = "NOTE"
    CALL = "CALL"


class LinkType(StrEnum):
    """How another case belongs to this one. DUPLICATE: a clerk linked them, in either direction. FOLLOWS: this appeal continues that one.

    SAME_APPLICANT and SIMILAR are suggestions.
    """

    DUPLICATE = "DUPLICATE"
    FOLLOWS = "FOLLOWS"
    SAME_APPLICANT = "SAME_APPLICANT"
    SIMILAR = "SIMILAR"


class ResponseCode(StrEnum):
    """The response of a provider on which the code branches; the others are in `response_codes.csv`."""

    RESOLVED = "RESOLVED"


class CaseSort(StrEnum):
    """The order of a list. DUE: earliest due time first. RECEIVED and UPDATED: the latest first."""

    DUE = "due"
    RECEIVED = "received"
    UPDATED = "updated"


_text = WithJsonSchema({"type": "string"})  # these codes may grow: clients must accept new ones
StatusText = Annotated[CaseStatus | DeskStatus, _text]
HolderText = Annotated[Holder, _text]
UrgencyText = Annotated[Urgency, _text]
LinkTypeText = Annotated[LinkType, _text]

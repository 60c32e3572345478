"""The codes on which the phone channel branches. Values are stored, sent by the exchange or published as they are."""

from enum import StrEnum


class CallEventType(StrEnum):
    """What an exchange reports of a call."""

    OFFERED = "offered"
    IVR_CHOICE = "ivr_choice"
    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"
    TRANSFERRED = "transferred"
    ABANDONED = "abandoned"
    ENDED = "ended"
    RECORDING_READY = "recording_ready"


class CallDirection(StrEnum):
    """OUT: an operator calls back."""

    IN = "in"
    OUT = "out"


class CallState(StrEnum):
    """The state of a call after its latest event."""

    OFFERED = "OFFERED"
    MENU = "MENU"
    QUEUED = "QUEUED"
    RINGING = "RINGING"
    TALKING = "TALKING"
    HELD = "HELD"
    ABANDONED = "ABANDONED"
    ENDED = "ENDED"


class CallOutcome(StrEnum):
    """How a call ended, as `call-ended` names it."""

    ANSWERED = "ANSWERED"
    ABANDONED = "ABANDONED"
    AFTER_HOURS = "AFTER_HOURS"
    SELF_SERVICE = "SELF_SERVICE"


class MenuTarget(StrEnum):
    """Where a path of the voice menu leads, as `leads_to` of `call_menu.csv` names it."""

    OPERATOR = "OPERATOR"
    STATUS = "STATUS"
    CALL_BACK = "CALL_BACK"
    URGENT = "URGENT"


class CallBackState(StrEnum):
    """CLAIMED: one operator is calling back. UNREACHED: nobody answered, and nobody calls any more."""

    OPEN = "OPEN"
    CLAIMED = "TAKEN"
    DONE = "DONE"
    UNREACHED = "UNREACHED"


class CallBackReason(StrEnum):
    """Why a caller is called back, as the group REASON of `call_codes.csv` names it."""

    ASKED = "ASKED"
    GAVE_UP = "GAVE_UP"


class CallCodeGroup(StrEnum):
    """The groups of `call_codes.csv`."""

    CHECK = "CHECK"
    PAYER = "PAYER"
    INSURED = "INSURED"
    REASON = "REASON"
    STATE = "STATE"


class CallerCheck(StrEnum):
    """The check that the code names: a caller is never verified without it. All other checks are defined by `call_codes.csv` alone."""

    NAME = "NAME"


class InsuredCode(StrEnum):
    """The insured statuses of a person, as the group INSURED of `call_codes.csv` names them."""

    INSURED = "INSURED"
    NOT_INSURED = "NOT_INSURED"

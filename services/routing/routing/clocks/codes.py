"""Codes on which the code of the clocks branches."""

from enum import IntEnum, StrEnum
from typing import Final


class ClockState(StrEnum):
    """The first three are the states of a running clock; MET and MISSED end it, REPLACED gives way to another clock."""

    RUNNING = "RUNNING"
    WARNED = "WARNED"
    BREACHED = "BREACHED"
    MET = "MET"
    MISSED = "MISSED"
    REPLACED = "REPLACED"


ACTIVE: Final = (ClockState.RUNNING, ClockState.WARNED, ClockState.BREACHED)


class ReportLevel(IntEnum):
    """Who is shown an overdue clock: the supervisor of the queue as soon as the clock is breached, later the head too.

    An overdue report changes nothing in the case; the action `escalate`, which passes a case to the next tier, is something else.
    """

    SUPERVISOR = 1
    HEAD = 2


class ClockTrigger(StrEnum):
    """What starts a clock, as `runs` in `clock_policies.csv` names it."""

    FORM = "form"
    KIND = "kind"
    CHANNEL = "channel"
    DANGER = "danger"
    APPLICANT = "applicant"
    DENIED = "denied"
    REOPENED = "reopened"
    UNSORTED = "unsorted"


class ClockCode(StrEnum):
    """The clock policies that the code names; all others are chosen by the table alone."""

    REDIRECT_CRIME = "REDIRECT_CRIME"
    FIX_PERIOD = "FIX_PERIOD"
    APPLICANT_REPLY = "APPLICANT_REPLY"
    TRIAGE = "TRIAGE"

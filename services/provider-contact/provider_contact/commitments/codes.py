"""Codes on which the code of commitments branches."""

from enum import StrEnum


class CommitmentStatus(StrEnum):
    """The states of a dated promise."""

    OPEN = "OPEN"
    DUE = "DUE"
    """The day has come, and the applicant is asked."""
    KEPT = "KEPT"
    BROKEN = "BROKEN"
    EXCUSED = "EXCUSED"
    """A clerk released the provider from the promise."""
    NO_ANSWER = "NO_ANSWER"
    """The applicant did not answer in time. A later answer still counts."""

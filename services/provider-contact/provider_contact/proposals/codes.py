"""Codes on which the code of proposals branches."""

from enum import StrEnum


class ProposalStatus(StrEnum):
    """The states of a proposal. Only CONFIRMED and VERIFIED are the applicant's word that the problem is solved."""

    PROPOSED = "PROPOSED"
    """The applicant is asked."""
    CONFIRMED = "CONFIRMED"
    DENIED = "DENIED"
    NO_ANSWER = "NO_ANSWER"
    """The applicant did not answer in time. A later answer still counts."""
    VERIFIED = "VERIFIED"
    """The applicant repeated the confirmation by telephone."""
    REFUTED = "REFUTED"
    """The applicant said by telephone that the confirmation was not their own free statement."""

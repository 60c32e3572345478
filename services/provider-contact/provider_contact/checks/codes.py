"""Codes on which the code of checks branches."""

from enum import StrEnum


class CheckSubject(StrEnum):
    """What a check is about."""

    PROPOSAL = "PROPOSAL"
    """A confirmed proposal."""
    WITHDRAWAL = "WITHDRAWAL"
    """A withdrawn appeal."""
    ANSWER = "ANSWER"
    """An answer of the Fund that the applicant confirmed as resolving the appeal."""


class CheckStatus(StrEnum):
    """The states of a check.

    A row exists for each confirmed proposal and each withdrawal about a provider, drawn or not; of the other statements for those drawn.
    """

    NOT_DRAWN = "NOT_DRAWN"
    """The sample does not include it: the statement is unproven."""
    OPEN = "OPEN"
    """The applicant is to be called."""
    VERIFIED = "VERIFIED"
    REFUTED = "REFUTED"
    UNREACHED = "UNREACHED"
    """The applicant could not be reached in all tries: the statement is unproven."""
    SUPERSEDED = "SUPERSEDED"
    """The case was reopened before the call: its earlier end is not asked about any more."""


class CheckResult(StrEnum):
    """The result of one call."""

    VERIFIED = "VERIFIED"
    REFUTED = "REFUTED"
    UNREACHED = "UNREACHED"

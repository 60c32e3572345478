"""Expected failures of commitments."""

from shared.errors import Conflict


class TooManyPromises(Conflict):
    code, title = "too-many-promises", "Too many promises of this inquiry are open. Fulfil one of them first."


class CommitmentEnded(Conflict):
    code, title = "commitment-ended", "The promise has its result already."


class UnknownCommitment(LookupError):
    """An answer about a promise that was never made here. The order of the log rules this out, so the event is quarantined."""

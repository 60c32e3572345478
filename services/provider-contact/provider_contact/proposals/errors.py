"""Expected failures of proposals."""

from shared.errors import Conflict


class ProposalOpen(Conflict):
    code, title = "proposal-open", "The applicant has not answered the earlier proposal yet."


class ProposalNotConfirmed(Conflict):
    code, title = "proposal-not-confirmed", "Only a proposal that the applicant has confirmed can be verified."


class UnknownProposal(LookupError):
    """An answer to a proposal that was never made here. The order of the log rules this out, so the event is quarantined."""

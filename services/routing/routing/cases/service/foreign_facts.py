"""Which facts of other services move the status of a case."""

from typing import Final

from shared.contracts import (
    AppealWithdrawn,
    InquiryAnswered,
    InquiryCancelled,
    InquiryReturned,
    InquirySent,
    MessageAdded,
    OutcomeDenied,
    ProposalAnswered,
    ProposalUnanswered,
    SolutionProposed,
)

FOREIGN_FACTS: Final = frozenset(
    event.FACT
    for event in (
        InquirySent,
        InquiryAnswered,
        InquiryReturned,
        InquiryCancelled,
        SolutionProposed,
        ProposalAnswered,
        ProposalUnanswered,
        MessageAdded,
        OutcomeDenied,
        AppealWithdrawn,
    )
)
"""The facts of other services that move the status of a case."""

"""What applicants may do with their appeals."""

from typing import Final

from intake.register.codes import check_codes
from intake.register.policy import check_policies, policy, rights
from shared.domain.lifecycle import CaseStatus
from shared.domain.taxonomy import taxonomy

ANSWERED: Final = CaseStatus.ANSWERED
RATED: Final = frozenset({CaseStatus.ANSWERED, CaseStatus.CLOSED})


def check() -> None:
    """Read every policy file and check the codes. Raises ReferenceDataError or ValueError."""
    check_codes()
    check_policies()


def is_finished(status: str) -> bool:
    return taxonomy().statuses[status].final


def is_decided(status: str) -> bool:
    return status == ANSWERED or is_finished(status)


def actions(
    status: CaseStatus,
    kind: str | None,
    *,
    has_verdict: bool,
    has_contact: bool,
    to_confirm: bool,
    is_withdrawing: bool,
    has_open_follow_up: bool,
) -> list[str]:
    """Return what the applicant may do now, by the names of the API calls.

    `has_contact`: a code can be sent; `to_confirm`: a contact has yet to be confirmed; `is_withdrawing`: a withdrawal waits for the Fund's
    call; `has_open_follow_up`: a later appeal follows this one and is not finished.
    """
    is_settled = status == ANSWERED and has_verdict and rights(kind).keeps_case
    possible = {
        "messages": not is_finished(status),
        "attachments": not is_finished(status),
        "contact-confirmation": to_confirm and not is_finished(status),
        "withdrawal": has_contact and not is_withdrawing and not is_decided(status),
        "confirmation": status == ANSWERED and not has_verdict,
        "feedback": status in RATED,
        "reopening": status in policy().reopening.statuses and not has_open_follow_up and not is_settled,
    }
    return [name for name, is_possible in possible.items() if is_possible]

"""What the protection of a case allows: giving it back to its branch, and the bodies to which it is passed on."""

from collections.abc import Sequence

from routing.cases.policy import protected_bodies
from routing.cases.schemas.rows import CaseRecord
from shared.domain.protection import ground_in
from shared.errors import InvalidInput


def is_releasable(case: CaseRecord) -> bool:
    """Return whether the case is protected although none of its categories is: a person has found that the signs were wrong."""
    return case.protection is not None and case.unproved_body is None and ground_in(case.categories) is None


def bodies_of(case: CaseRecord) -> Sequence[str] | None:
    """Return the bodies to which the policy passes the case on, the proposed one first; None for a case that is not protected."""
    return None if case.protection_ground is None else protected_bodies()[case.protection_ground]


def require_body(case: CaseRecord, body: str) -> None:
    """Raise InvalidInput for a body to which the policy does not pass the protected case on."""
    allowed = bodies_of(case)
    if allowed is not None and body not in allowed:
        raise InvalidInput.field("body", "unknown-code", "The policy passes this case on to other bodies.")

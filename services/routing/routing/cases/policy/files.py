"""What the policy files have in common: where they are, the codes of them that the code names, and their labels."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_table

PACKAGE: Final = "routing.cases"


class NamedCode(StrEnum):
    """The codes of the policy files that the code names: a return ground, a termination ground, an escalation reason, outcomes, a form."""

    NOT_COMPLETED = "NOT_COMPLETED"
    ANONYMOUS = "ANONYMOUS"
    NOT_SATISFIED = "NOT_SATISFIED"
    RESOLVED_ON_SPOT = "RESOLVED_ON_SPOT"
    DUPLICATE = "DUPLICATE"
    PROMISE_BROKEN = "PROMISE_BROKEN"
    CONFIRMATION_REFUTED = "CONFIRMATION_REFUTED"
    WITHDRAWAL_REFUTED = "WITHDRAWAL_REFUTED"
    COMPLAINT = "ZHALOBA"


def labels_of(file: str, *named: NamedCode) -> Mapping[str, Label]:
    """Return the labels of a file by code. Raises ReferenceDataError if a named code is missing."""
    found = policy_table(PACKAGE, file, Row.label)
    require(file, found, *named)
    return found


def require(file: str, found: Collection[str], *named: NamedCode) -> None:
    """Raise ReferenceDataError if a named code is missing."""
    if missing := set(named) - set(found):
        raise ReferenceDataError(file, 1, f"missing: {', '.join(sorted(missing))}")

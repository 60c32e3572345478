"""The life cycle of an appeal: status transitions by event, and who has to act in each status. Pure tables, checked when loaded."""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Final

from shared.domain.tables import ReferenceDataError, rows
from shared.domain.taxonomy import LOWEST_TIER, taxonomy


class CaseStatus(StrEnum):
    """The statuses of an appeal, in the order of `statuses.csv`."""

    RECEIVED = "RECEIVED"
    REGISTERED = "REGISTERED"
    IN_REVIEW = "IN_REVIEW"
    AWAITING_PROVIDER = "AWAITING_PROVIDER"
    AWAITING_APPLICANT = "AWAITING_APPLICANT"
    NEEDS_FIX = "NEEDS_FIX"
    EXTENDED = "EXTENDED"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"
    FORWARDED = "FORWARDED"
    RETURNED = "RETURNED"
    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"


class Holder(StrEnum):
    """Who has to act next, in the order of `holders.csv`."""

    FUND_TIER1 = "FUND_TIER1"
    FUND_TIER2 = "FUND_TIER2"
    FUND_TIER3 = "FUND_TIER3"
    PROVIDER = "PROVIDER"
    APPLICANT = "APPLICANT"
    OTHER_BODY = "OTHER_BODY"
    NONE = "NONE"


WITHDRAWN: Final = CaseStatus.WITHDRAWN
"""The only final status that a later decision changes: one made before the Fund learned of the withdrawal stands."""
REOPENED: Final = "case-reopened"
"""The only fact that leads out of every final status."""
_ANY = "*"


@cache
def transitions() -> Mapping[tuple[str, str], CaseStatus]:
    """Return the next status by (status, fact), with `*` expanded to every status that is not final.

    Raises ReferenceDataError for an unknown status, a transition out of a final status other than WITHDRAWN by another fact than
    `REOPENED`, a pair given twice, or statuses or holders that differ from `CaseStatus` and `Holder`.
    """
    _check_codes()
    statuses = taxonomy().statuses
    running = frozenset(code for code, status in statuses.items() if not status.final)
    found: dict[tuple[str, str], CaseStatus] = {}
    for row in rows("lifecycle.csv"):
        fact, following = row.text("fact"), row.one_of("next", statuses)
        known = frozenset(statuses) if fact == REOPENED else running | {WITHDRAWN}
        status = row.one_of("status", known | {_ANY})
        for code in sorted(running) if status == _ANY else [status]:
            if (code, fact) in found:
                raise row.error(f"{code} and {fact} are given twice")
            found[code, fact] = CaseStatus(following)
    return found


def _check_codes() -> None:
    for file, enumeration, codes in (("statuses.csv", CaseStatus, taxonomy().statuses), ("holders.csv", Holder, taxonomy().holders)):
        if different := set(enumeration) ^ codes.keys():
            raise ReferenceDataError(file, 1, f"differs from {enumeration.__name__}: {', '.join(sorted(different))}")


def status_after(status: str, fact: str) -> CaseStatus:
    """Return the status after a fact (the short name of its event). A fact without a transition leaves the status unchanged.

    Raises KeyError for an unknown status.
    """
    code = taxonomy().statuses[status].code
    return transitions().get((code, fact)) or CaseStatus(code)


def holder_of(status: str, tier: int | None) -> Holder:
    """Return who has to act in a status. The Fund acts at the tier reached, the first tier if none is known.

    Raises KeyError for an unknown status or tier.
    """
    holder = taxonomy().statuses[status].holder
    return Holder(holder) if holder != "FUND" else Holder(f"FUND_TIER{taxonomy().tiers[tier or LOWEST_TIER].number}")

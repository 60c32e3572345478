"""How an appeal's status follows from facts, and who holds it in each status: pure tables, checked when loaded."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from shared.domain.tables import rows
from shared.domain.taxonomy import LOWEST_TIER, taxonomy

WITHDRAWN: Final = "WITHDRAWN"
"""The one final status that gives way: to what the Fund decided before it heard of the withdrawal."""
_ANY = "*"


@cache
def transitions() -> Mapping[tuple[str, str], str]:
    """(status, fact) to the next status, with `*` written out for every status that is not final.

    Raises ReferenceDataError for an unknown status, a way out of a final one other than WITHDRAWN, or a pair given twice.
    """
    statuses = taxonomy().statuses
    running = frozenset(code for code, status in statuses.items() if not status.final)
    found: dict[tuple[str, str], str] = {}
    for row in rows("lifecycle.csv"):
        status, fact, following = row.one_of("status", running | {_ANY, WITHDRAWN}), row.text("fact"), row.one_of("next", statuses)
        for one in sorted(running) if status == _ANY else [status]:
            if (one, fact) in found:
                raise row.error(f"{one} and {fact} are given twice")
            found[one, fact] = following
    return found


def status_after(status: str, fact: str) -> str:
    """The status once a fact (the short name of its event) is known; a fact that does not move the status leaves it.

    Raises KeyError for an unknown status.
    """
    return transitions().get((taxonomy().statuses[status].code, fact), status)


def holder_of(status: str, tier: int | None) -> str:
    """Who is to act, as a code of the taxonomy's holders; the Fund holds it at the tier reached, the first if none is known.

    Raises KeyError for an unknown status or tier.
    """
    holder = taxonomy().statuses[status].holder
    return holder if holder != "FUND" else f"FUND_TIER{taxonomy().tiers[tier or LOWEST_TIER].number}"

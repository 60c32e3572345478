"""The clock policies (`data/clock_policies.csv`): on which cases a clock runs, and when it warns."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from routing.clocks.codes import ClockCode, ClockTrigger
from shared.domain.deadlines import policies, policy_for_form
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_table

POLICY_FILE: Final = "clock_policies.csv"
REPORT_FILE: Final = "overdue_reports.csv"
WHOLE: Final = 100  # percent
MONTHS: Final = 12


class WarningUnit(StrEnum):
    """How `amount` of a policy is counted: working days before the end, or percent of the term."""

    WORKING_DAY = "working_day"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """On which cases a clock runs, and when it warns. `on`: the kind or the channel, for the triggers KIND and CHANNEL."""

    code: str
    runs: ClockTrigger
    on: str | None
    warning: WarningUnit
    amount: int
    extension_months: int | None
    """The latest end of an extended term, in calendar months from the decision; None: the term is never extended."""
    label: Label

    @property
    def statutory(self) -> bool:
        """Whether this is the clock of the law, under which an answer is due."""
        return self.runs is ClockTrigger.FORM


@cache
def clock_policies() -> Mapping[str, ClockPolicy]:
    """Return the clock policies by code.

    Raises ReferenceDataError if a policy that a statutory form or the code refers to has no row.
    """
    found = policy_table("routing.clocks", POLICY_FILE, _policy, key="policy")
    statutory = {code for code, policy in found.items() if policy.statutory}
    missing = ({policy_for_form(form) for form in taxonomy().forms} - statutory) | (set(ClockCode) - found.keys())
    if missing:
        raise ReferenceDataError(POLICY_FILE, 1, f"missing: {', '.join(sorted(missing))}")
    return found


def _policy(row: Row) -> ClockPolicy:
    runs = ClockTrigger(row.one_of("runs", frozenset(ClockTrigger)))
    known = {ClockTrigger.KIND: frozenset(taxonomy().kinds), ClockTrigger.CHANNEL: frozenset(taxonomy().channels)}.get(runs)
    on = row.one_of("code", known) if known else None
    warning = WarningUnit(row.one_of("warning", frozenset(WarningUnit)))
    code = row.one_of("policy", policies())
    months = row.number_in("extension_months", 1, MONTHS) if row.optional("extension_months") else None
    if policies()[code].unit == "working_hour" and warning is not WarningUnit.PERCENT:
        raise row.error("a term in working hours warns by percent")
    if policies()[code].extendable != (months is not None):
        raise row.error("extension_months and the deadline policy disagree")
    return ClockPolicy(code, runs, on, warning, row.number_in("amount", 0, WHOLE), months, row.label())


@cache
def working_days_to_head() -> Mapping[str, int]:
    """Return, by clock policy, after how many working days the head too is shown an overdue clock.

    Raises ReferenceDataError unless every clock policy has a row.
    """
    found = policy_table("routing.clocks", REPORT_FILE, lambda row: row.number_in("working_days", 0, WHOLE), key="policy")
    if different := found.keys() ^ clock_policies().keys():
        raise ReferenceDataError(REPORT_FILE, 1, f"differs from the clock policies: {', '.join(sorted(different))}")
    return found

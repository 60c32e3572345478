"""Intake methods: how an appeal reaches a counter (`data/intake_methods.csv`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from shared.domain.labels import Label
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_rows


class CounterKind(StrEnum):
    """Whose counter it is."""

    BRANCH = "branch"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class IntakeMethod:
    """How an appeal reaches a counter.

    `dated`: it may have been received on an earlier day. `oral`: it is read back and put on record (АППК art. 63(1)).
    """

    code: str
    label: Label
    counter: CounterKind
    channel: str
    dated: bool
    oral: bool


@cache
def intake_methods() -> Mapping[str, IntakeMethod]:
    """Return the intake methods by code, in the order in which they are offered. Raises ReferenceDataError."""
    return {
        row.text("code"): IntakeMethod(
            code=row.text("code"),
            label=row.label(),
            counter=CounterKind(row.one_of("desk", frozenset(CounterKind))),
            channel=row.one_of("channel", taxonomy().channels),
            dated=row.flag("dated"),
            oral=row.flag("oral"),
        )
        for row in policy_rows("intake.channels.counter", "intake_methods.csv")
    }


def methods_at(counter: CounterKind) -> Mapping[str, IntakeMethod]:
    """Return the intake methods of a kind of counter, by code."""
    return {code: method for code, method in intake_methods().items() if method.counter is counter}

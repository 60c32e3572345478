"""What the centre goes by (`data/call_*`), read once and checked when read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

from shared.domain.labels import Label
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_document, policy_rows

FILE: Final = "call_policy.toml"
TEXTS: Final = "call_texts.toml"
KEYS: Final = 9  # digits that close a consultation
OTHER_QUEUE: Final = "OTHER"
LEADS_TO: Final = frozenset({"OPERATOR", "STATUS", "CALL_BACK", "URGENT"})
GROUPS: Final = frozenset({"CHECK", "PAYER", "INSURED", "REASON", "STATE"})


@dataclass(frozen=True, slots=True)
class Policy:
    """Times, numbers and topics; what each is for stands beside it in the file."""

    clock_ahead: timedelta
    grace: timedelta
    lost_after: timedelta
    wrap_up: timedelta
    call_back_after_waiting: int
    call_back_attempts: int
    call_back_held: timedelta
    call_back_for: timedelta
    kept: timedelta
    checks_needed: int
    appeals_shown: int
    payments_shown: int
    topics: Sequence[str]
    answered_in_call: frozenset[str]


@dataclass(frozen=True, slots=True)
class Queue:
    label: Label
    region: str | None

    @property
    def branch(self) -> str:
        """Whose hours count for its calls."""
        return self.region or CENTRAL_OFFICE


def _document(file: str) -> dict[str, Any]:
    return policy_document("intake.channels.phone", file)


@cache
def policy() -> Policy:
    """Raises ReferenceDataError for topics or kinds that the taxonomy does not know, or that no operator may close so."""
    given = _document(FILE)
    topics, kinds = tuple(given["topics"]), frozenset(given["answered_in_call"])
    if len(topics) != KEYS or len(set(topics)) != KEYS or not set(topics) <= taxonomy().topics.keys():
        raise ReferenceDataError(FILE, 1, f"{KEYS} different topics are needed, one a key")
    if not all(code in taxonomy().kinds and taxonomy().kinds[code].default_tier == 1 for code in kinds):
        raise ReferenceDataError(FILE, 1, "only kinds of the first tier are answered in a call")
    return Policy(
        clock_ahead=timedelta(seconds=given["clock_ahead"]),
        grace=timedelta(seconds=given["grace"]),
        lost_after=timedelta(hours=given["lost_after_hours"]),
        wrap_up=timedelta(seconds=given["wrap_up"]),
        call_back_after_waiting=given["call_back_after_waiting"],
        call_back_attempts=given["call_back_attempts"],
        call_back_held=timedelta(seconds=given["call_back_held"]),
        call_back_for=timedelta(days=given["call_back_days"]),
        kept=timedelta(days=given["kept_days"]),
        checks_needed=given["checks_needed"],
        appeals_shown=given["appeals_shown"],
        payments_shown=given["payments_shown"],
        topics=topics,
        answered_in_call=kinds,
    )


@cache
def queues() -> Mapping[str, Queue]:
    """By the exchange's name. Raises ReferenceDataError."""
    found = {}
    for row in policy_rows("intake.channels.phone", "call_queues.csv"):
        region = row.one_of("region", regions()) if row.optional("region") else None
        found[row.text("code")] = Queue(row.label(), region)
    if OTHER_QUEUE not in found:
        raise ReferenceDataError("call_queues.csv", 1, f"{OTHER_QUEUE} is missing")
    return found


@cache
def menu() -> Mapping[str, str]:
    """Where a path through the voice menu leads, by path. Raises ReferenceDataError."""
    return {row.text("path"): row.one_of("leads_to", LEADS_TO) for row in policy_rows("intake.channels.phone", "call_menu.csv")}


@cache
def codes(group: str) -> Mapping[str, Label]:
    """The labels of a group of `call_codes.csv`, in the order of the file. Raises ReferenceDataError."""
    rows = policy_rows("intake.channels.phone", "call_codes.csv")
    return {row.text("code"): row.label() for row in rows if row.one_of("group", GROUPS) == group}


@cache
def keypad_texts() -> Mapping[str, Label]:
    return {name: Label(**entry) for name, entry in _document(TEXTS)["keypad"].items()}


def check() -> None:
    """Read everything, at the start of a process. Raises ReferenceDataError."""
    policy(), queues(), menu(), keypad_texts()
    for group in GROUPS:
        if not codes(group):
            raise ReferenceDataError("call_codes.csv", 1, f"no {group} is given")

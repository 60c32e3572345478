"""The policy files of the phone channel (`data/call_*`), read and checked once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from intake.channels.phone.codes import CallBackReason, CallCodeGroup, CallerCheck, InsuredCode, MenuTarget
from shared.domain.labels import Label
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_model, policy_rows, policy_table

PACKAGE: Final = "intake.channels.phone"
FILE: Final = "call_policy.toml"
TEXTS: Final = "call_texts.toml"
TOPIC_KEYS: Final = 9  # digits that close a consultation
OTHER_QUEUE: Final = "OTHER"
_Seconds = Annotated[timedelta, BeforeValidator(lambda seconds: timedelta(seconds=seconds))]
_Hours = Annotated[timedelta, BeforeValidator(lambda hours: timedelta(hours=hours))]
_Days = Annotated[timedelta, BeforeValidator(lambda days: timedelta(days=days))]
_NAMED_CODES: Final = {
    CallCodeGroup.CHECK: CallerCheck,
    CallCodeGroup.INSURED: InsuredCode,
    CallCodeGroup.REASON: CallBackReason,
}


class CallPolicy(BaseModel):
    """Times, numbers and topics; `call_policy.toml` explains each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    clock_ahead: _Seconds
    grace: _Seconds
    lost_after: Annotated[_Hours, Field(alias="lost_after_hours")]
    wrap_up: _Seconds
    undo: _Seconds
    call_back_after_waiting: int
    """Seconds."""
    call_back_attempts: int
    call_back_held: _Seconds
    call_back_for: Annotated[_Days, Field(alias="call_back_days")]
    retention: Annotated[_Days, Field(alias="kept_days")]
    checks_needed: int
    appeals_shown: int
    payments_shown: int
    topics: tuple[str, ...]
    answered_in_call: frozenset[str]


class _KeypadText(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kk: str
    ru: str
    en: str


class _KeypadTexts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    keypad: Mapping[str, _KeypadText]


@dataclass(frozen=True, slots=True)
class CallQueue:
    """A queue of the exchange."""

    label: Label
    region: str | None

    @property
    def branch(self) -> str:
        """The branch whose working hours count for calls of this queue."""
        return self.region or CENTRAL_OFFICE


@cache
def call_policy() -> CallPolicy:
    """Return the policy.

    Raises ReferenceDataError for topics or kinds that the taxonomy does not know or that operators may not close, and pydantic's
    ValidationError, which is a ValueError too.
    """
    policy = policy_model(PACKAGE, FILE, CallPolicy)
    topics, kinds = policy.topics, taxonomy().kinds
    if len(topics) != TOPIC_KEYS or len(set(topics)) != TOPIC_KEYS or not set(topics) <= taxonomy().topics.keys():
        raise ReferenceDataError(FILE, 1, f"{TOPIC_KEYS} different topics are needed, one a key")
    if not all(code in kinds and kinds[code].default_tier == 1 for code in policy.answered_in_call):
        raise ReferenceDataError(FILE, 1, "only kinds of the first tier are answered in a call")
    return policy


@cache
def queues() -> Mapping[str, CallQueue]:
    """Return the queues by the exchange's name. Raises ReferenceDataError."""
    found = policy_table(
        PACKAGE,
        "call_queues.csv",
        lambda row: CallQueue(row.label(), row.one_of("region", regions()) if row.optional("region") else None),
    )
    if OTHER_QUEUE not in found:
        raise ReferenceDataError("call_queues.csv", 1, f"{OTHER_QUEUE} is missing")
    return found


@cache
def menu() -> Mapping[str, MenuTarget]:
    """Return where each path through the voice menu leads. Raises ReferenceDataError."""
    return policy_table(PACKAGE, "call_menu.csv", lambda row: MenuTarget(row.one_of("leads_to", frozenset(MenuTarget))), key="path")


@cache
def codes(group: CallCodeGroup) -> Mapping[str, Label]:
    """Return the labels of a group of `call_codes.csv`, in the order of the file. Raises ReferenceDataError."""
    rows = policy_rows(PACKAGE, "call_codes.csv")
    return {row.text("code"): row.label() for row in rows if row.one_of("group", frozenset(CallCodeGroup)) == group}


@cache
def keypad_texts() -> Mapping[str, Label]:
    """Return the sentences that are read out to callers, by name."""
    texts = policy_model(PACKAGE, TEXTS, _KeypadTexts).keypad
    return {name: Label(kk=text.kk, ru=text.ru, en=text.en) for name, text in texts.items()}


def check() -> None:
    """Read every file when a process starts. Raises ReferenceDataError, also for a code that the program names and a file lacks."""
    call_policy(), queues(), menu(), keypad_texts()
    for group in CallCodeGroup:
        if not codes(group):
            raise ReferenceDataError("call_codes.csv", 1, f"no {group} is given")
        missing = frozenset(_NAMED_CODES.get(group, ())) - codes(group).keys()
        if missing:
            raise ReferenceDataError("call_codes.csv", 1, f"{group} lacks {', '.join(sorted(missing))}")

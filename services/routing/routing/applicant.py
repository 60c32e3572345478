"""What the applicant does after filing, and what becomes of the case: a constant number of statements, whatever the batch's size."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing import clocks, repository
from routing.errors import UnknownAppeal
from routing.history import entry
from routing.models import MET, MISSED, NEVER, RUNNING
from routing.queues import queue_of
from routing.reference import closure_gate
from shared.contracts import (
    AppealEvent,
    AppealRated,
    AppealWithdrawn,
    CaseClosed,
    Event,
    MessageAdded,
    OutcomeConfirmed,
    OutcomeDenied,
    TierRaised,
)
from shared.domain.lifecycle import WITHDRAWN, holder_of, status_after
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.ids import derived
from shared.messaging import outbox
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, InOrder

APPLICANT: Final = "applicant"
NOT_SATISFIED: Final = "NOT_SATISFIED"
LATE: Final = "withdrawal-late"
_KEPT: Final = frozenset({"provider_id", "kind", "region", "language", "answer_id", "answer_outcome"})
_CHANGED: Final = tuple(name for name in repository.HELD if name not in _KEPT)


@dataclass
class Life:
    """A locked case as it becomes, event by event, and the clocks that run on it."""

    case: dict[str, Any]
    running: list[Any]
    before: str = ""
    """The status before the event in hand."""
    started: list[Mapping[str, Any]] = field(default_factory=list)
    stopped: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_finished(self) -> bool:
        return taxonomy().statuses[self.case["status"]].final

    def stop(self, at: datetime, *, only: str | None = None) -> None:
        """Halt the clocks that run, or those that run as `only`. That of a danger runs on until somebody has passed the danger on."""
        runs = {clock.clock_id: clocks.clock_policies()[clock.policy].runs for clock in self.running}
        halted = [clock for clock in self.running if runs[clock.clock_id] == only or (only is None and clock.policy != clocks.REDIRECT)]
        for clock in halted:
            state = MET if at <= clock.due_at else MISSED
            self.stopped.append({"clock_id": clock.clock_id, "state": state, "stopped_at": at, "next_at": None})
        self.running = [clock for clock in self.running if clock not in halted]
        if only is None:
            self.started = [clocks.met_at_once(row, at) for row in self.started]
        self._see_what_is_due()

    def start(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.started += rows
        self._see_what_is_due()

    def _see_what_is_due(self) -> None:
        ends = [clock.due_at for clock in self.running]
        self.case["next_due_at"] = min([*ends, *(row["due_at"] for row in self.started if row["state"] == RUNNING)], default=NEVER)

    def end(self, outcome: str, at: datetime) -> None:
        self.case |= {"outcome": outcome, "closed_at": at}
        self.stop(at)


Heard = Callable[[Life, Any, Envelope], list[Event]]
"""What an event makes of a case whose status has followed it already; returns what routing says because of it."""


def _message(life: Life, _event: MessageAdded, envelope: Envelope) -> list[Event]:
    life.case |= {"has_news": not life.is_finished, "fix_passed": False}
    life.stop(envelope.time, only="applicant")
    return []


def _withdrawn(life: Life, _event: AppealWithdrawn, envelope: Envelope) -> list[Event]:
    if life.case["status"] == WITHDRAWN and life.case["closed_at"] is None:
        life.end(WITHDRAWN, envelope.time)
    return []


def _confirmed(life: Life, event: OutcomeConfirmed, envelope: Envelope) -> list[Event]:
    is_meant = life.before == "ANSWERED" and life.case["answer_id"] == event.answer_id
    return _closed(life, envelope) if is_meant else []


def _denied(life: Life, event: OutcomeDenied, envelope: Envelope) -> list[Event]:
    if life.before != "ANSWERED":
        return []
    if event.followed_by is not None:
        return _closed(life, envelope)
    case, at = life.case, envelope.time
    start = clocks.Start(case["region"], at, at, asked_at=at)
    policies = clocks.running_as("denied")
    life.start(clocks.begin(case["appeal_id"], policies, start, lambda policy: derived(envelope.id, f"clock/{policy}")))
    case["has_news"] = True
    if case["tier"] == HIGHEST_TIER:
        return []
    tier = case["tier"] + 1
    case |= {"tier": tier, "assignee": None, "queue": queue_of(case["region"], tier, case["language"])}
    return [TierRaised(appeal_id=case["appeal_id"], tier=tier, queue=case["queue"], reason=NOT_SATISFIED)]


def _closed(life: Life, envelope: Envelope) -> list[Event]:
    """With the answer's own outcome."""
    outcome = life.case["answer_outcome"] or closure_gate()[life.case["kind"]].outcome
    life.case["status"] = status_after(life.case["status"], CaseClosed.FACT)
    life.end(outcome, envelope.time)
    return [CaseClosed(appeal_id=life.case["appeal_id"], outcome=outcome, actor_role=APPLICANT)]


def _rated(life: Life, event: AppealRated, _envelope: Envelope) -> list[Event]:
    life.case["score"] = event.score
    return []


HEARD: Final[Mapping[type[AppealEvent], Heard]] = {
    MessageAdded: _message,
    AppealWithdrawn: _withdrawn,
    OutcomeConfirmed: _confirmed,
    OutcomeDenied: _denied,
    AppealRated: _rated,
}


@InOrder
async def hear(session: AsyncSession, batch: Batch[Any]) -> None:
    """Take what applicants said and did. Raises UnknownAppeal for an appeal that has no case."""
    wanted = list({one.event.appeal_id: None for one in batch.received})
    held = await repository.lock_cases(session, wanted)
    if len(held) < len(wanted):
        raise UnknownAppeal
    running = await repository.clocks_running(session, wanted)
    lives = {appeal_id: Life(dict(row._mapping), running.get(appeal_id, [])) for appeal_id, row in held.items()}  # noqa: SLF001 - SQLAlchemy's name
    fresh = await repository.add_history(session, [_told(one.event, one.envelope) for one in batch.received])
    told: list[Mapping[str, Any]] = []
    touched: dict[UUID, Life] = {}
    for one in batch.received:
        if one.envelope.id in fresh:
            life = touched[one.event.appeal_id] = lives[one.event.appeal_id]
            told += _follow(session, life, one.event, one.envelope)
    await repository.add_history(session, told)
    await repository.add_clocks(session, [row for life in touched.values() for row in life.started])
    await repository.change_clocks(session, [row for life in touched.values() for row in life.stopped])
    await repository.change_cases(session, [{name: life.case[name] for name in _CHANGED} for life in touched.values()])


def _follow(session: AsyncSession, life: Life, event: Any, envelope: Envelope) -> list[Mapping[str, Any]]:
    case = life.case
    life.before, case["status"] = case["status"], status_after(case["status"], event.FACT)
    said = HEARD[type(event)](life, event, envelope)
    case["holder"] = holder_of(case["status"], case["tier"])
    case["version"] += not isinstance(event, AppealRated)  # a rating changes nothing that a clerk acts upon
    for fact in said:
        outbox.append(session, fact, cause=envelope)
    rows = [_told(fact, envelope, derived(envelope.id, fact.FACT)) for fact in said]
    if isinstance(event, AppealWithdrawn) and case["status"] != WITHDRAWN:  # what was decided first holds (АППК art. 64(9))
        rows.append(entry(case["appeal_id"], derived(envelope.id, LATE), envelope.time, LATE))
    return rows


def _told(event: Any, envelope: Envelope, source: UUID | None = None) -> Mapping[str, Any]:
    codes = {name: getattr(event, name) for name in ("tier", "reason", "outcome", "score") if hasattr(event, name)}
    return entry(event.appeal_id, source or envelope.id, envelope.time, event.FACT, actor_role=APPLICANT, **codes)

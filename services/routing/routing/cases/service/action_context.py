"""What an action on a case works with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from typing_extensions import Unpack

from routing.cases import repository
from routing.cases.schemas.rows import CaseFile, CaseRecord, HistoryCodes, HistoryRecord, HistoryRow
from routing.cases.schemas.staffing import queue_of
from routing.cases.service.history import entry
from routing.clocks import service as clocks
from routing.clocks.codes import ACTIVE, ClockCode
from routing.clocks.schemas import ClockChange, ClockRecord, ClockRow
from shared.auth import Principal
from shared.contracts import Event
from shared.domain.lifecycle import CaseStatus, holder_of
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ActionContext:
    """One action on one locked case. `before`: the status that the step leaves.

    An action changes the records of the file, and stores each of these changes but that of the case: `carry_out` does.
    """

    work: UnitOfWork
    file: CaseFile
    principal: Principal
    now: datetime
    before: CaseStatus
    entries: list[HistoryRow] = field(default_factory=list)
    """The new entries of the history."""

    @property
    def case(self) -> CaseRecord:
        """The locked case."""
        return self.file.case

    @property
    def role(self) -> str:
        """The role named in events and in the history."""
        return self.principal.role or ""

    @property
    def clock_start(self) -> clocks.ClockStart:
        """The start of a term that the action sets: now, in the region of the case."""
        return clocks.ClockStart(self.case.region, self.now, self.now, asked_at=self.now)

    def new_clock_id(self, _policy: str) -> UUID:
        """Return an id for a clock that the action starts."""
        return self.work.ids.new()

    def publish(self, event: Event, entry_type: str | None = None, **codes: Unpack[HistoryCodes]) -> None:
        """Publish the event and enter it into the history under the same id. `entry_type`: by default the event's own fact."""
        self._enter(self.work.publish(event), entry_type or event.FACT, codes)

    def enter(self, entry_type: str, **codes: Unpack[HistoryCodes]) -> None:
        """Enter into the history what concerns the desk alone, so that no event is published."""
        self._enter(self.work.ids.new(), entry_type, codes)

    def _enter(self, source: UUID, entry_type: str, codes: HistoryCodes) -> None:
        actor = self.principal.subject
        row = entry(self.case.appeal_id, source, self.now, entry_type, actor_role=self.role, actor=actor, **codes)
        self.entries.append(row)
        self.file.history.append(HistoryRecord(row["at"], row["type"], row["actor_role"], row["data"]))

    async def store(self) -> None:
        """Store the case as a new version, with the new entries of the history."""
        self.case.holder = holder_of(self.case.status, self.case.tier)
        self.case.version += 1
        await repository.change_cases(self.work.session, [self.case.change()], self.now)
        repository.add_history_later(self.work.session, self.entries)

    async def change_clocks(self, stopped: Sequence[ClockChange], started: Sequence[ClockRow] = ()) -> None:
        """Store stopped and started clocks. A case whose clock TRIAGE stops is sorted: it moves to the queue of its tier."""
        await clocks.change_clocks(self.work.session, stopped)
        await clocks.add_clocks(self.work.session, started)
        self.file.clocks += [ClockRecord(**row) for row in started]
        self.case.next_due_at = clocks.next_due(self.file.clocks)
        if self.case.unsorted and not any(clock.policy == ClockCode.TRIAGE and clock.state in ACTIVE for clock in self.file.clocks):
            self.case.unsorted = False
            self.case.queue = queue_of(self.case.region, self.case.tier, self.case.language, protected=self.case.protection is not None)

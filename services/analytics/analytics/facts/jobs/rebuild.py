"""Builds the facts again from the log, beside the live ones, and switches.

The live service goes on consuming and answering. The rebuild reads the log with the same consumer and handlers into a second set of
tables. When that has caught up, consumers wait for a moment: the second set consumes what the live one has consumed, and takes its place
together with its positions in the log. Killed at any moment, a rebuild goes on where it was when it is started again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from time import monotonic
from typing import Final

import structlog

from analytics.facts.jobs.rollups import refresh_rollups
from analytics.facts.jobs.second_set import GROUP, SecondSet
from analytics.facts.repository import sets
from shared.contracts import COMPACTED
from shared.database_errors import is_transient
from shared.messaging import inbox
from shared.messaging.consumer import Consumer
from shared.messaging.handling import Handlers
from shared.messaging.log import EventLog, Position
from shared.messaging.pace import Pace
from shared.service import RebuildRefused
from shared.telemetry import Metrics
from shared.unit_of_work import UnitsOfWork

BATCH: Final = 2_000  # events in a transaction
POLL_SECONDS: Final = 0.1
IDLE_SECONDS: Final = 2.0  # a compacted topic that moves no more has no further records, whatever its end
TRIES: Final = 20
RETRY_SECONDS: Final = 3.0
REMEMBERED: Final = timedelta(days=1)  # the relay repeats an event within minutes
NO_PAUSE: Final = Pace(gather=0.0, each=0.0, longest=0.05)

log = structlog.get_logger("rebuild")


class Stage(StrEnum):
    """The steps of a rebuild, in their order."""

    READING = "reading the log"
    INDEXING = "creating indexes"
    COUNTING = "counting rollups"
    COMPARING = "comparing"
    SWITCHING = "switching"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did."""

    differences: Sequence[sets.TableDifference]
    """Between the sets just before the switch; what changed in these seconds may be among them."""
    events: int
    seconds: float
    """Of reading the log."""
    locked_seconds: float
    """How long consumers waited."""
    resumed: bool


Report = Callable[[Stage, int, int], None]
"""Is told the stage, and of how many events or days how many are done."""


class Rebuild:
    """One rebuild. `leakage_seconds`: how soon a complaint after an answer counts as leakage."""

    def __init__(
        self, live: UnitsOfWork, event_log: EventLog, topics: Sequence[str], handlers: Handlers, package: str, leakage_seconds: int
    ) -> None:
        self._live = live
        self._log = event_log
        self._topics = topics
        self._handlers = handlers
        self._leakage_seconds = leakage_seconds
        self._second = SecondSet(live.database, package, clock=live.clock, ids=live.ids)

    async def run(self, report: Report) -> Rebuilt:
        """Rebuild and switch. Raises RebuildRefused if that is not possible, and LogError if the log cannot be read."""
        try:
            async with self._second.locked():
                return await self._run(report)
        finally:
            await self._second.database.close()

    async def _run(self, report: Report) -> Rebuilt:
        resumed = await self._second.prepare(self._log)
        units = self._live.over(self._second.database)
        consumer = Consumer(
            units,
            self._log,
            self._topics,
            self._handlers,
            {},
            metrics=Metrics(GROUP),
            pace=NO_PAUSE,
            batch=BATCH,
            unseen=sets.unapplied,
        )
        self._reading = asyncio.create_task(consumer.run())
        try:
            began, before = monotonic(), sum((await self._second.positions()).values())
            ends = await self._ends()
            await self._reach(ends, consumer, report)
            events, seconds = sum(ends.values()) - before, monotonic() - began
            report(Stage.INDEXING, 0, 1)
            await self._second.complete()
            report(Stage.COUNTING, 0, 1)
            await refresh_rollups(units, self._leakage_seconds)
            report(Stage.COMPARING, 0, 1)
            differences = await self._second.differences()
            report(Stage.SWITCHING, 0, 1)
            locked_seconds = await self._switch(units, consumer)
        finally:
            await self._stop_reading()
        await self._second.drop()
        return Rebuilt(differences, max(0, events), seconds, locked_seconds, resumed)

    async def _ends(self) -> Mapping[Position, int]:
        found = {topic: await self._log.end_offsets(topic) for topic in self._topics}
        return {(topic, partition): end for topic, ends in found.items() for partition, end in ends.items()}

    async def _reach(self, wanted: Mapping[Position, int], consumer: Consumer, report: Report | None = None) -> None:
        """Wait until the second set has consumed everything before these offsets."""
        moved_at, before = monotonic(), -1
        while True:
            if self._reading.done():
                self._reading.result()
                raise RebuildRefused("the log cannot be read any further")
            if consumer.breaker_open:
                raise RebuildRefused("too many events cannot be applied; the log of this process names them")
            positions = await self._second.positions()
            done = sum(min(positions.get(position, 0), end) for position, end in wanted.items())
            if report is not None:
                report(Stage.READING, done, sum(wanted.values()))
            if done != before:
                moved_at, before = monotonic(), done
            behind = {topic for (topic, partition), end in wanted.items() if positions.get((topic, partition), 0) < end}
            if not behind or (behind <= COMPACTED and monotonic() - moved_at > IDLE_SECONDS):
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _stop_reading(self) -> None:
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def _switch(self, units: UnitsOfWork, consumer: Consumer) -> float:
        """Switch, and return for how many seconds consumers waited. Whoever uses the tables is waited for between two tries."""
        for remaining in reversed(range(TRIES)):
            await self._reach(await self._ends(), consumer)
            await refresh_rollups(units, self._leakage_seconds)
            began, live = monotonic(), self._second.live_set
            try:
                async with live.locked() as positions:
                    await self._reach(positions, consumer)
                    await self._stop_reading()
                    await self._require_no_more_parked(units, await live.parked())
                    await self._second.database.close()  # no connection of its own uses the tables any more
                    of_compacted = {position: offset for position, offset in positions.items() if position[0] in COMPACTED}
                    await live.switch(of_compacted, self._live.clock.now() - REMEMBERED)
            except Exception as error:
                if not (is_transient(error) and remaining):
                    raise
                log.warning("the switch is tried again", reason=type(error).__name__)
            else:
                return monotonic() - began
            await asyncio.sleep(RETRY_SECONDS)
            if self._reading.done():
                self._reading = asyncio.create_task(consumer.run())
        raise RebuildRefused("the tables are in use")

    @staticmethod
    async def _require_no_more_parked(units: UnitsOfWork, live: frozenset[tuple[str, int, int]]) -> None:
        """Raise RebuildRefused if an event is parked in the second set that the live one has applied."""
        async with units.read() as work:
            more = await inbox.parked_positions(work.session) - live
        if more:
            raise RebuildRefused(f"{len(more)} events that were applied before cannot be applied now; the live figures stay as they are")

"""The live figures of the home page: requested by many, counted once in a few seconds."""

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Final

from analytics.dashboard.schemas import InTime, Live
from analytics.facts import service as facts
from analytics.kpis.service import percent
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitsOfWork

CACHED_FOR: Final = timedelta(seconds=5)
ANSWERED_WITHIN: Final = timedelta(days=30)
ONE_DAY: Final = timedelta(days=1)


class LiveFigures:
    """Caches its latest answer for five seconds. It reads snapshots of its own, one for all who ask meanwhile."""

    def __init__(self, units: UnitsOfWork, is_ready: Callable[[], bool]) -> None:
        """Args: `is_ready` returns whether events are being counted."""
        self._units = units
        self._is_ready = is_ready
        self._lock = asyncio.Lock()
        self._latest: tuple[datetime, Live] | None = None

    async def now(self) -> Live:
        """Return the present state, at most five seconds old."""
        async with self._lock:
            now = self._units.clock.now()
            if self._latest is None or not self._latest[0] <= now < self._latest[0] + CACHED_FOR:
                self._latest = (now, await self._count(now))
            return self._latest[1]

    async def _count(self, now: datetime) -> Live:
        zone = regions()[CENTRAL_OFFICE].timezone
        local = now.astimezone(zone)
        midnight = datetime.combine(local.date(), time(), zone)
        yesterday = datetime.combine(local.date() - ONE_DAY, time(), zone)
        # Regions differ by an hour, which shifts the local day of an appeal by at most one.
        days = (local.date() - 2 * ONE_DAY, local.date() + ONE_DAY)
        open_statuses = [code for code, status in taxonomy().statuses.items() if not status.final and code != CaseStatus.ANSWERED]
        async with self._units.read() as work:
            session = work.session
            today = await facts.received_between(session, days, midnight, now + timedelta(microseconds=1))
            before = await facts.received_between(session, days, yesterday, (local - ONE_DAY).astimezone(now.tzinfo))
            answered, in_time = await facts.answered_since(session, now - ANSWERED_WITHIN)
            in_progress, urgent = await facts.in_statuses(session, open_statuses)
            as_of = await facts.applied_until(session) or now
        share = percent(in_time, answered)
        return Live(
            ready=self._is_ready(),
            received_today=today,
            received_yesterday_by_now=before,
            answered_in_time_30d=InTime(value=None if share is None else float(share), n=answered),
            in_progress=in_progress,
            urgent_open=urgent,
            as_of=as_of,
        )

"""Counts rollups again whose facts have changed."""

from datetime import timedelta
from itertools import islice
from typing import Final

from analytics.facts import repository
from shared.unit_of_work import UnitsOfWork

DAYS_ON_SQLITE: Final = 4  # days of regions in one transaction, which holds up the event loop for as long as it takes
DAYS_ON_POSTGRES: Final = 200
REFRESH_EVERY: Final = timedelta(seconds=2)


async def refresh_rollups(units: UnitsOfWork, leakage_seconds: int) -> int:
    """Count every day again whose rollups are out of date now, a few in each transaction; return how many days were counted.

    A day that many events change meanwhile waits for the next refresh, so an import is not followed event by event.
    `leakage_seconds`: how soon a complaint after an answer counts as leakage.
    """
    at_once = DAYS_ON_SQLITE if units.database.is_sqlite else DAYS_ON_POSTGRES
    counted = 0
    while True:
        async with units.write(durable=False) as work:
            pending = await repository.days_to_recount(work.session, leakage_seconds)
        days = iter(pending.items())
        while some := dict(islice(days, at_once)):
            async with units.write(durable=False) as work:
                if not await repository.recount(work.session, leakage_seconds, some):
                    return counted
            counted += len(some)
        if sum(map(len, pending.values())) < repository.MOST_PENDING:
            return counted

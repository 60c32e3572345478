"""A process that claims a row and is killed: `python -m tests.shared.claiming <database> <before|after>` the commit of its claim."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, Integer, MetaData, String, Table, Uuid
from sqlmodel.sql.sqltypes import UTCDateTime

from shared.clock import FakeClock
from shared.database import Database
from shared.ids import RandomIds
from shared.leases import Lease, NamedLease, RowLeases

NOW = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
LENGTH = timedelta(seconds=60)

metadata = MetaData()
job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("due_at", UTCDateTime()),
    Column("attempts", Integer, nullable=False),
    Column("leased_by", Uuid),
    Column("leased_until", UTCDateTime()),
)
task_lease = Table(
    "task_lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("expires_at", UTCDateTime(), nullable=False),
)
jobs = RowLeases[int](job, due="due_at", attempts="attempts")


def named_lease(database: Database, clock: FakeClock, name: str = "send") -> NamedLease:
    """Return a lease as one process has it."""
    return NamedLease(database, task_lease, name, clock=clock, length=LENGTH)


async def claim_and_die(url: str, moment: str) -> None:
    """Acquire the lease `send`, claim a job, and kill the own process before or after the commit of the claim."""
    clock, ids = FakeClock(NOW), RandomIds()
    database = Database(url, service="routing", clock=clock, ids=ids)
    assert await named_lease(database, clock).acquire()
    async with database.write() as session:
        assert await jobs.claim(session, Lease(ids.new(), NOW + LENGTH), NOW, 1)
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(claim_and_die(*sys.argv[1:]))

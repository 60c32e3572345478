"""Leases: work that one process does at a time, until it completes the work or its lease ends.

There are two kinds:

- `NamedLease` elects a leader: one process at a time holds a name and renews its lease while it runs.
- `RowLeases` distributes work: workers claim rows that are due, and each row has one holder.

Both have the same parts. The *holder* is a random id that is stored with the lease, and the lease has an end on the caller's clock. A lease
that has ended is free for others. The holder is also a fencing token: everything that a holder writes carries the condition that it still
holds the lease. So a process that was suspended beyond the end of its lease changes nothing once another process has claimed it. If nobody
has, the late holder may still complete: the work is then done once, not twice.

The keys of `shared.idempotency` are claimed by an insert, because the claim must find out in one statement whether the request is new; work
in several steps (`shared.idempotency_steps`) then holds its key by the rules of this module.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Table, and_, delete, event, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.database import Database
from shared.rows import upsert

# A transaction by itself in one round trip; the setting is in force until its end.
_DELETING: Final = """
    WITH held AS (UPDATE {lease} SET expires_at = $4 WHERE name = $1 AND holder = $2 AND epoch = $3 RETURNING epoch),
    deleted AS (DELETE FROM {table} WHERE {key} = ANY ($5) AND EXISTS (SELECT FROM held))
    SELECT set_config('synchronous_commit', 'off', true) FROM held
"""

RENEWALS: Final = 3  # in the length of a lease: two may fail before it ends
NOBODY: Final = ""  # the holder of a named lease after a release
RELEASED: Final = {"leased_by": None, "leased_until": None}
"""The columns of a row after its holder has completed the work."""

Key = TypeVar("Key")


class LeaseLost(Exception):
    """Another process has claimed the lease."""


class Lease(NamedTuple):
    """A claim of rows: a new holder for each claim, and when the claim ends."""

    holder: UUID
    until: datetime


def has_ended(until: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Return the condition that a lease until this time has ended. NULL: there is no lease."""
    return or_(until.is_(None), until <= now)


@dataclass(frozen=True)
class RowLeases(Generic[Key]):
    """Leases on the rows of a table that has one key column, and the columns `leased_by` (UUID) and `leased_until`.

    A row can be claimed when its time in the column `due` has come and no lease on it lasts. Whoever completes a claimed row writes under
    the condition `is_held` and sets the columns of RELEASED.
    """

    table: Table
    due: str
    attempts: str | None = None
    """The column that counts the claims."""

    def is_free(self, now: datetime) -> ColumnElement[bool]:
        """Return the condition that nobody holds the row."""
        return has_ended(self.table.c.leased_until, now)

    def is_claimable(self, now: datetime) -> ColumnElement[bool]:
        """Return the condition that the row is due and nobody holds it."""
        return and_(self.table.c[self.due] <= now, self.is_free(now))

    def is_held(self, holder: UUID | None) -> ColumnElement[bool]:
        """Return the condition that `holder` was the last to claim the row. None: the row is not claimed."""
        return self.table.c.leased_by.is_(None) if holder is None else self.table.c.leased_by == holder

    async def claim(
        self, session: AsyncSession, lease: Lease, now: datetime, limit: int, *, where: ColumnElement[bool] | None = None
    ) -> Sequence[Key]:
        """Claim up to `limit` rows that are due, longest due first, and return their keys in no order.

        `where` narrows the rows. Rows that another transaction has locked are skipped. One statement.
        """
        (key,) = self.table.primary_key.columns
        found = select(key).where(true() if where is None else where, self.is_claimable(now)).order_by(self.table.c[self.due], key)
        # A CTE that locks is evaluated once; PostgreSQL may evaluate a subquery again and then locks more than `limit` rows.
        claimable = found.limit(limit).with_for_update(skip_locked=True, of=self.table).cte("claimable")
        claiming = update(self.table).where(key.in_(select(claimable.c[key.name])))
        claiming = claiming.values(leased_by=lease.holder, leased_until=lease.until)
        if self.attempts is not None:
            claiming = claiming.values({self.attempts: self.table.c[self.attempts] + 1})
        keys: Sequence[Key] = (await session.execute(claiming.returning(key))).scalars().all()
        return keys


class _LeaseRow(NamedTuple):
    """The row of a named lease. The epoch counts how often the lease was acquired."""

    holder: str
    epoch: int
    expires_at: datetime


class NamedLease:
    """The lease of a name, which this process may hold. The table has the columns `name` (the key), `holder`, `epoch` and `expires_at`.

    The clocks of two hosts are never compared: a process acquires a lease that it has itself seen unrenewed for its whole length. Processes
    whose clocks differ therefore agree, and a new process waits for one length after a leader was killed.
    """

    def __init__(self, database: Database, table: Table, name: str, *, clock: Clock, length: timedelta) -> None:
        self.name = name
        self._database = database
        self._table = table
        self._clock = clock
        self._length = length
        self._holder = str(uuid4())
        self._epoch: int | None = None  # None: this process does not hold the lease, as far as it knows
        self._renewed_at = self._seen_since = clock.now()
        self._seen: _LeaseRow | None = None

    @property
    def left(self) -> timedelta:
        """How much of the lease is left since its last renewal. Only for a holder."""
        return self._renewed_at + self._length - self._clock.now()

    @property
    def needs_renewal(self) -> bool:
        """Whether it is time for one of the RENEWALS."""
        return self.left <= self._length - self._length / RENEWALS

    async def acquire(self) -> bool:
        """Acquire the lease if it is free. Return whether this process holds it, as far as it knows; `renew` makes sure.

        For a holder this runs no statement.
        """
        if self._epoch is not None:
            return True
        now = self._clock.now()
        seen = await self._read(now)
        if seen != self._seen:
            self._seen, self._seen_since = seen, now
        if seen.holder != NOBODY and now - self._seen_since < self._length:
            return False
        taken = {"holder": self._holder, "epoch": seen.epoch + 1, "expires_at": now + self._length}
        columns = self._table.c
        unchanged = and_(columns.holder == seen.holder, columns.epoch == seen.epoch, columns.expires_at == seen.expires_at)
        async with self._database.write() as session:
            claim = upsert(session, self._table).values(name=self.name, **taken)
            claim = claim.on_conflict_do_update(index_elements=["name"], set_=taken, where=unchanged)
            is_acquired = (await session.execute(claim.returning(columns.epoch))).one_or_none() is not None
        if is_acquired:
            self._epoch, self._renewed_at = seen.epoch + 1, now
        return is_acquired

    async def hold(self, at_least: timedelta) -> bool:
        """Acquire the lease, or renew it if less than `at_least` of it is left. Return whether this process holds it."""
        if not await self.acquire():
            return False
        if self.left < at_least:
            try:
                async with self._database.write(durable=False) as session:
                    await self.renew(session)
            except LeaseLost:
                return False
        return True

    async def renew(self, session: AsyncSession) -> None:
        """Renew the lease in the holder's transaction, which is then committed only if this process holds the lease.

        Raises LeaseLost if another process has acquired it.
        """
        now = self._clock.now()
        await self._change(session, holder=self._holder, expires_at=now + self._length)
        # Only a COMMIT renews the lease: after a failed one the holder must not count on more time than the database knows of.
        event.listen(session.sync_session, "after_commit", lambda _: self._note_renewal(now), once=True)

    async def delete(self, table: Table, keys: Sequence[Any]) -> None:
        """Delete rows of a table with one key column and renew the lease, if this process holds it, in one transaction that is not durable.

        Raises LeaseLost if another process has acquired the lease: then nothing is deleted.
        """
        (key,) = table.primary_key.columns
        if self._database.polling is None:
            async with self._database.write(durable=False) as session:
                await self.renew(session)
                await session.execute(delete(table).where(key.in_(keys)))
            return
        now = self._clock.now()
        statement = _DELETING.format(lease=self._table.name, table=table.name, key=key.name)
        held = await self._database.polling.fetch(statement, self.name, self._holder, self._epoch, now + self._length, list(keys))
        if not held:
            self._epoch = None
            raise LeaseLost
        self._note_renewal(now)

    def _note_renewal(self, at: datetime) -> None:
        self._renewed_at = at

    async def release(self) -> None:
        """Release the lease, so that the next holder can start at once. Does nothing if this process does not hold it."""
        if self._epoch is None:
            return
        try:
            async with self._database.write(durable=False) as session:
                await self._change(session, holder=NOBODY, expires_at=self._clock.now())
        except LeaseLost:
            return
        self._epoch = None

    async def _read(self, now: datetime) -> _LeaseRow:
        columns = self._table.c
        query = select(columns.holder, columns.epoch, columns.expires_at).where(columns.name == self.name)
        found = await self._database.fetch_all(query)
        return _LeaseRow._make(found[0]) if found else _LeaseRow(NOBODY, 0, now)

    async def _change(self, session: AsyncSession, *, holder: str, expires_at: datetime) -> None:
        columns = self._table.c
        held = and_(columns.name == self.name, columns.holder == self._holder, columns.epoch == self._epoch)
        changing = update(self._table).where(held).values(holder=holder, expires_at=expires_at).returning(columns.epoch)
        if (await session.execute(changing)).one_or_none() is None:
            self._epoch = None
            raise LeaseLost

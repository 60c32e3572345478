"""The unit of work: one transaction, and what a use case needs in it.

Four boundaries open units of work and commit them: the request dependencies (`shared.dependencies`), the consumer, the jobs and the bot
worker. A use case receives a unit of work and never opens or commits a transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.contracts import Event
from shared.database import Database
from shared.errors import DomainError
from shared.ids import Ids
from shared.messaging import outbox
from shared.messaging.envelope import Envelope
from shared.sealing import Pepper, Sealer


class NoAuditLog(RuntimeError):
    """The service has no table for its audit log: `Service.audit` names it."""


class NestedUnitOfWork(RuntimeError):
    """A task opened a unit of work while its own was open. On SQLite it would wait for itself, on PostgreSQL for a second connection."""


@dataclass(frozen=True, slots=True)
class AuditLog:
    """The audit log of content reads: who read whose content, on whose behalf and for what purpose."""

    session: AsyncSession
    table: Table | None
    clock: Clock
    ids: Ids

    async def record(
        self,
        *,
        reader: str,
        purpose: str,
        ids: Sequence[UUID | str],
        on_behalf_of: str | None = None,
        about: bytes | None = None,
        appeal_id: UUID | None = None,
        role: str | None = None,
    ) -> None:
        """Insert one entry for a read of the contents `ids`; it is kept if the transaction is.

        In services whose table has the column: `about`, the keyed hash of the person whose record another register was asked for;
        `appeal_id` and `role`, the appeal that a person read and that person's role, which its applicant may see.

        Raises NoAuditLog.
        """
        if self.table is None:
            raise NoAuditLog
        (key,) = self.table.primary_key.columns
        entry: dict[str, Any] = {
            key.name: self.ids.new(),
            "at": self.clock.now(),
            "reader": reader,
            "on_behalf_of": on_behalf_of,
            "purpose": purpose,
            "ids": [str(content_id) for content_id in ids],
        }
        entry |= {name: value for name, value in (("about", about), ("appeal_id", appeal_id), ("role", role)) if value is not None}
        await self.session.execute(insert(self.table), [entry])


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One transaction and its tools. In a snapshot (`UnitsOfWork.read`) nothing can be written or published."""

    session: AsyncSession
    clock: Clock
    ids: Ids
    sealer: Sealer
    pepper: Pepper
    audit: AuditLog

    def publish(self, event: Event, *, cause: Envelope | None = None, event_id: UUID | None = None) -> UUID:
        """Write the event to the outbox, so that it is published if the transaction commits; return its id.

        Lock the aggregate before publishing: the events of one appeal keep their order. `cause` is the event being handled: the new id
        then follows from it, and a batch that is applied again repeats the id. Without a cause the id is new, or `event_id`.

        Raises PermissionError for an event of another service, RuntimeError in a snapshot.
        """
        return outbox.append(self.session, event, cause=cause, event_id=event_id)


class UnitsOfWork:
    """Opens the units of work of one service; a process has one."""

    def __init__(self, database: Database, *, clock: Clock, ids: Ids, sealer: Sealer, pepper: Pepper, audit: Table | None = None) -> None:
        self.database = database
        self.clock = clock
        self.ids = ids
        self._sealer = sealer
        self._pepper = pepper
        self._audit = audit
        self._writing: set[asyncio.Task[Any] | None] = set()

    def over(self, database: Database) -> "UnitsOfWork":
        """Return the units of work of the same service over another database."""
        return UnitsOfWork(database, clock=self.clock, ids=self.ids, sealer=self._sealer, pepper=self._pepper, audit=self._audit)

    @asynccontextmanager
    async def write(self, *, durable: bool = True) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed when the block ends without an error, together with the events published in it.

        A refusal whose class says `keeps_changes` is raised after the commit; any other error rolls back.
        `durable` and the errors of COMMIT are those of `Database.write`. Raises NestedUnitOfWork inside another block of the same task.
        """
        task = asyncio.current_task()
        if task in self._writing:
            raise NestedUnitOfWork
        refusal: DomainError | None = None
        self._writing.add(task)
        try:
            async with self.database.write(durable=durable) as session:
                try:
                    yield self.around(session)
                except DomainError as error:
                    if not error.keeps_changes:
                        raise
                    refusal = error
        finally:
            self._writing.discard(task)
        if refusal is not None:
            raise refusal

    @asynccontextmanager
    async def read(self) -> AsyncIterator[UnitOfWork]:
        """A snapshot: what is read stays as it was, nothing can be written or published."""
        async with self.database.read() as session:
            yield self.around(session)

    def around(self, session: AsyncSession) -> UnitOfWork:
        """Return a unit of work in the open transaction of a boundary with a code path of its own, such as the consumer."""
        audit = AuditLog(session, self._audit, self.clock, self.ids)
        return UnitOfWork(session, self.clock, self.ids, self._sealer, self._pepper, audit)

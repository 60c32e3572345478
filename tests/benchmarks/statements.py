"""Single statements of the hot paths, repeated in one transaction on routing's tables."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from routing.app import SERVICE
from routing.cases.models import History
from shared import idempotency
from shared.contracts import APPEALS, AppealRouted
from shared.fast import bulk
from shared.fast.bulk import insert_later, insert_waiting
from shared.messaging import inbox
from shared.messaging.tables import consumer_offset, outbox
from shared.messaging.tables import idempotency as stored_answers
from shared.service import Foundation, build_parts
from shared.settings import ServiceSettings
from tests.benchmarks.paths import NOW, migrate

Operation = Callable[[AsyncSession], Awaitable[Any]]
EVENTS = 500  # of a full batch
ROWS = 16  # appeals of a group, 32 callers
BATCH = 20  # events of a batch at 100 appeals a second
PARTITIONS = [(APPEALS, number) for number in range(12)]
TOPIC_IDS = {APPEALS: "benchmark"}


class Repeating:
    """One statement, repeated."""

    def __init__(self, database: Any, operation: Operation) -> None:
        self._database = database
        self._operation = operation
        self._count = 0

    def prepare(self, count: int) -> None:
        self._count = count

    async def run(self) -> None:
        async with self._database.write() as session:
            for _ in range(self._count):
                await self._operation(session)


@asynccontextmanager
async def repeating(settings: ServiceSettings, operation: Operation) -> AsyncIterator[Repeating]:
    """Run an operation over a new database."""
    foundation = Foundation.build(settings)
    await migrate(SERVICE, settings, foundation)
    parts = build_parts(SERVICE, settings, foundation)
    yield Repeating(parts.database, operation)
    await parts.database.close()


async def insert_events(session: AsyncSession) -> None:
    await bulk.insert_rows(session, outbox, _events(EVENTS))


async def insert_appeals(session: AsyncSession) -> None:
    insert_later(session, outbox, _events(ROWS))
    insert_later(session, stored_answers, [_key() for _ in range(ROWS)])
    history = {"appeal_id": uuid4(), "at": NOW, "type": "appeal-routed", "actor_role": "service", "actor": None, "data": {"tier": 1}}
    insert_later(session, History, [{**history, "source": uuid4()} for _ in range(ROWS)])
    await insert_waiting(session)


async def claim_keys(session: AsyncSession) -> None:
    new = [_key() for _ in range(ROWS)]
    await idempotency.insert_new_rows(session, stored_answers, new, unique=("scope", "key"), returning=("scope", "key"))


async def mark_applied(session: AsyncSession) -> None:
    await inbox.unseen(session, [uuid4() for _ in range(BATCH)], NOW)


async def move_positions(session: AsyncSession) -> None:
    await inbox.move_offsets(session, dict.fromkeys(PARTITIONS, 7), TOPIC_IDS)


async def read_positions(session: AsyncSession) -> None:
    await inbox.locked_offsets(session, PARTITIONS, TOPIC_IDS)
    await inbox.parked_keys(session)


async def read_row(session: AsyncSession) -> None:
    await session.execute(select(consumer_offset).where(consumer_offset.c.topic == APPEALS, consumer_offset.c.partition == 1))


def _events(count: int) -> list[Mapping[str, object]]:
    event = {"topic": APPEALS, "type": AppealRouted.TYPE, "time": NOW, "causation_id": None, "traceparent": None, "value": b"0" * 600}
    return [{"event_id": uuid4(), "key": str(uuid4()), "correlation_id": uuid4(), **event} for _ in range(count)]


def _key() -> Mapping[str, object]:
    return {"scope": "benchmark", "key": str(uuid4()), "fingerprint": b"0" * 32, "status": 201, "body": b"0" * 1000, "stored_at": NOW}

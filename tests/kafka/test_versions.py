"""Producers and consumers of two versions on one log: nothing is lost during an update, in either order."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest

from shared.contracts import APPEALS, REGISTRY, TOPICS, CaseClaimed, CaseClosed, event
from shared.contracts.event import UPCASTERS, AppealEvent, upcaster
from shared.database import Database
from shared.ids import RandomIds
from shared.messaging import tables
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Envelope
from tests.desk import Desk, metadata

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)


@contextmanager
def _scratch() -> Iterator[None]:
    with patch.dict(event.REGISTRY), patch.dict(event.UPCASTERS):
        yield


with _scratch():
    event.REGISTRY.clear()

    class ClaimedWithDesk(AppealEvent, service="routing", fact="case-claimed"):
        """The same version with a field more: an additive change."""

        actor_role: str
        desk: int | None = None

    class ClaimedBy(AppealEvent, service="routing", fact="case-claimed", version=2):
        """The next version: what was a role has another name."""

        role: str

    @upcaster(CaseClaimed, ClaimedBy)
    def by(old: CaseClaimed) -> ClaimedBy:
        return ClaimedBy(appeal_id=old.appeal_id, role=old.actor_role)

    BY = dict(UPCASTERS)


class Knowing(Consumer):
    """A consumer of another build: it knows other versions than this one's process does."""

    types: Iterable[type[event.Event]] = ()
    upcasters: dict = {}  # noqa: RUF012 - set once for each build

    def _readable(self, records):
        known = REGISTRY | {one.TYPE: one for one in self.types}
        with patch.dict(REGISTRY, known, clear=True), patch.dict(UPCASTERS, self.upcasters, clear=True):
            return super()._readable(records)


class Additive(Knowing):
    types = (ClaimedWithDesk,)


class Breaking(Knowing):
    types = (ClaimedBy,)
    upcasters = BY


def published(event_type: str, appeal_id: UUID, body: str) -> Envelope:
    value = f'{{"appeal_id": "{appeal_id}", {body}}}'.encode()
    return Envelope(uuid4(), event_type, datetime.now(UTC), str(appeal_id), uuid4(), None, None, value)


def mixed(appeals: list[UUID], old: tuple[str, str], new: tuple[str, str]) -> list[Envelope]:
    """Each appeal claimed by a writer of the one build or the other, then closed."""
    claims = [published(*_of(appeal_id, new if number % 2 else old)) for number, appeal_id in enumerate(appeals)]
    closings = [published(CaseClosed.TYPE, appeal_id, '"outcome": "EXPLAINED", "actor_role": "specialist"') for appeal_id in appeals]
    return [*claims, *closings]


def _of(appeal_id: UUID, version: tuple[str, str]) -> tuple[str, UUID, str]:
    return version[0], appeal_id, version[1]


@pytest.fixture
async def other_desk(engine, tmp_path, log, clock):
    """A desk of another service, with a database and a group of its own."""
    database = Database(engine.url(tmp_path, "shared_two"), service="analytics", clock=clock, ids=RandomIds())
    await engine.create(database, tables.metadata, metadata)
    yield Desk(database, log, clock)
    await database.close()


def reader(kind: type[Consumer], desk: Desk, claim: type[AppealEvent]) -> Consumer:
    handlers = {claim: desk.handlers[CaseClaimed], CaseClosed: desk.handlers[CaseClosed]}
    return kind(desk.units, desk.log, TOPICS, handlers, {}, metrics=desk.metrics)


V1 = (CaseClaimed.TYPE, '"actor_role": "specialist"')


class TestAdditiveChange:
    async def test_old_and_new_readers_receive_all_events_of_both_writers(self, desk, other_desk, log, running, eventually):
        appeals = [uuid4() for _ in range(30)]
        await log.append(APPEALS, mixed(appeals, V1, (CaseClaimed.TYPE, '"actor_role": "specialist", "desk": 7')))
        old, new = desk.another_consumer(), reader(Additive, other_desk, ClaimedWithDesk)
        async with running(old.run), running(new.run):
            for each in (desk, other_desk):
                await eventually(lambda each=each: _has(each, 60))
        for each in (desk, other_desk):
            for appeal_id in appeals:
                assert await each.consumed(appeal_id) == ["case-claimed", "case-closed"]


class TestBreakingChange:
    async def test_a_new_reader_hears_the_old_version_in_the_new_ones_words(self, desk, log, running, eventually):
        appeals = [uuid4() for _ in range(30)]
        await log.append(APPEALS, mixed(appeals, V1, (ClaimedBy.TYPE, '"role": "specialist"')))
        async with running(reader(Breaking, desk, ClaimedBy).run):
            await eventually(lambda: _has(desk, 60))
        assert await desk.count(tables.dead_letter) == 0

    async def test_an_old_reader_keeps_what_it_cannot_read_until_it_is_updated(self, desk, log, running, eventually):
        appeals = [uuid4() for _ in range(20)]
        await log.append(APPEALS, mixed(appeals, V1, (ClaimedBy.TYPE, '"role": "specialist"')))
        async with running(desk.another_consumer().run):
            await eventually(lambda: _has(desk, 20))
        assert await desk.count(tables.dead_letter) == 20  # ten claims, and the closings behind them
        updated = reader(Breaking, desk, ClaimedBy)
        assert await updated.replay() == 20
        for appeal_id in appeals:
            assert await desk.consumed(appeal_id) == ["case-claimed", "case-closed"]


async def _has(desk: Desk, number: int) -> bool:
    await asyncio.sleep(0)
    return len(await desk.consumed()) == number

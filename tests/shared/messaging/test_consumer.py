import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from prometheus_client import generate_latest
from sqlalchemy import insert, select, text, update

from shared.contracts import APPEALS, CaseClaimed, CaseClosed, TierRaised
from shared.messaging import consumer, inbox, outbox, tables
from shared.messaging.consumer import FLOOD, FLOOD_WINDOW, Consumer
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.envelope import Envelope, read_envelope
from shared.messaging.handling import InOrder, Received, waves
from shared.messaging.log import Fetched, LogReplaced, Record
from tests.desk import metadata
from tests.patience import PATIENCE


def claimed(appeal_id: UUID) -> CaseClaimed:
    return CaseClaimed(appeal_id=appeal_id, actor_role="specialist")


def closed(appeal_id: UUID) -> CaseClosed:
    return CaseClosed(appeal_id=appeal_id, outcome="EXPLAINED", actor_role="specialist")


def raised(appeal_id: UUID) -> TierRaised:
    return TierRaised(appeal_id=appeal_id, tier=3, queue="KZ-43/3/kk", reason="QUALITY")


class TestApply:
    async def test_what_one_service_emits_another_hears_in_order(self, desk, running, eventually, appeal_id):
        await desk.emit(claimed(appeal_id), closed(appeal_id))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _has(desk, 2))
        assert await desk.consumed(appeal_id) == ["case-claimed", "case-closed"]

    async def test_an_event_sent_twice_is_applied_once(self, desk, log, running, eventually, appeal_id):
        await desk.emit(claimed(appeal_id))
        await desk.relay_all()
        await _force_copy(log)
        await desk.emit(closed(appeal_id))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _has(desk, 2))
        assert await desk.consumed(appeal_id) == ["case-claimed", "case-closed"]

    async def test_after_a_restart_it_goes_on_where_it_stopped(self, desk, running, eventually, appeal_id):
        await desk.emit(claimed(appeal_id))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _has(desk, 1))
        async with desk.database.write() as session:
            await session.execute(tables.inbox.delete())  # so that only the stored position keeps the first event out
        await desk.emit(closed(appeal_id))
        await desk.relay_all()
        async with running(desk.another_consumer().run):
            await eventually(lambda: _has(desk, 2))
        assert await desk.consumed() == ["case-claimed", "case-closed"]

    async def test_a_passing_trouble_is_waited_out_and_nothing_is_parked(self, desk, running, eventually, appeal_id):
        desk.down = True
        await desk.emit(claimed(appeal_id))
        await desk.relay_all()

        async def has_waited() -> bool:
            return b"aryz_batch_waits_total" in _metrics(desk) and b'error="ConnectionError"' in _metrics(desk)

        async with running(desk.consumer.run):
            await eventually(has_waited)
            desk.down = False
            await eventually(lambda: _has(desk, 1))
        assert await desk.count(tables.dead_letter) == 0

    async def test_a_replaced_log_stops_the_reader_and_says_what_to_do(self, desk, running, eventually, appeal_id):
        await desk.emit(claimed(appeal_id))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _has(desk, 1))
        async with desk.database.write() as session:
            await session.execute(update(tables.consumer_offset).values(topic_id="another"))
        with pytest.raises(LogReplaced, match="restore"):
            await desk.another_consumer().run()


class TestRun:
    async def test_a_consumer_with_a_lag_pauses_only_when_it_has_no_fetched_batch_left(self, desk, monkeypatch):
        """A batch is not full either while the next request is on its way."""
        monkeypatch.setattr(consumer, "BATCH", 4)
        rested: list[int] = []
        log = Scripted([4, 3, 4, 2, 1, 2])
        pace = SimpleNamespace(rest=lambda events, _took: rested.append(events) or 0)
        reader = Consumer(desk.units, log, [APPEALS], {}, {}, metrics=desk.metrics, pace=pace)
        reading = asyncio.create_task(reader.run())
        await asyncio.wait_for(log.is_through.wait(), PATIENCE)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert rested == [1, 2]
        async with desk.database.read() as session:
            assert [row.next_offset for row in await inbox.stored_offsets(session)] == [16]

    async def test_a_replaced_log_found_while_prefetching_stores_no_position_of_the_current_batch(self, desk, monkeypatch):
        """Or a restart would take the new log for the one that was read, and pass over its first records."""
        monkeypatch.setattr(consumer, "BATCH", 4)
        log = Replaced([1, 4])
        with pytest.raises(LogReplaced, match="restore"):
            await asyncio.wait_for(Consumer(desk.units, log, [APPEALS], {}, {}, metrics=desk.metrics).run(), PATIENCE)
        async with desk.database.read() as session:
            assert [(row.next_offset, row.topic_id) for row in await inbox.stored_offsets(session)] == [(5, "a")]


class Scripted:
    """A log that gives batches of these sizes, of records that concern nobody."""

    def __init__(self, sizes: list[int]) -> None:
        self._sizes, self._offset = sizes, 0
        self.is_through = asyncio.Event()

    def consumer(self, _group, _topics):
        return self

    async def start(self, positions) -> None:
        await positions.load({APPEALS: "a"})

    async def fetch(self, _limit) -> Fetched:
        if not self._sizes:
            self.is_through.set()
            await asyncio.Event().wait()
        first, self._offset = self._offset, self._offset + self._sizes.pop(0)
        kind = (("ce_type", b"kz.aryz.archive.page-turned.v1"),)
        return Fetched([Record(APPEALS, 0, offset, "key", kind, b"") for offset in range(first, self._offset)], 0)

    @asynccontextmanager
    async def hold(self, _fetched):
        yield

    async def applied(self, _positions) -> None: ...

    async def stop(self) -> None: ...


class Replaced(Scripted):
    """Then it is made anew, which a look for its partitions' places finds while a full batch waits to be applied."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__(sizes)
        self._looked = asyncio.Event()

    async def start(self, positions) -> None:
        await super().start(positions)
        self._positions = positions

    async def fetch(self, limit) -> Fetched:
        if not self._sizes:
            try:
                await self._positions.load({APPEALS: "another"})
            finally:
                self._looked.set()
        return await super().fetch(limit)

    @asynccontextmanager
    async def hold(self, fetched):
        if len(fetched.records) == consumer.BATCH:
            await self._looked.wait()
        yield


class TestPoison:
    async def test_a_failing_event_is_parked_with_what_follows_of_the_same_appeal_and_the_rest_flows(self, desk, running, eventually):
        sick, well = uuid4(), uuid4()
        desk.broken.add(sick)
        await desk.emit(claimed(sick), claimed(well), closed(sick), closed(well))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _has(desk, 2))
            await eventually(lambda: _parked(desk, 2))
        assert await desk.consumed(well) == ["case-claimed", "case-closed"]
        assert await desk.consumed(sick) == []

    async def test_after_the_mend_a_replay_brings_the_same_state_as_if_it_had_never_failed(self, desk, running, eventually):
        sick = uuid4()
        desk.broken.add(sick)
        await desk.emit(claimed(sick))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _parked(desk, 1))
            await desk.emit(closed(sick))
            await desk.relay_all()
            await eventually(lambda: _parked(desk, 2))
            desk.broken.clear()
            assert await desk.consumer.replay() == 2
            assert await desk.consumed(sick) == ["case-claimed", "case-closed"]
            await desk.emit(claimed(sick))
            await desk.relay_all()
            await eventually(lambda: _has(desk, 3))
        assert await desk.count(tables.dead_letter) == 0

    async def test_a_replay_before_the_mend_changes_nothing(self, desk, running, eventually):
        sick = uuid4()
        desk.broken.add(sick)
        await desk.emit(claimed(sick), closed(sick))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _parked(desk, 2))
        assert await desk.another_consumer().replay() == 0
        assert await desk.count(tables.dead_letter) == 2

    @pytest.mark.parametrize("fault", ["value", "statement"])
    async def test_what_no_database_carries_out_is_parked_and_not_tried_for_ever(self, desk, running, eventually, appeal_id, fault):
        seen = metadata.tables["seen"]
        refused = text("SELECT no_such_column FROM seen") if desk.database.is_sqlite else select(seen).where(seen.c.id.in_(range(40_000)))

        async def fails(session, _batch):
            if fault == "value":
                await session.execute(insert(seen), [{"id": 2**70, "appeal_id": appeal_id, "fact": "case-claimed"}])
            await session.execute(refused)

        desk.handlers = {CaseClaimed: fails}
        await desk.emit(claimed(appeal_id))
        await desk.relay_all()
        async with running(desk.another_consumer().run):
            await eventually(lambda: _parked(desk, 1))
        assert b"aryz_batch_waits_total{" not in _metrics(desk)

    async def test_a_record_that_is_no_event_is_parked(self, desk, log, running, eventually, appeal_id):
        await log.append(APPEALS, [_spoilt(claimed(appeal_id), value=b'{"appeal_id": 7}')])
        await log.append(APPEALS, [_spoilt(claimed(appeal_id), type="kz.aryz.routing.case-claimed.v1", value=b"not json")])
        async with running(desk.consumer.run):
            await eventually(lambda: _parked(desk, 2))

    async def test_an_unknown_type_is_counted_and_passed_over(self, desk, log, running, eventually, appeal_id):
        await log.append(APPEALS, [_spoilt(claimed(appeal_id), type="kz.aryz.routing.case-praised.v1", value=b"{}")])
        await desk.emit(closed(appeal_id))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _has(desk, 1))
        assert b"aryz_unknown_events_total 1.0" in _metrics(desk)

    async def test_a_later_version_of_what_we_handle_is_parked_and_not_lost(self, desk, log, running, eventually, appeal_id):
        await log.append(APPEALS, [_spoilt(claimed(appeal_id), type="kz.aryz.routing.case-claimed.v9", value=b"{}")])
        await desk.emit(closed(appeal_id))
        await desk.relay_all()
        async with running(desk.consumer.run):
            await eventually(lambda: _parked(desk, 2))
        assert await desk.consumed() == []

    async def test_a_flood_trips_the_breaker_instead_of_draining_the_topic(self, desk, running, eventually):
        appeals = [uuid4() for _ in range(FLOOD + 5)]
        desk.broken.update(appeals)
        await desk.emit(*(claimed(one) for one in appeals))
        await desk.relay_all()

        async def is_open() -> bool:
            return desk.consumer.breaker_open

        async with running(desk.consumer.run):
            await eventually(is_open)
            assert await desk.count(tables.dead_letter) == FLOOD
            desk.clock.advance(FLOOD_WINDOW * 2)
            await asyncio.sleep(0.3)  # the batch is tried again meanwhile, and nothing more is parked
            assert await desk.count(tables.dead_letter) == FLOOD
            desk.broken.clear()

            async def is_mended() -> bool:
                return not desk.consumer.breaker_open and len(await desk.consumed()) == 5

            await eventually(is_mended)


class TestWaves:
    def test_the_order_under_every_key_is_kept_and_no_key_stands_twice_in_a_group(self):
        one, two = uuid4(), uuid4()
        events = [claimed(one), claimed(two), closed(one), claimed(one), closed(two)]
        assert _cut(events, {CaseClaimed: _handler, CaseClosed: _handler}) == [
            (_handler, [("case-claimed", one), ("case-claimed", two)]),
            (_handler, [("case-closed", one), ("case-closed", two)]),
            (_handler, [("case-claimed", one)]),
        ]

    def test_a_handler_of_lives_gets_all_its_types_at_once_in_the_order_of_the_log(self):
        one, two = uuid4(), uuid4()
        events = [claimed(one), closed(two), closed(one), claimed(one)]
        life = InOrder(_handler)
        assert _cut(events, {CaseClaimed: life, CaseClosed: life}) == [
            (life, [("case-claimed", one), ("case-closed", two), ("case-closed", one), ("case-claimed", one)])
        ]

    def test_what_another_handler_must_have_done_before_parts_a_life(self):
        one, two = uuid4(), uuid4()
        events = [claimed(one), raised(one), closed(one), claimed(two), closed(two), raised(two)]
        life = InOrder(_handler)
        assert _cut(events, {CaseClaimed: life, CaseClosed: life, TierRaised: _handler}) == [
            (life, [("case-claimed", one), ("case-claimed", two), ("case-closed", two)]),
            (_handler, [("tier-raised", one), ("tier-raised", two)]),
            (life, [("case-closed", one)]),
        ]


class TestOutbox:
    async def test_a_service_cannot_speak_for_another(self, desk, appeal_id):
        desk.database.service = "intake"
        with pytest.raises(PermissionError, match="routing"):
            await desk.emit(claimed(appeal_id))
        assert await desk.count(tables.outbox) == 0

    async def test_work_done_again_repeats_its_ids(self, desk, appeal_id):
        cause = _spoilt(claimed(appeal_id))
        ids = []
        for _ in range(2):
            async with desk.database.write() as session:
                ids.append([outbox.append(session, closed(appeal_id), cause=cause) for _ in range(2)])
                await session.execute(insert(tables.inbox), {"event_id": uuid4(), "applied_at": desk.clock.now()})
                session.info["outbox"].rows.clear()
        assert ids[0] == ids[1]
        assert ids[0][0] != ids[0][1]

    async def test_an_error_leaves_neither_state_nor_event(self, desk, appeal_id):
        with pytest.raises(ZeroDivisionError):
            async with desk.database.write() as session:
                outbox.append(session, claimed(appeal_id))
                _ = 1 / 0
        assert await desk.count(tables.outbox) == 0


async def _has(desk, number: int) -> bool:
    return len(await desk.consumed()) == number


async def _parked(desk, number: int) -> bool:
    return await desk.count(tables.dead_letter) == number


def _metrics(desk) -> bytes:
    return generate_latest(desk.metrics.registry)


def _spoilt(event, *, type: str | None = None, value: bytes | None = None) -> Envelope:  # noqa: A002 - the envelope's own word
    body = event.model_dump_json().encode() if value is None else value
    return Envelope(uuid4(), type or event.TYPE, datetime.now(UTC), str(event.subject), uuid4(), None, None, body)


def _received(event) -> Received:
    return Received(event, _spoilt(event), (APPEALS, 0, 0))


async def _handler(_session, _batch) -> None:
    """A handler that nobody calls."""


def _cut(events, handlers):
    groups = waves([_received(event) for event in events], handlers)
    return [(handler, [(each.event.FACT, each.event.appeal_id) for each in group]) for handler, group in groups]


async def _force_copy(log) -> None:
    """Another record with the same `ce_id`, as Kafka keeps it when a send is repeated; the embedded log's own uniqueness is got round."""
    if not isinstance(log, EmbeddedLog):
        pages = [page async for page in log.scan(APPEALS)]
        await log.append(APPEALS, [read_envelope(record.headers, record.value) for page in pages for record in page])
        return

    def copy(file) -> None:
        columns = 'topic, partition, "offset", event_id, key, headers, value'
        file.execute(
            f'INSERT INTO record ({columns}) SELECT topic, partition, "offset" + 1, randomblob(16), key, headers, value FROM record'
        )

    await log._writer.run(copy)
    log._ends = {position: end + 1 for position, end in log._ends.items()}
    log._last_seq *= 2
    log._recent.clear()

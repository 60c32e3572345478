import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from shared.clock import FakeClock
from shared.contracts import APPEALS, CaseClaimed, CaseClosed
from shared.messaging import outbox, tables
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.envelope import Envelope, read_envelope
from shared.messaging.relay import LEASE, Relay
from shared.telemetry import Metrics, metrics_response


@pytest.fixture
def log(embedded_log):
    """What a relay owes its log does not depend on which it is."""
    return embedded_log


def claimed(appeal_id: UUID) -> CaseClaimed:
    return CaseClaimed(appeal_id=appeal_id, actor_role="specialist")


def closed(appeal_id: UUID) -> CaseClosed:
    return CaseClosed(appeal_id=appeal_id, outcome="EXPLAINED", actor_role="specialist")


class _LosesOne:
    """A log that does not know what became of one key's first record."""

    def __init__(self, log: EmbeddedLog, key: str) -> None:
        self._log, self._key = log, key

    async def append(self, topic: str, envelopes: Sequence[Envelope]) -> list[bool]:
        await self._log.append(topic, [one for one in envelopes if one.key != self._key])
        first = next((one.id for one in envelopes if one.key == self._key), None)
        return [one.id != first for one in envelopes]


def relay(desk, log=None) -> Relay:
    return Relay(desk.database, log or desk.log, desk.clock, desk.metrics)


async def facts(log) -> list[tuple[str, str]]:
    return [(r.key, read_envelope(r.headers, r.value).type.split(".")[3]) for _, r in await log.records_after(0, 1000)]


class TestRelay:
    async def test_rows_leave_the_outbox_once_the_log_keeps_them(self, desk, log, appeal_id):
        await desk.emit(claimed(appeal_id), closed(appeal_id))
        assert await relay(desk).step() == 2
        assert await desk.count(tables.outbox) == 0
        assert await facts(log) == [(str(appeal_id), "case-claimed"), (str(appeal_id), "case-closed")]

    async def test_behind_a_failure_a_key_waits_while_the_others_go(self, desk, log):
        sick, well = uuid4(), uuid4()
        await desk.emit(claimed(sick), claimed(well), closed(sick))
        assert await relay(desk, _LosesOne(log, str(sick))).step() == 1
        assert await desk.count(tables.outbox) == 2
        assert await facts(log) == [(str(well), "case-claimed")]

    async def test_only_the_holder_of_the_lease_works(self, desk, appeal_id):
        leader, standby = relay(desk), relay(desk)
        await desk.emit(claimed(appeal_id))
        assert await leader.step() == 1
        await desk.emit(closed(appeal_id))
        assert await standby.step() == 0
        assert await leader.step() == 1

    async def test_the_metrics_say_who_leads(self, desk):
        leader, standby = Metrics("leader"), Metrics("standby")
        for metrics in (leader, standby):
            await Relay(desk.database, desk.log, desk.clock, metrics).step()
        assert b"aryz_relay_leads 1.0" in metrics_response(leader).body
        assert b"aryz_relay_leads 0.0" in metrics_response(standby).body

    async def test_a_stopped_leader_is_followed_after_its_lease_and_deletes_nothing_when_it_comes_back(self, desk, appeal_id):
        stopped, follower = relay(desk), relay(desk)
        await desk.emit(claimed(appeal_id))
        await stopped.step()
        await follower.step()
        desk.clock.advance(LEASE - timedelta(seconds=1))
        await desk.emit(closed(appeal_id))
        assert await follower.step() == 0
        desk.clock.advance(timedelta(seconds=1))
        assert await follower.step() == 1
        await desk.emit(claimed(appeal_id))
        await stopped.step()
        assert await desk.count(tables.outbox) == 1
        assert await follower.step() == 1

    async def test_a_leader_stopped_while_sending_keeps_its_hands_off_what_the_next_one_sent(self, desk, log, appeal_id):
        follower = relay(desk)

        class Stops:
            """Between the log's answer and the delete the process stands still, and another one does the work."""

            async def append(self, topic: str, envelopes: Sequence[Envelope]) -> Sequence[bool]:
                flags = await log.append(topic, envelopes)
                await follower.step()
                desk.clock.advance(LEASE)
                assert await follower.step() == len(envelopes)
                await desk.emit(closed(appeal_id))
                return flags

        stopped = relay(desk, Stops())
        await desk.emit(claimed(appeal_id))
        await stopped.step()
        assert await desk.count(tables.outbox) == 1
        assert await follower.step() == 1
        assert await facts(log) == [(str(appeal_id), "case-claimed"), (str(appeal_id), "case-closed")]

    async def test_of_two_that_wait_for_the_lease_one_gets_it(self, desk, appeal_id):
        gone, first, second = relay(desk), relay(desk), relay(desk)
        await desk.emit(claimed(appeal_id))
        await gone.step()
        await asyncio.gather(first.step(), second.step())
        desk.clock.advance(LEASE)
        await desk.emit(*(claimed(uuid4()) for _ in range(3)))
        assert sorted(await asyncio.gather(first.step(), second.step())) == [0, 3]

    async def test_a_standby_whose_clock_is_an_hour_ahead_leaves_the_leader_alone(self, desk, appeal_id):
        leader = relay(desk)
        ahead = Relay(desk.database, desk.log, FakeClock(desk.clock.now() + timedelta(hours=1)), desk.metrics)
        await leader.step()
        assert await ahead.step() == 0
        await desk.emit(claimed(appeal_id))
        assert await ahead.step() == 0
        assert await leader.step() == 1

    @pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite has one writer at a time
    async def test_a_row_that_becomes_visible_late_is_sent_although_higher_ones_went_before(self, desk, log):
        late, early, leader = uuid4(), uuid4(), relay(desk)
        async with desk.database.write() as slow:
            outbox.append(slow, claimed(late))
            await outbox.flush(slow)
            slow.info["outbox"].rows.clear()
            await desk.emit(claimed(early))
            assert await leader.step() == 1
        assert await leader.step() == 1
        assert [key for key, _ in await facts(log)] == [str(early), str(late)]

    async def test_a_leader_that_ends_lets_the_next_begin_at_once(self, desk, appeal_id):
        leader = relay(desk)
        await desk.emit(claimed(appeal_id))
        await leader.step()
        await leader.release()
        await desk.emit(closed(appeal_id))
        assert await relay(desk).step() == 1

    async def test_it_wakes_up_when_something_is_appended(self, desk, log, running, eventually, appeal_id):
        async with running(relay(desk).run):
            await desk.emit(claimed(appeal_id))

            async def arrived() -> bool:
                return sum((await log.end_offsets(APPEALS)).values()) == 1

            await eventually(arrived)

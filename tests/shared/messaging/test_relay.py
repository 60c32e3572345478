from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from shared.contracts import APPEALS, CaseClaimed, CaseClosed
from shared.messaging import tables
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.envelope import Envelope, read_envelope
from shared.messaging.relay import LEASE, Relay


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

    async def test_a_stopped_leader_is_followed_after_its_lease_and_deletes_nothing_when_it_comes_back(self, desk, appeal_id):
        stopped, follower = relay(desk), relay(desk)
        await desk.emit(claimed(appeal_id))
        await stopped.step()
        desk.clock.advance(LEASE + timedelta(seconds=1))
        await desk.emit(closed(appeal_id))
        assert await follower.step() == 1
        await desk.emit(claimed(appeal_id))
        await stopped.step()
        assert await desk.count(tables.outbox) == 1
        assert await follower.step() == 1

    async def test_a_leader_that_ends_lets_the_next_begin_at_once(self, desk, appeal_id):
        leader = relay(desk)
        await desk.emit(claimed(appeal_id))
        await leader.step()
        await leader.release()
        desk.clock.advance(timedelta(microseconds=1))
        await desk.emit(closed(appeal_id))
        assert await relay(desk).step() == 1

    async def test_it_wakes_up_when_something_is_appended(self, desk, log, running, eventually, appeal_id):
        async with running(relay(desk).run):
            await desk.emit(claimed(appeal_id))

            async def arrived() -> bool:
                return sum((await log.end_offsets(APPEALS)).values()) == 1

            await eventually(arrived)

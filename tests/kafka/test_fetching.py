"""aiokafka's fetching task: what ends it, and that a consumer whose task ended does not stand still unnoticed."""

import asyncio

import pytest
from aiokafka.errors import KafkaError

from shared.contracts import APPEALS, PARTITIONS
from shared.messaging.kafka_consumer import FetchingEnded
from shared.messaging.runtime import Loop, Runtime
from tests.kafka.test_group import StoredPositions, _envelope, in_background, ours, until
from tests.patience import PATIENCE


class Unreachable(StoredPositions):
    """A database that does not answer once the member has started: its partitions wait for their positions."""

    async def load(self, topic_ids):
        if self.loads:
            await asyncio.Event().wait()
        return await super().load(topic_ids)


class TestAChangeOfTheLeader:
    async def test_while_partitions_wait_for_their_positions_it_does_not_end_fetching(self, log):
        """Then two tasks of aiokafka look for the position of one partition, each at one leader. Nothing was ever committed."""
        async with ours(log, Unreachable()) as member, in_background(member.fetch(1)):
            await until(lambda: len(member._unplaced) == PARTITIONS)
            fetcher, assignment = member._consumer._fetcher, member._consumer._subscription.subscription.assignment
            waiting = sorted(member._unplaced)
            for leader in (1, 2):
                await fetcher._update_fetch_positions(assignment, leader, waiting)
            assert all(assignment.state_value(partition).has_valid_position for partition in waiting)
            assert not fetcher._fetch_task.done()


async def _end_fetching(member, monkeypatch):
    def fail(assignment):
        del assignment
        raise AssertionError("a record is there already")

    fetcher = member._consumer._fetcher
    monkeypatch.setattr(fetcher, "_get_actions_per_node", fail)
    fetcher._notify(fetcher._wait_consume_future)
    await until(fetcher._fetch_task.done)


class TestFetchingThatEnded:
    async def test_is_an_error_of_the_next_fetch(self, log, monkeypatch):
        async with ours(log, StoredPositions()) as member:
            await log.append(APPEALS, [_envelope()])
            await asyncio.wait_for(member.fetch(1), PATIENCE)
            await _end_fetching(member, monkeypatch)
            with pytest.raises(FetchingEnded) as ended:
                await asyncio.wait_for(member.fetch(1), PATIENCE)
            assert isinstance(ended.value.__cause__, KafkaError)

    async def test_is_mended_by_the_next_consumer_in_the_same_process(self, log, monkeypatch):
        store, members = StoredPositions(), []

        async def consume():
            async with ours(log, store) as member:
                members.append(member)
                while True:
                    fetched = await member.fetch(500)
                    async with member.hold(fetched):
                        await member.applied(store.apply(fetched.records))

        async with in_background(Runtime([Loop("consumer", consume)], restart=False).run()):
            await log.append(APPEALS, [_envelope()])
            await until(lambda: len(store.applied) == 1)
            await _end_fetching(members[0], monkeypatch)
            await log.append(APPEALS, [_envelope()])
            await until(lambda: len(store.applied) == 2)
        assert store.twice == 0

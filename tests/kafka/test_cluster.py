"""Three brokers with replication 3: one may be killed or suspended while events are written and read."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts import APPEALS
from shared.messaging.envelope import Envelope
from tests import kafka_logs
from tests.patience import PATIENCE


def envelope() -> Envelope:
    return Envelope(uuid4(), "kz.aryz.routing.case-claimed.v1", datetime.now(UTC), str(uuid4()), uuid4(), None, None, b"x")


@pytest.fixture
async def replicated(kafka_cluster):
    async with kafka_logs.opened(kafka_cluster.bootstrap) as log:
        yield log


async def send_all(log, envelopes) -> int:
    """As the relay does: what is not known to be kept is sent again. Returns how many sends that took."""
    waiting, sends = list(envelopes), 0
    async with asyncio.timeout(PATIENCE):
        while waiting:
            kept = await log.append(APPEALS, waiting)
            waiting = [one for one, is_kept in zip(waiting, kept, strict=True) if not is_kept]
            sends += 1
    return sends


async def ids_in(log) -> set[str]:
    return {dict(record.headers)["ce_id"].decode() async for page in log.scan(APPEALS) for record in page}


class TestCluster:
    async def test_every_record_has_three_copies_of_which_two_must_be_written(self, replicated, kafka_cluster):
        name = replicated._topics.name(APPEALS)
        async with kafka_logs.administrator(kafka_cluster.bootstrap) as admin:
            while not (topic := (await admin.describe_topics([name]))[0])["partitions"]:
                await asyncio.sleep(0.1)  # the broker that is asked has not heard of the new topic yet
            (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
        assert {len(partition["replicas"]) for partition in topic["partitions"]} == {3}
        assert {entry[0]: entry[1] for entry in response.resources[0][4]}["min.insync.replicas"] == "2"

    @pytest.mark.parametrize("fault", ["kill", "suspend"])
    async def test_what_was_acknowledged_is_there_whichever_broker_falls(self, replicated, kafka_cluster, fault):
        events = [envelope() for _ in range(900)]
        await send_all(replicated, events[:300])
        getattr(kafka_cluster, fault)(2)
        try:
            await send_all(replicated, events[300:600])
        finally:
            await asyncio.to_thread(kafka_cluster.restart, 2)
        await send_all(replicated, events[600:])
        assert await ids_in(replicated) == {str(one.id) for one in events}

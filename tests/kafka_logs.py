"""Event logs on the broker of `tests/conftest.py`, each under its own prefix, so that tests do not share records."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts import TOPICS
from shared.messaging.kafka import KafkaLog
from shared.messaging.kafka_connection import Connection


def new_prefix() -> str:
    return f"t{uuid4().hex[:8]}"


def names(prefix: str) -> list[str]:
    """Return the names of the log's topics in the cluster."""
    return [f"{prefix}.{topic}" for topic in TOPICS]


@asynccontextmanager
async def opened(bootstrap: str, prefix: str | None = None) -> AsyncIterator[KafkaLog]:
    """A started log; its topics are deleted at the end."""
    prefix = prefix or new_prefix()
    log = KafkaLog(Connection(bootstrap), prefix=prefix)
    await log.start()
    yield log
    await log.stop()
    async with administrator(bootstrap) as admin:
        await admin.delete_topics(names(prefix))


@asynccontextmanager
async def administrator(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    while admin._client.cluster.controller is None:  # a broker that was suspended registers again in a moment
        await admin._client.force_metadata_update()
    yield admin
    await admin.close()

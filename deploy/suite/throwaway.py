"""Disposable data of a demo on shared engines: databases and topics under a prefix, deleted at the end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared.contracts import TOPICS
from shared.database import service_url
from shared.messaging.kafka_connection import connection
from shared.postgres import open_engine
from shared.settings import ServiceSettings
from suite.processes import SERVICES


@contextmanager
def prefix(settings: ServiceSettings) -> Iterator[None]:
    """Delete everything under the settings' prefix after the block. Raises ValueError without a prefix, which would be all data."""
    if not settings.prefix:
        raise ValueError("only what lies under a prefix may be thrown away")
    try:
        yield
    finally:
        asyncio.run(_remove(settings))


async def _remove(settings: ServiceSettings) -> None:
    if settings.database_url:
        await _drop_databases(settings, settings.database_url)
    if settings.kafka_bootstrap:
        await _delete_topics(settings)


async def _drop_databases(settings: ServiceSettings, server: str) -> None:
    engine = open_engine(make_url(server).set(drivername="postgresql+asyncpg", database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as session:
            for service in SERVICES:
                name = make_url(service_url(server, settings.data, service, settings.prefix)).database
                await session.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    finally:
        await engine.dispose()


async def _delete_topics(settings: ServiceSettings) -> None:
    admin = AIOKafkaAdminClient(**connection(settings).arguments())
    await admin.start()
    try:
        await admin.delete_topics([f"{settings.prefix}.{topic}" for topic in TOPICS])
    finally:
        await admin.close()

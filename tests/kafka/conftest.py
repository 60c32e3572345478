"""Tests that need a real Kafka broker and its client."""

from collections.abc import AsyncIterator

import pytest

from shared.messaging.kafka import KafkaLog
from tests import kafka_logs
from tests.desk import _quiet_logs, appeal_id, clock, desk, eventually, running  # noqa: F401 - pytest finds fixtures by name


@pytest.fixture
def prefix() -> str:
    return kafka_logs.new_prefix()


@pytest.fixture
async def log(kafka, prefix) -> AsyncIterator[KafkaLog]:
    async with kafka_logs.opened(kafka.bootstrap, prefix) as log:
        yield log


@pytest.fixture
async def admin(kafka):
    async with kafka_logs.administrator(kafka.bootstrap) as admin:
        yield admin

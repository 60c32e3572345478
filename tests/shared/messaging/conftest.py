"""Messaging on both pairs of engines: SQLite with the embedded log, and PostgreSQL with Kafka."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from shared.messaging import kafka_consumer
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.log import EventLog
from tests import kafka_logs
from tests.desk import _quiet_logs, appeal_id, clock, desk, eventually, running  # noqa: F401 - pytest finds fixtures by name


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test of the log alone on both backends, and a test with a database on the backend of its engine."""
    if "log_kind" in metafunc.fixturenames and "engine" not in metafunc.fixturenames:
        metafunc.parametrize("log_kind", ("embedded", "kafka"), indirect=True)


@pytest.fixture
def log_kind(request) -> str:
    if hasattr(request, "param"):
        return request.param
    return "embedded" if request.getfixturevalue("engine").is_sqlite else "kafka"


@pytest.fixture
async def log(request, log_kind, tmp_path, monkeypatch) -> AsyncIterator[EventLog]:
    if log_kind == "kafka":
        monkeypatch.setattr(kafka_consumer, "STALE_SECONDS", 0.3)  # with one broker there is no stale leader
        async with kafka_logs.opened(request.getfixturevalue("kafka").bootstrap) as log:
            yield log
    else:
        async with embedded(tmp_path / "events.db") as log:
            yield log


@pytest.fixture
async def embedded_log(tmp_path) -> AsyncIterator[EmbeddedLog]:
    async with embedded(tmp_path / "events.db") as log:
        yield log


@asynccontextmanager
async def embedded(path: Path) -> AsyncIterator[EmbeddedLog]:
    log = EmbeddedLog(path)
    await log.start()
    yield log
    await log.stop()

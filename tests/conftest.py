"""Real engines for every test that asks: started on first use, gone at the end. A missing one skips here and fails on a build server."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from hypothesis import settings

from engines import EngineMissing, KafkaCluster, PostgresServer
from tests.built_routes import build_once
from tests.databases import engine, pytest_generate_tests  # noqa: F401 - pytest finds fixtures and hooks by name

settings.register_profile("aryz", deadline=None)  # an example may take as long as a busy machine needs
settings.load_profile("aryz")
build_once()
Engine = TypeVar("Engine", KafkaCluster, PostgresServer)


def pytest_collection_finish() -> None:
    """What was imported stays to the end: no collection of garbage has to look through it again."""
    gc.collect()
    gc.freeze()


@contextmanager
def _running(server: Engine) -> Iterator[Engine]:
    try:
        server.start()
        yield server
    except EngineMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        server.remove()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One broker for the whole run: tests keep apart by topic and group names, and leave it running."""
    with _running(KafkaCluster(tmp_path_factory.mktemp("kafka"))) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def kafka_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """Three brokers of this module's own, to be killed and suspended; a test leaves all three running."""
    with _running(KafkaCluster(tmp_path_factory.mktemp("kafka-cluster"), brokers=3)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for the whole run: tests keep apart by database names, and leave it running."""
    with _running(PostgresServer(tmp_path_factory.mktemp("postgres"))) as server:
        yield server

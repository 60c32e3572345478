"""Fixtures and hooks of all tests."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from engines import KafkaCluster, PostgresServer
from tests.built_routes import build_once
from tests.cached_calls import release
from tests.databases import engine, pytest_generate_tests  # noqa: F401 - pytest finds fixtures and hooks by name
from tests.mail_server import mail_server  # noqa: F401
from tests.name_service import stands_for  # noqa: F401
from tests.settings_fields import read_once
from tests.shared_contexts import share_contexts
from tests.started import started

settings.register_profile("aryz", deadline=None)  # an example may take long on a busy machine
settings.load_profile("aryz")
build_once()
read_once()
share_contexts()


NEVER = 1_000_000
LONGEST = (
    "security/test_fuzz.py",
    "security/test_bounded_work.py",
    "e2e/test_secured.py",
    "benchmarks/test_country.py",
    "benchmarks/test_growth.py",
    "chaos/test_bot.py",
    "e2e/test_processes.py",
    "security/test_exports.py",
    "routing/desk/test_visibility.py",
)
"""Files of minutes: begun first, so that no process works on one of them while the others have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.partition("::")[0].endswith(LONGEST))


def pytest_collection_finish() -> None:
    """Freeze the imported objects, so that no garbage collection scans them again.

    The oldest objects are collected once a file of tests: by Python's own rule a sixth of the processor time went into that. What is
    still alive then, such as caches and modules, is frozen as well.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, NEVER)


@pytest.fixture(autouse=True, scope="module")
def _release_memory() -> Iterator[None]:
    yield
    release()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One broker for the whole run. Tests use their own topic and group names and leave it running."""
    with started(KafkaCluster(tmp_path_factory.mktemp("kafka"))) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def kafka_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """Three brokers of one module, which its tests may kill and suspend. A test leaves all three running."""
    with started(KafkaCluster(tmp_path_factory.mktemp("kafka-cluster"), brokers=3)) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for the whole run. Tests use their own database names and leave it running.

    It outlives killed processes, its own too; no test takes the machine's power away, so no commit waits for the disk.
    """
    with started(PostgresServer(tmp_path_factory.mktemp("postgres"), synced=False)) as server:
        yield server

"""Fixtures of benchmarks."""

from collections.abc import Iterator

import pytest

from engines import PostgresServer
from tests.started import started


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server as durable as in production, which waits for the disk: other tests do not."""
    with started(PostgresServer(tmp_path_factory.mktemp("postgres"))) as server:
        yield server

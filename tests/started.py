"""Engines as fixtures: started on first use, removed at the end. A missing engine skips the test here and fails it on a build server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from engines import EngineMissing, KafkaCluster, Keycloak, PostgresServer

Engine = TypeVar("Engine", KafkaCluster, PostgresServer, Keycloak)


@contextmanager
def started(server: Engine) -> Iterator[Engine]:
    try:
        server.start()
        yield server
    except EngineMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        server.remove()

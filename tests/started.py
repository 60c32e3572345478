"""Engines as fixtures: started on first use, removed at the end. A missing engine skips the test here and fails it on a build server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from engines import Engine, EngineMissing

Started = TypeVar("Started", bound=Engine)


@contextmanager
def started(server: Started) -> Iterator[Started]:
    try:
        server.start()
        yield server
    except EngineMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        server.remove()

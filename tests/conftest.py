import os

import pytest

from shared.logging import configure_logging


@pytest.fixture(autouse=True, scope="session")
def _quiet_logs():
    """Logs as the product writes them, without a terminal's drawing of tracebacks; those who test logging ask for their own stream."""
    with open(os.devnull, "w") as nowhere:
        configure_logging("WARNING", stream=nowhere)
        yield
        configure_logging("WARNING")

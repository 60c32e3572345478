"""The services' own fixtures, for attacks on them, and a client over the `suite` of a module."""

import httpx
import pytest

from tests.intake.conftest import desk, neighbour, start, start_on  # noqa: F401 - fixtures


@pytest.fixture
async def http(suite):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(suite), base_url="http://127.0.0.1") as client:
        yield client

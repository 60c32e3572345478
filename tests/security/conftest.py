"""The services that the attacks are made on: each in process, on both engines, and a client over the `suite` of a module."""

import httpx
import pytest

from tests.intake.conftest import desk, neighbour, start, start_on
from tests.provider_contact.conftest import listed, world
from tests.routing.support import desk_in
from tests.security.connection_server import connect, port

__all__ = ["connect", "desk", "http", "listed", "neighbour", "port", "routing_desk", "start", "start_on", "world"]


@pytest.fixture
async def http(suite):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(suite), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
async def routing_desk(engine, tmp_path):
    async with desk_in(engine, tmp_path) as made:
        yield made

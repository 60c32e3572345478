import pytest

from shared.clock import FakeClock
from tests.oidc_provider import NOW, House, Provider


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
def provider(clock):
    return Provider(clock)


@pytest.fixture
async def start(tmp_path, clock, provider):
    started = []

    def make(**settings):
        started.append(House(tmp_path, clock, provider, **settings))
        return started[-1]

    yield make
    for house in started:
        await house.close()


@pytest.fixture
def house(start):
    return start()

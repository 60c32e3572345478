import pytest

from tests.routing.support import desk_in


@pytest.fixture
async def desk(engine, tmp_path):
    async with desk_in(engine, tmp_path) as made:
        yield made

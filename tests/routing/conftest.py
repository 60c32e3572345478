import pytest

from tests.routing.support import desk_in


@pytest.fixture
async def desk(tmp_path):
    async with desk_in(tmp_path) as made:
        yield made

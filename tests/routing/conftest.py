import pytest

from routing.knowledge.service import seed
from tests.routing.support import desk_in


@pytest.fixture
async def desk(engine, tmp_path):
    async with desk_in(engine, tmp_path) as made:
        yield made


@pytest.fixture
async def articles(desk):
    """The articles of the file, as the job of the worker brings them into the database."""
    async with desk.parts.units.write() as work:
        await seed(work)

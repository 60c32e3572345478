import asyncio
import pytest
from tests.provider_contact.conftest import *
from tests.provider_contact.conftest import world, template
@pytest.mark.parametrize("n", range(40))
async def test_two(world, n):
    world.statements.clear()
    answers = await asyncio.gather(*(world.load(*PROVIDERS) for _ in range(6)))
    assert sorted(answer.json().get("imported",-1) for answer in answers) == [0]*5+[5], [a.text for a in answers]

"""The measurement of the shortcuts in small: every plain form does the same work, and the group commit is cheaper than its own."""

import pytest

from shared.settings import ServiceSettings
from tests.benchmarks import fast_paths

pytestmark = pytest.mark.alone

SHORT = ("accepting on PostgreSQL, per appeal", "rows of three tables, 16 each", "12 positions locked, parked keys read")


@pytest.mark.parametrize("name", SHORT)
async def test_each_shortcut_is_paired_with_its_plain_form(name, postgres, tmp_path):
    settings = ServiceSettings(data=tmp_path, database_url=postgres.url, prefix=f"fast{SHORT.index(name)}")

    found = await fast_paths.run(settings, fast_paths.PATHS[name], postgres.process, rounds=1)

    assert found.keys() == fast_paths.PATHS[name].shortcuts.keys()
    [pair] = next(iter(found.values()))
    assert 0 < pair.fast.own < pair.plain.own

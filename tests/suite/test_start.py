"""What a start does without: libraries that few requests need, validators of models that no request has used, catalogs."""

import json
import subprocess
import sys

import pytest

from tests.patience import LONG_PATIENCE

HEAVY = frozenset(
    {"PIL", "aiogram", "aiohttp", "aiokafka", "alembic", "authlib", "pyarrow", "python_calamine", "scipy", "sklearn", "xlsxwriter"}
)
RARE = frozenset({"suite.demo", "suite.verification", "suite.backup", "shared.files.inspection.images", "shared.messaging.kafka"})
MOST_COMPLETE = 160  # models; there are 700

STARTED = """
import gc, json, sys
from pathlib import Path
import shared.start
from suite.server import create_suite
from shared.web import i18n
from pydantic import BaseModel

def below(kind):
    for each in kind.__subclasses__():
        yield each
        yield from below(each)

is_collecting = gc.isenabled()
create_suite(Path(sys.argv[1]))
found = set(below(BaseModel))
print(json.dumps({
    "modules": sorted(sys.modules),
    "models": len(found),
    "complete": sum(bool(each.__dict__.get("__pydantic_complete__")) for each in found),
    "catalogs": i18n._catalog.cache_info().currsize,
    "collects": is_collecting,
}))
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    folder = tmp_path_factory.mktemp("started")
    command = [sys.executable, "-c", STARTED, str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=LONG_PATIENCE, check=True).stdout)


class TestCreateSuite:
    def test_no_library_that_only_some_work_needs_is_imported(self, started):
        assert HEAVY.isdisjoint(name.partition(".")[0] for name in started["modules"])
        assert RARE.isdisjoint(started["modules"])

    def test_a_model_is_built_on_its_first_use(self, started):
        assert started["models"] > 600
        assert started["complete"] < MOST_COMPLETE

    def test_no_catalog_is_read(self, started):
        assert started["catalogs"] == 0

    def test_no_garbage_is_collected(self, started):
        assert not started["collects"]

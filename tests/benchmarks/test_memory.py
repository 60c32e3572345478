"""How much memory the whole suite takes on one machine: idle, and after work."""

import asyncio
import os

import httpx
import psutil
import pytest
from rich.console import Console

from shared.settings import ServiceSettings
from suite import process
from suite.demo import play
from suite.tokens import issue

APPEALS = int(os.environ.get("ARYZ_MEMORY_APPEALS", "500"))  # 5000 in the long form
LIMIT = 300 * 1024 * 1024  # bytes, all processes of the suite together
VIEWS = 3


def resident(pid):
    """Bytes of a process and its children."""
    parent = psutil.Process(pid)
    return sum(each.memory_info().rss for each in [parent, *parent.children(recursive=True)])


@pytest.mark.timeout(600 + APPEALS // 10)
class TestMemory:
    def test_it_stays_under_the_limit_idle_and_after_work(self, tmp_path):
        with process.running(tmp_path) as suite:
            idle = resident(suite.process.pid)
            assert asyncio.run(play(suite.url, ServiceSettings(data=suite.data), appeals=APPEALS, seed=3, console=Console(quiet=True)))
            cookies = {"aryz_session": issue(suite.data, "analyst")}
            with httpx.Client(base_url=suite.url, cookies=cookies, timeout=30, trust_env=False) as http:
                for _ in range(VIEWS):
                    assert http.get("/analytics/dashboard").status_code == 200
            worked = resident(suite.process.pid)
        print(f"\nidle {idle / 2**20:.0f} MB, after {APPEALS} appeals and {VIEWS} dashboard views {worked / 2**20:.0f} MB")  # noqa: T201 - the figure is what it is for
        assert idle < LIMIT
        assert worked < LIMIT

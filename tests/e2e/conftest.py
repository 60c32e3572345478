"""The whole suite as a process of its own, as `aryz up` starts it, and the people who use it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from suite import process
from suite.process import UNLIMITED, RunningSuite
from suite.tokens import issue
from tests.patience import PATIENCE, wait_until


@dataclass
class People:
    """HTTP clients over one suite, each with a role's token."""

    suite: RunningSuite
    http: httpx.Client

    def bearer(self, role: str, **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {issue(self.suite.data, role, **claims)}"}

    def get(self, path: str, role: str | None = None, /, *, headers: Any = None, params: Any = None, **claims: Any) -> Any:
        sent = (self.bearer(role, **claims) if role else {}) | (headers or {})
        return self.http.get(path, headers=sent, params=params)

    def post(self, path: str, body: Any, role: str | None = None, /, **claims: Any) -> Any:
        answer = self.http.post(path, json=body, headers=self.bearer(role, **claims) if role else {})
        assert answer.is_success, answer.text
        return answer.json()

    def figure(self, kpi: str, first: str, last: str, **more: str) -> Any:
        answer = self.get(f"/analytics/v1/kpis/{kpi}", "analyst", params={"from": first, "to": last, **more})
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def shared_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    """A suite for files that ask for what they have sent themselves: its figures and lists hold the appeals of other files too."""
    with process.running(tmp_path_factory.mktemp("suite"), environment={**UNLIMITED, "ARYZ_LOG_LEVEL": "INFO"}) as running:
        yield running


@pytest.fixture(scope="module")
def suite(shared_suite: RunningSuite) -> RunningSuite:
    """Return the suite of the file's people. A file that counts all there is takes `suite_of_its_own` under this name."""
    return shared_suite


@pytest.fixture(scope="module")
def suite_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSuite]:
    with process.running(tmp_path_factory.mktemp("suite")) as running:
        yield running


@pytest.fixture(scope="module")
def people(suite: RunningSuite) -> Iterator[People]:
    with httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http:
        yield People(suite, http)


@pytest.fixture(scope="session", name="eventually")
def _eventually() -> Callable[..., Any]:
    return wait_until


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[People]:
    """A suite nobody else has used."""
    with process.running(tmp_path / "data") as running, httpx.Client(base_url=running.url, timeout=PATIENCE, trust_env=False) as http:
        yield People(running, http)

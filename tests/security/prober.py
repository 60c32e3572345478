"""Asks a suite in process and measures what each request takes of the processor: the instrument of `test_bounded_work.py`."""

import asyncio
import gc
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from suite.app import Suite
from tests.processor_time import Pace
from tests.security import fuzz
from tests.security.extreme_requests import FORM, VERSION, Ask
from tests.security.processor_time import Spent, measured
from tests.security.roles import CLAIMS

WHOLE = 0.25  # seconds of processor time of a request, all threads, at the speed at which the bounds were set
WHOLE_OF = {"/routing/v1/cases/{appeal_id}/file": 2.0}  # everything ever written on the probed case, set in a thread
STEP = 0.05  # seconds that a request may hold the event loop
AGAIN = 3  # times a request is made that takes too long: the first of its kind may load a table or compile a template
STREAM = "/intake/v1/events"  # it does not end: measured until its answer begins


class Prober:
    """Asks a suite that nothing else runs in, and notes what took too long."""

    def __init__(self, suite: Suite, known: dict[str, str], *, whole: float = WHOLE, step: float = STEP) -> None:
        """`whole` and `step`: the bounds in seconds of processor time."""
        self.suite = suite
        self.known = known
        self.whole, self.step = whole, step
        self.asked = 0
        self.statuses: dict[int, int] = {}
        self.offences: list[str] = []
        self.slowest = (Spent(), "")
        self._tokens: dict[str, str] = {}

    def token(self, column: str) -> str:
        if column not in self._tokens:
            role, claims = CLAIMS[column]
            given = {"provider_id": self.known["provider_id"]} if role == "provider" else fuzz.FILER if role == "applicant" else claims
            assert self.suite.foundation.issuer is not None
            self._tokens[column] = self.suite.foundation.issuer.issue(role, **given)
        return self._tokens[column]

    async def answer(self, ask: Ask) -> tuple[int, bytes]:
        status, body, _ = await self._call(ask)
        return status, body

    async def probe(self, asks: Iterable[Ask]) -> None:
        """Ask each, and note those that take too long every time."""
        gc.collect()
        gc.freeze()  # as the processes do when they have started: what lives on is not looked at by a collection
        gc.disable()
        try:
            for ask in asks:
                best, slowness, pace = Spent(whole=float("inf"), step=float("inf")), 1.0, Pace()
                current = await self._current(ask)
                for _ in range(AGAIN):
                    (status, _, _), spent = await measured(self._call(current))
                    best = Spent(min(best.whole, spent.whole), min(best.step, spent.step))
                    if not self._is_slow(ask, best, slowness):
                        break
                    pace.sample()
                    slowness = pace.slowness
                self._note(ask, status, best, slowness)
        finally:
            gc.enable()

    async def _current(self, ask: Ask) -> Ask:
        """The request with the version that the case or inquiry has now: it may have changed by the request before."""
        if ask.path.startswith("/routing/desk/"):
            case = replace(ask, path=f"/routing/v1/cases/{ask.path.split('/')[3]}/actions/any", is_page=False, headers={})
            version = (await self.state(case)).get("version", 1)
            return replace(ask, body=re.sub(rb"expected_version=\d*", b"expected_version=%d" % version, ask.body))
        if VERSION not in ask.body or "/actions/" not in ask.template:
            return ask
        version = (await self.state(ask)).get("version", 1)
        return replace(ask, body=ask.body.replace(VERSION, b'"expected_version": %d' % version, 1))

    async def state(self, ask: Ask) -> dict[str, Any]:
        """What the call's case or inquiry says of itself, to whoever makes the call."""
        path = ask.path.rpartition("/actions/")[0]
        status, body = await self.answer(Ask("GET", path, role=ask.role, template=path))
        return dict(json.loads(body)) if status == 200 else {}

    def _is_slow(self, ask: Ask, spent: Spent, slowness: float) -> bool:
        whole = max(self.whole, WHOLE_OF.get(ask.template, 0.0))
        return spent.whole >= whole * slowness or spent.step >= self.step * slowness

    def _note(self, ask: Ask, status: int, spent: Spent, slowness: float) -> None:
        self.asked += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if spent.step > self.slowest[0].step:
            self.slowest = spent, ask.named
        if self._is_slow(ask, spent, slowness):
            self.offences.append(f"{ask.named}: {spent.whole * 1000:.0f} ms, a step of {spent.step * 1000:.0f} ms ({status})")
        if status >= 500 and status != 503:
            self.offences.append(f"{ask.named}: {status}")

    def report(self) -> str:
        spent, name = self.slowest
        return (
            f"{self.asked} requests, {dict(sorted(self.statuses.items()))}; the longest step has {spent.step * 1000:.0f} ms "
            f"of {spent.whole * 1000:.0f}: {name}"
        )

    async def _call(self, ask: Ask) -> tuple[int, bytes, dict[bytes, bytes]]:
        given = {
            "host": "127.0.0.1",
            "sec-fetch-site": "same-origin",
            **(self._of_page(ask) if ask.is_page else self._of_api(ask)),
            **ask.headers,
        }
        scope = {
            "type": "http", "http_version": "1.1", "method": ask.method, "scheme": "http", "path": unquote(ask.path),
            "raw_path": ask.path.encode(), "query_string": ask.query.encode(), "root_path": "",
            "headers": [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in given.items()],
            "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8000),
        }  # fmt: skip
        return await exchange(self.suite, scope, ask.body, until_begun=ask.path == STREAM)

    def _of_page(self, ask: Ask) -> dict[str, str]:
        cookie = {"cookie": f"aryz_session={self.token(ask.role)}"} if ask.role else {}
        return {"accept": "text/html", **({"content-type": FORM} if ask.method == "POST" else {}), **cookie}

    def _of_api(self, ask: Ask) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(ask.role)}"} if ask.role else {}


async def exchange(app: Any, scope: dict[str, Any], body: bytes, *, until_begun: bool) -> tuple[int, bytes, dict[bytes, bytes]]:
    sent = False
    answer = bytearray()
    begun = asyncio.Event()
    start: dict[str, Any] = {}

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            begun.set()
        answer.extend(message.get("body", b""))

    if not until_begun:
        await app(scope, receive, send)
        return start["status"], bytes(answer), dict(start["headers"])
    running = asyncio.create_task(app(scope, receive, send))
    await asyncio.wait([running, asyncio.create_task(begun.wait())], return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return start["status"], bytes(answer), dict(start["headers"])

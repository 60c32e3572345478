"""No request holds the event loop or a core: every operation and every page, with the longest and most repetitive input that is allowed.

Generated from the services' documents and from the forms that the pages show. Processor time is measured, so that the load of the machine
does not count; what exceeds a bound is asked again, as the first request of its kind may load a table or compile a template.
"""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI, Request

from shared.auth import Role
from suite import process
from suite.app import Suite, create_suite
from tests.e2e.conftest import People
from tests.security import fuzz
from tests.security.extreme_requests import FORM, Ask, forms_of, of_document, of_form, of_headers, of_operation
from tests.security.processor_time import Spent, measured
from tests.security.roles import CLAIMS, calls_of, expected
from tests.telegram_double import TelegramDouble

WHOLE = 0.25  # seconds of processor time of a request, all threads
STEP = 0.05  # seconds that a request may hold the event loop
AGAIN = 3
SERVICES = ("intake", "routing", "provider-contact", "analytics")
FORWARD = (
    "supervisor",
    "specialist",
    "admin",
    "provider",
    "partner",
    "applicant",
    "telephony",
    "channel",
    "service",
    "operator",
    "analyst",
)
"""Who asks: the first of these who may."""
STREAM = "/intake/v1/events"  # it does not end: measured until its answer begins
QUERIES = {"lang", "next", "flash", "cursor", "number", "page", "show"}
VALUES = ("%D0%B0+" * 1000, "1" * 7_000, "%C2%AD" * 1_200, "(" * 7_000, "a," * 3_500)
DEPTH = 2  # pages that only a posted form shows: so many forms behind each other


class Prober:
    """Asks a suite that nothing else runs in, and notes what took too long."""

    def __init__(self, suite: Suite, known: dict[str, str]) -> None:
        self.suite = suite
        self.known = known
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
            self._tokens[column] = self.suite.foundation.issuer.issue(_role(role), **_claims(given))
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
                best = Spent(whole=float("inf"), step=float("inf"))
                for _ in range(AGAIN):
                    (status, _, _), spent = await measured(self._call(ask))
                    best = Spent(min(best.whole, spent.whole), min(best.step, spent.step))
                    if best.whole < WHOLE and best.step < STEP:
                        break
                self._note(ask, status, best)
        finally:
            gc.enable()

    def _note(self, ask: Ask, status: int, spent: Spent) -> None:
        self.asked += 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.slowest = max(self.slowest, (spent, ask.named), key=lambda each: each[0].step)
        if spent.whole >= WHOLE or spent.step >= STEP:
            self.offences.append(f"{ask.named}: {spent.whole * 1000:.0f} ms, a step of {spent.step * 1000:.0f} ms ({status})")
        if status >= 500 and status != 503:
            self.offences.append(f"{ask.named}: {status}")

    def report(self) -> str:
        spent, name = self.slowest
        return f"{self.asked} requests, {dict(sorted(self.statuses.items()))}; the longest step has {spent.step * 1000:.0f} ms: {name}"

    async def _call(self, ask: Ask) -> tuple[int, bytes, dict[bytes, bytes]]:
        given = {
            "host": "127.0.0.1",
            "sec-fetch-site": "same-origin",
            **(self._of_page(ask) if ask.is_page else self._of_api(ask)),
            **ask.headers,
        }
        scope = {
            "type": "http", "http_version": "1.1", "method": ask.method, "scheme": "http", "path": _decoded(ask.path),
            "raw_path": ask.path.encode(), "query_string": ask.query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1", "replace")) for name, value in given.items()],
            "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8000),
        }  # fmt: skip
        return await _exchange(self.suite, scope, ask.body, until_begun=ask.path == STREAM)

    def _of_page(self, ask: Ask) -> dict[str, str]:
        cookie = {"cookie": f"aryz_session={self.token(ask.role)}"} if ask.role else {}
        return {"accept": "text/html", **({"content-type": FORM} if ask.method == "POST" else {}), **cookie}

    def _of_api(self, ask: Ask) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(ask.role)}"} if ask.role else {}


async def _exchange(app: Any, scope: dict[str, Any], body: bytes, *, until_begun: bool) -> tuple[int, bytes, dict[bytes, bytes]]:
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


def _decoded(path: str) -> str:
    return httpx.URL(f"http://a{path}").path if "%" in path else path


def _role(role: str) -> Role:
    return role  # type: ignore[return-value]


def _claims(given: dict[str, Any]) -> dict[str, Any]:
    return dict(given)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A data folder with an appeal, its case, an inquiry to a provider, files and subscriptions, made by a suite that has ended."""
    folder = tmp_path_factory.mktemp("bounded")
    with (
        TelegramDouble() as telegram,
        process.running(folder, environment=fuzz.UNLIMITED | telegram.environment) as running,
        httpx.Client(base_url=running.url, timeout=60, trust_env=False) as client,
    ):
        return folder, fuzz.prepare(People(running, client))


@pytest.fixture
def probe(prepared, monkeypatch):
    """Runs work with a prober of a suite without loops of its own; raises with all offences at the end."""
    folder, known = prepared
    for name, value in fuzz.UNLIMITED.items():
        monkeypatch.setenv(name, value)

    def run(work: Callable[[Prober], Coroutine[Any, Any, None]]) -> Prober:
        async def in_suite() -> Prober:
            suite = create_suite(folder, worker=False)
            async with suite.running():
                prober = Prober(suite, known)
                await work(prober)
            return prober

        prober = asyncio.run(in_suite())
        assert not prober.offences, "\n".join([prober.report(), *prober.offences])
        return prober

    return run


def _may(columns: dict[str, str]) -> str | None:
    return next((column for column in FORWARD if columns[column] == "+"), None)


def _operations(prober: Prober, service: str) -> Iterator[tuple[Ask, dict[str, Any]]]:
    document = prober.suite._apps[service].openapi()
    roles = {name: _may(columns) for (name, variant), columns in expected().items() if not variant}
    headers = {"appeal-pin": prober.known.get("pin", "00000000"), "upload-token": prober.known["upload_token"], **fuzz.BOT}
    for ask in of_document(document, prober.known, roles, headers):
        yield ask, document


@pytest.mark.parametrize("service", SERVICES)
class TestOperations:
    @pytest.mark.timeout(900)
    def test_fields_paths_and_queries(self, probe, service):
        async def work(prober: Prober) -> None:
            for ask, document in _operations(prober, service):
                await prober.probe([ask, *of_operation(ask, document)])

        assert probe(work).asked > 50

    @pytest.mark.timeout(900)
    def test_headers(self, probe, service):
        async def work(prober: Prober) -> None:
            for turn, (ask, _) in enumerate(_operations(prober, service)):
                await prober.probe(of_headers(ask, turn or None))

        assert probe(work).asked > 100


class TestPages:
    async def _pages(self, prober: Prober) -> list[Ask]:
        ids = {**prober.known}
        matrix = expected()
        found = []
        for call in calls_of(prober.suite):
            method, _, template = call.name.partition(" ")
            if call.is_page and method == "GET" and not call.variant:
                role = _may(matrix[call.key])
                path = template.format_map(_Ids(ids))
                found.append(Ask("GET", path, "ordinary", role=role, is_page=True, template=template))
        return found

    async def _forms(self, prober: Prober) -> tuple[list[tuple[Ask, Any]], list[tuple[Ask, set[str]]]]:
        """Every form that the pages show, and those that the answers to these forms show; and the queries of each page."""
        pages = await self._pages(prober)
        queries, forms, seen = [], [], set()
        waiting = [(page, DEPTH) for page in pages]
        while waiting:
            ask, depth = waiting.pop(0)
            _, body = await prober.answer(ask)
            shown, names = forms_of(ask.path, body.decode("utf-8", "replace"))
            if ask.method == "GET":
                queries.append((ask, names | {name for form in shown if form.method == "get" for name in form.fields}))
            for form in shown:
                if form.method != "post" or form.key in seen:
                    continue
                seen.add(form.key)
                form.fields |= (
                    {"number": prober.known["number"], "pin": prober.known.get("pin", "00000000")} if "pin" in form.fields else {}
                )
                path, _, query = form.action.partition("?")
                post = Ask("POST", path, "ordinary", query, _encoded(form.fields), role=ask.role, is_page=True)
                forms.append((post, form))
                if depth:
                    waiting.append((post, depth - 1))
        return forms, queries

    @pytest.mark.timeout(900)
    def test_forms(self, probe):
        async def work(prober: Prober) -> None:
            forms, _ = await self._forms(prober)
            for post, form in forms:
                await prober.probe([post, *of_form(post, form)])

        assert probe(work).asked > 200

    @pytest.mark.timeout(900)
    def test_queries_and_headers(self, probe):
        async def work(prober: Prober) -> None:
            _, queries = await self._forms(prober)
            for turn, (page, names) in enumerate(queries):
                await prober.probe(of_headers(page, turn or None))
                for number, name in enumerate(sorted(names | QUERIES)):
                    value = VALUES[(turn + number) % len(VALUES)]
                    await prober.probe([replace(page, about=f"query {name}", query=f"{name}={value}")])

        assert probe(work).asked > 300


class _Ids(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"action": "claim", "move": "take", "code": "COMPLAINT"}.get(name, "018f0000-0000-7000-8000-0000000000aa")


def _encoded(fields: dict[str, str]) -> bytes:
    return urlencode(fields).encode()


class TestMeasure:
    """What the bounds are worth: work that is not linear exceeds them."""

    async def test_a_quadratic_algorithm_on_the_loop_is_seen(self):
        app = FastAPI()

        @app.post("/")
        async def search(request: Request) -> int:
            text = (await request.body()).decode()
            words = text.split()
            return sum(words[n : n + 20] == ["а"] * 20 and " ".join(words[:n]).count("а") > 0 for n in range(len(words)))

        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
        _, spent = await measured(_exchange(app, scope, ("а " * 10_000).encode(), until_begun=False))
        assert spent.step > STEP
        assert spent.whole > WHOLE

    async def test_work_in_a_thread_is_no_step_but_counts(self):
        def busy() -> None:
            until = time.thread_time() + 0.3
            while time.thread_time() < until:
                pass

        _, spent = await measured(asyncio.to_thread(busy))
        assert spent.step < STEP
        assert spent.whole > WHOLE

    async def test_waiting_is_no_work(self):
        _, spent = await measured(asyncio.sleep(0.4))
        assert (spent.step < STEP, spent.whole < WHOLE) == (True, True)

"""No request holds the event loop or a core: every operation and every page, with the longest and most repetitive input that is allowed.

Generated from the services' documents and from the forms that the pages show. Processor time is measured, so that the load of the machine
does not count. Bounds: `prober.WHOLE` and `prober.STEP`; imports and uploads have their own, in proportion to their size.
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import iter_route_contexts

from intake.imports.schemas import LegacyRow
from suite import process
from suite.app import create_suite
from tests.e2e.conftest import People
from tests.patience import PATIENCE, wait_until
from tests.security import fuzz
from tests.security.extreme_requests import JSON, Ask, FormFound, forms_of, of_document, of_form, of_headers, of_operation
from tests.security.extreme_values import UNITS, repeated
from tests.security.prober import STEP, WHOLE, Prober, exchange
from tests.security.processor_time import measured
from tests.security.roles import calls_of, expected
from tests.telegram_double import TelegramDouble

SERVICES = ("intake", "routing", "provider-contact", "analytics")
ROLES = ("supervisor", "specialist", "admin", "provider", "partner", "applicant", "telephony", "channel", "service", "operator", "analyst")
"""Who asks: the first of these who may, and applicants for what they filed."""
QUERIES = {"lang", "next", "flash", "cursor", "number", "page", "show"}
VALUES = ("%D0%B0+" * 1000, "1" * 7_000, "%C2%AD" * 1_200, "(" * 7_000, "a," * 3_500)
DEPTH = 2  # pages that only a posted form shows: so many forms behind each other
MB = 2**20
LARGE_STEP, LARGE_WHOLE = 0.1, 5.0
"""Seconds of processor time of an import or an upload of 1 MB: each row has its own transaction's work, and never holds the loop long."""
UNLIMITED = fuzz.UNLIMITED | {"ARYZ_INTAKE_PREVIEWS_PER_MINUTE": "0"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A data folder with an appeal, its case, an inquiry to a provider, files and subscriptions, made by a suite that has ended."""
    folder = tmp_path_factory.mktemp("bounded")
    with TelegramDouble() as telegram:
        environment = UNLIMITED | telegram.environment
        with (
            process.running(folder, environment=environment) as suite,
            httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
        ):
            people = People(suite, http)
            known = fuzz.prepare(people)
            followed = people.post("/intake/v1/appeals", fuzz.APPEAL, "applicant", **fuzz.FILER)
            known |= {"followed": followed["number"], "pin": followed["pin"], "other_appeal": followed["appeal_id"]}
            wait_until(lambda: people.get(f"/routing/v1/cases/{followed['appeal_id']}", "admin").is_success)
        yield folder, known, environment


@pytest.fixture
def probe(prepared, monkeypatch):
    """Runs work with a prober of a suite without loops of its own; raises with all offences at the end."""
    folder, known, environment = prepared
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(work: Callable[[Prober], Coroutine[Any, Any, None]], **bounds: float) -> Prober:
        async def in_suite() -> Prober:
            suite = create_suite(folder, worker=False)
            async with suite.running():
                prober = Prober(suite, known, **bounds)
                await work(prober)
            return prober

        prober = asyncio.run(in_suite())
        assert not prober.offences, "\n".join([prober.report(), *prober.offences])
        return prober

    return run


def _who(name: str, columns: dict[str, str]) -> str | None:
    first = ["applicant", *ROLES] if "/appeals/{number}" in name else ROLES
    return next((column for column in first if columns[column] == "+"), None)


async def _operations(prober: Prober, service: str) -> list[tuple[Ask, dict[str, Any]]]:
    """Every operation as it is ordinarily asked, deletions last, with choices that the case offers now."""
    document = prober.suite._apps[service].openapi()
    roles = {name: _who(name, columns) for (name, variant), columns in expected().items() if not variant}
    headers = {"upload-token": prober.known["upload_token"], "upload-offset": "0", **fuzz.BOT}
    asks = sorted(of_document(document, prober.known, roles, headers), key=lambda ask: ask.method == "DELETE")
    return [(await _with_choices(prober, ask), document) for ask in asks]


async def _with_choices(prober: Prober, ask: Ask) -> Ask:
    """The action with codes out of the lists that the server offers with it."""
    if "/actions/" not in ask.template or not ask.body:
        return ask
    body = json.loads(ask.body)
    for action in (await prober.state(ask)).get("next_actions", []):
        if ask.path.endswith(f"/{action['action']}"):
            for field in action["fields"]:
                options = [one if isinstance(one, str) else one["code"] for one in field.get("options") or []]
                now = body.get(field["name"])
                if options and isinstance(now, str) and now not in options:
                    body[field["name"]] = options[0]
                elif options and isinstance(now, list) and now and isinstance(now[0], str):
                    body[field["name"]] = [options[0]]
    return replace(ask, body=json.dumps(body).encode())


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.timeout(1200)
class TestOperations:
    def test_fields_paths_and_queries(self, probe, service):
        async def work(prober: Prober) -> None:
            for ask, document in await _operations(prober, service):
                await prober.probe([ask, *of_operation(ask, document)])

        prober = probe(work)
        assert prober.asked > 50
        assert prober.statuses[200] > 0

    def test_headers(self, probe, service):
        async def work(prober: Prober) -> None:
            for turn, (ask, _) in enumerate(await _operations(prober, service)):
                await prober.probe(of_headers(ask, turn or None))

        assert probe(work).asked > 100


def _pages(prober: Prober) -> Iterator[tuple[Ask, set[str]]]:
    """Every page that is opened by its address, and the parameters that its route names."""
    matrix = expected()
    parameters = {
        str(route.path_format): {field.alias for field in get_flat_params(route.dependant)}
        for app in (*prober.suite._apps.values(), prober.suite._home)
        for route in iter_route_contexts(app.routes)
        if hasattr(route, "dependant")
    }
    for call in calls_of(prober.suite):
        method, _, template = call.name.partition(" ")
        if call.is_page and method == "GET" and not call.variant:
            path = template.format_map(_Ids(prober.known | {"appeal_id": prober.known["other_appeal"]}))
            page = Ask("GET", path, "ordinary", role=_who(call.name, matrix[call.key]), is_page=True, template=template)
            yield page, parameters[template] - set(re.findall(r"\{(\w+)\}", template))


async def _forms(prober: Prober, depth: int = DEPTH) -> tuple[list[tuple[Ask, FormFound]], list[tuple[Ask, set[str]]]]:
    """Every form that the pages show, and those that the answers to these forms show; and the queries of each page."""
    queries, forms, seen = [], [], set()
    waiting = [(page, names, depth) for page, names in _pages(prober)]
    while waiting:
        ask, names, left = waiting.pop(0)
        _, body = await prober.answer(ask)
        shown, linked = forms_of(ask.path, body.decode("utf-8", "replace"))
        if ask.method == "GET":
            queries.append((ask, names | linked | {name for form in shown if form.method == "get" for name in form.fields}))
        for form in shown:
            if form.method != "post" or form.key in seen:
                continue
            seen.add(form.key)
            if "pin" in form.fields:
                form.fields |= {"number": prober.known["followed"], "pin": prober.known["pin"]}
            path, _, query = form.action.partition("?")
            # Whoever signs out is known nowhere any more: that is asked without a session.
            role = None if path == "/sign-out" else ask.role
            post = Ask("POST", path, "ordinary", query, urlencode(form.fields).encode(), role=role, is_page=True, template=path)
            forms.append((post, form))
            if left and role is not None:
                waiting.append((post, set(), left - 1))
    return forms, queries


class _Ids(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return {"action": "claim", "move": "take", "code": "COMPLAINT"}.get(name, "018f0000-0000-7000-8000-0000000000aa")


@pytest.mark.timeout(1200)
class TestPages:
    def test_forms(self, probe):
        async def work(prober: Prober) -> None:
            forms, _ = await _forms(prober)
            seen = Counter[str]()
            for post, form in forms:
                await prober.probe([post, *of_form(post, form, seen)])
            found = {post.path.rpartition("/")[2] for post, _ in forms}
            assert {"track", "counter", "register", "answer", "messages", "peoples-control", "sign-in"} <= found

        prober = probe(work)
        assert prober.asked > 200
        assert prober.statuses[200] > 50

    def test_queries_and_headers(self, probe):
        async def work(prober: Prober) -> None:
            _, queries = await _forms(prober, depth=0)  # a page that only a form shows has no query of its own
            for turn, (page, names) in enumerate(queries):
                await prober.probe(of_headers(page, turn or None))
                for number, name in enumerate(sorted(names | QUERIES)):
                    value = VALUES[(turn + number) % len(VALUES)]
                    await prober.probe([replace(page, about=f"query {name}", query=f"{name}={value}")])

        assert probe(work).asked > 300


class TestLargeBodies:
    """The exceptions: what is large by nature is read in steps, and costs in proportion to its size."""

    @pytest.mark.timeout(1200)
    @pytest.mark.parametrize("kind", ["rows", "one line", "quotes", "lines", "nested"])
    def test_imports(self, probe, kind):
        row = {name: repeated(UNITS["words"], 2_000) for name in LegacyRow.model_fields}
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        bodies = {
            "rows": {"application/x-ndjson": line * (MB // len(line)), "text/csv": b"bin,name_kk\n" + b'1,"a"\n' * (MB // 6)},
            "one line": {"application/x-ndjson": b"a" * MB, "text/csv": b"a" * MB},
            "quotes": {"application/x-ndjson": b'"' * MB, "text/csv": b"bin\n" + b'"' * MB},
            "lines": {"application/x-ndjson": b"\n" * MB, "text/csv": b"bin,name_kk\n" + b"\n" * MB},
            "nested": {"application/x-ndjson": b"[" * MB, "text/csv": b"bin,name_kk\n" + b",,,,;" * (MB // 5)},
        }[kind]

        async def work(prober: Prober) -> None:
            for path in ("/intake/v1/imports", "/provider-contact/v1/providers/imports"):
                for media_type, body in bodies.items():
                    await prober.probe([Ask("POST", path, f"{kind} {media_type}", "", body, {"content-type": media_type}, "admin")])

        probe(work, whole=LARGE_WHOLE, step=LARGE_STEP)

    @pytest.mark.timeout(1200)
    def test_uploads(self, probe):
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n%b\r\n--b--\r\n'

        async def work(prober: Prober) -> None:
            for name, unit in {**UNITS, "line ends": "\r\n", "half boundaries": "\r\n--", "null": "\0"}.items():
                filed = Ask(
                    "POST", "/intake/v1/appeals", body=json.dumps(fuzz.APPEAL).encode(), headers={"content-type": JSON}, role="applicant"
                )
                path = f"/intake/v1/appeals/{json.loads((await prober.answer(filed))[1])['number']}/attachments"
                content = (unit * (MB // len(unit.encode()))).encode()
                for media_type, body in {"text/plain": content, "multipart/form-data; boundary=b": form % content}.items():
                    await prober.probe([Ask("POST", path, f"{name} {media_type}", "", body, {"content-type": media_type}, "applicant")])

        assert probe(work, whole=LARGE_WHOLE, step=LARGE_STEP).statuses[201] > 20


class TestMeasure:
    """What the bounds are worth: work that is not linear exceeds them."""

    async def test_a_quadratic_algorithm_on_the_loop_is_seen(self):
        app = FastAPI()

        @app.post("/")
        async def search(request: Request) -> int:
            words = (await request.body()).decode().split()
            return sum("".join(words[n:]).startswith("б") for n in range(len(words)))

        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
        _, spent = await measured(exchange(app, scope, ("а " * 10_000).encode(), until_begun=False))
        assert spent.step > STEP
        assert spent.whole > WHOLE

    async def test_work_in_a_thread_is_no_step_but_counts(self):
        def busy() -> None:
            until = time.thread_time() + 2 * WHOLE
            while time.thread_time() < until:
                pass

        _, spent = await measured(asyncio.to_thread(busy))
        assert spent.step < STEP
        assert spent.whole > WHOLE

    async def test_waiting_is_no_work(self):
        _, spent = await measured(asyncio.sleep(0.4))
        assert (spent.step < STEP, spent.whole < WHOLE) == (True, True)

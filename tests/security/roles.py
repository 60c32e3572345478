"""Who may make which call: every operation and page of a suite, and how to ask each as every role. `roles.csv` has what is right."""

import asyncio
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi.routing import APIRoute, iter_route_contexts

from suite.app import Suite

MATRIX = Path(__file__).parent / "roles.csv"
NOBODY = "nobody"
UNKNOWN = UUID("018f0000-0000-7000-8000-0000000000aa")
PASSES, SIGN_IN = "+", "sign-in"
CLAIMS: dict[str, tuple[str, dict[str, Any]]] = {  # column: role, and the claims it needs to see anything at all
    "applicant": ("applicant", {}),
    "channel": ("channel", {"subject": "kiosk"}),
    "app-backend": ("channel", {"subject": "app"}),
    "telephony": ("telephony", {}),
    "operator": ("operator", {}),
    "specialist": ("specialist", {"region": "KZ-43"}),
    "expert": ("expert", {}),
    "supervisor": ("supervisor", {"region": "KZ-43"}),
    "head": ("head", {"region": "KZ-43"}),
    "provider": ("provider", {"provider_id": UNKNOWN}),
    "analyst": ("analyst", {}),
    "partner": ("partner", {}),
    "admin": ("admin", {}),
    "service": ("service", {"subject": "routing"}),
}
COLUMNS = (NOBODY, *CLAIMS)
APPEAL = {"region": "KZ-00", "text": "Как оплатить взносы?", "applicant": {}}
PATHS = {
    "number": "2026-43-9999999-6",
    "code": "COMPLAINT",
    "kpi_id": "received",
    "chart_id": "channels",
    "action": "claim",
    "grain": "facts",
    "file_format": "csv",
    "region": "KZ-43",
    "period": "2025",
}
# Calls that judge what was sent before they ask who sends it, or that answer by it.
BODIES: dict[str, Any] = {"POST /intake/v1/appeals": APPEAL}
QUERIES = {
    "GET /analytics/dashboard/appeals": "from=2025-01-01&to=2025-12-31",
    "GET /analytics/dashboard/charts/{chart_id}.{file_format}": "from=2025-01-01&to=2025-12-31",
    "GET /analytics/exports/{grain}.{file_format}": "from=2025-01-01&to=2025-12-31",
    "GET /analytics/providers.csv": "period=2025-Q4",
    "GET /analytics/v1/providers/index": "period=2025-Q4",
    "GET /analytics/v1/exports/{grain}.{file_format}": "from=2025-01-01&to=2025-12-31",
    "GET /analytics/v1/kpis/{kpi_id}": "from=2025-01-01&to=2025-12-31",
    "GET /analytics/v1/kpis/{kpi_id}/appeals": "from=2025-01-01&to=2025-12-31",
    "GET /analytics/v1/trends": "kpi=received&from=2025-01-01&to=2025-12-31&interval=month",
}
PATHS_OF = {
    "GET /analytics/reports/{region}/{period}.{file_format}": {"file_format": "html"},
    "GET /analytics/v1/reports/{region}/{period}.{file_format}": {"file_format": "html"},
}
VARIANTS = {"GET /analytics/v1/kpis/{kpi_id}": {"internal figure": {"kpi_id": "calls_offered"}}}
OPERATIONAL = ("/health/", "/metrics", "/docs", "/openapi.json", "/static", "/.well-known/")


@dataclass(frozen=True)
class Call:
    """An operation of an API or a page, and which of its variants (figures have two)."""

    name: str
    is_page: bool
    variant: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.variant


def calls_of(suite: Suite) -> Iterator[Call]:
    """Every call of the four services and of the home pages."""
    for app in (*suite._apps.values(), suite._home):
        for route in iter_route_contexts(app.routes):
            path = str(route.path_format)
            if not isinstance(route.original_route, APIRoute) or any(part in path for part in OPERATIONAL):
                continue
            for method in sorted(route.methods or ()):
                name = f"{method} {path}"
                for variant in ("", *VARIANTS.get(name, ())):
                    yield Call(name, not route.include_in_schema, variant)


async def verdict(suite: Suite, call: Call, token: str | None) -> str:
    """What the call says to whoever holds the token: PASSES, `401`, `403`, or SIGN_IN for a page that shows the way there."""
    method, _, template = call.name.partition(" ")
    ids = PATHS | PATHS_OF.get(call.name, {}) | VARIANTS.get(call.name, {}).get(call.variant, {})
    path = template.format_map(_Ids(ids))
    headers = [(b"host", b"127.0.0.1"), (b"sec-fetch-site", b"same-origin")]
    if call.is_page:
        headers += [(b"accept", b"text/html"), (b"content-type", b"application/x-www-form-urlencoded")]
        headers += [(b"cookie", f"aryz_session={token}".encode())] if token else []
        body = urlencode({"subject": "nobody", "token": "none"}).encode()
    else:
        headers += [(b"content-type", b"application/json"), (b"upload-token", b"none"), (b"upload-offset", b"0")]
        headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
        body = json.dumps(BODIES.get(call.name, {})).encode()
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": QUERIES.get(call.name, "").encode(), "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 40_000), "server": ("127.0.0.1", 8000),
    }  # fmt: skip
    status, location = await _first(suite, scope, body)
    assert status < 500 or status == 503, (call, status)
    if status == 303 and location.startswith("/sign-in"):
        return SIGN_IN
    return str(status) if status in {401, 403} else PASSES


async def _first(suite: Suite, scope: dict[str, Any], body: bytes) -> tuple[int, str]:
    """Status and Location, as soon as the answer begins: a stream of events would not end."""
    began: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start" and not began.done():
            began.set_result((message["status"], dict(message["headers"]).get(b"location", b"").decode()))

    answering = asyncio.create_task(suite(scope, receive, send))
    await asyncio.wait([began, answering], return_when=asyncio.FIRST_COMPLETED)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    return began.result()


class _Ids(dict[str, str]):
    def __missing__(self, _name: str) -> str:
        return str(UNKNOWN)


def expected() -> dict[tuple[str, str], dict[str, str]]:
    """The matrix: by call and variant, the verdict for each column."""
    with MATRIX.open(encoding="utf-8") as file:
        return {(row["call"], row["variant"]): {one: row[one] for one in COLUMNS} for row in csv.DictReader(file)}

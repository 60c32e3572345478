"""The public HTTP API as the demo's citizens, clerks and providers use it."""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, TypedDict

import httpx
from pydantic import JsonValue

from shared.domain.regions import regions
from shared.http import CLIENT_LIMITS
from shared.tls import authorities
from suite.demo.appeals import DemoAppeal, KnownProvider
from suite.demo.directory import as_csv, contacts_csv

TIMEOUT_SECONDS = 30.0
CONNECTIONS = 64
WAITS = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})
DIRECTORY_SECONDS = 10.0
PATIENCE_SECONDS = 600.0  # the rate limit of an address without a token may delay a citizen for minutes
Token = Callable[..., str]
Where = str | Mapping[str, str]
"""The single address of a suite, or an address per service."""


class Filed(TypedDict):
    """The receipt of an appeal, as far as the demo reads it."""

    appeal_id: str


class OfferedField(TypedDict):
    """A field of an action, with its proposed value."""

    name: str
    value: JsonValue


class OfferedAction(TypedDict):
    """An action that the desk offers for a case."""

    action: str
    fields: list[OfferedField]


class CaseView(TypedDict):
    """A case on the desk, as far as the demo reads it."""

    version: int
    next_actions: list[OfferedAction]


class InquiryView(TypedDict):
    """An inquiry, as far as the demo reads it."""

    inquiry_id: str
    provider_id: str
    version: int


class InquiryPage(TypedDict):
    """A page of inquiries."""

    items: list[InquiryView]
    next_cursor: str | None


class FigurePart(TypedDict):
    """The value of one part of a KPI."""

    code: str
    value: int


class FigureView(TypedDict):
    """The value of a KPI and of its parts."""

    value: int
    parts: list[FigurePart]


class DemoFailed(RuntimeError):
    """The suite refused a request that the demo considers valid."""


class Surface:
    """The HTTP calls of all roles, each with the token of its role."""

    def __init__(self, where: Where, token: Token) -> None:
        # One client per connection: a shared pool scans all connections at every request, which took half of the sender's time.
        clients = [
            httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=CLIENT_LIMITS, verify=authorities(), trust_env=False)
            for _ in range(CONNECTIONS)
        ]
        self._where = where
        self._clients = clients
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for client in clients:
            self._free.put_nowait(client)
        self._token = token
        self._bearers: dict[tuple[str, str | None], dict[str, str]] = {}

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        client = await self._free.get()
        try:
            return await client.request(method, self._origin(path) + path, **options)
        finally:
            self._free.put_nowait(client)

    def _origin(self, path: str) -> str:
        return self._where if isinstance(self._where, str) else self._where[path.split("/", 2)[1]]

    def bearer(self, role: str, provider_id: str | None = None) -> dict[str, str]:
        """Return the header with a role's token. The token is created once."""
        key = (role, provider_id)
        if key not in self._bearers:
            self._bearers[key] = {"Authorization": f"Bearer {self._token(role, provider_id)}"}
        return self._bearers[key]

    async def import_directory(self) -> None:
        await self._import("providers", as_csv())

    async def import_contacts(self) -> None:
        await self._import("contacts", contacts_csv())

    async def _import(self, sheet: str, text: str) -> None:
        headers = {**self.bearer("admin"), "Content-Type": "text/csv"}
        result = _ok(await self._ask("POST", f"/provider-contact/v1/{sheet}/imports", content=text.encode(), headers=headers))
        if result["rejected"]:
            raise DemoFailed(f"the {sheet} were refused: {result['rejected'][0]}")

    async def directory(self) -> list[KnownProvider]:
        """Return all providers by the public search."""
        return [provider for region in regions() for provider in await self.providers(region)]

    async def providers(self, region: str) -> list[KnownProvider]:
        found = _ok(await self._ask("GET", "/provider-contact/v1/providers", params={"region": region, "limit": 200}))
        return [KnownProvider(each["provider_id"], each["name_kk"], each["name_ru"], each["region"]) for each in found["items"]]

    async def register(self, appeal: DemoAppeal, key: str) -> Filed:
        """File an appeal as its channel does: the web site without a token, other channels with theirs. Waits after a 429."""
        headers = {"Idempotency-Key": key} | ({} if appeal.channel == "WEB" else self.bearer("channel"))
        unknown_until, patient_until = monotonic() + DIRECTORY_SECONDS, monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self._ask("POST", "/intake/v1/appeals", json=appeal.body, headers=headers)
            if answer.status_code in WAITS and monotonic() < patient_until:
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
            elif "unknown-provider" in _codes(answer) and monotonic() < unknown_until:
                await asyncio.sleep(0.1)  # the directory was just imported, and intake receives it by events
            else:
                filed: Filed = _ok(answer)
                return filed

    async def has_cases(self) -> bool:
        found = _ok(await self._ask("GET", "/routing/v1/cases", params={"scope": "all", "limit": 1}, headers=self.bearer("admin")))
        return bool(found["total"])

    async def visit_desk(self, token: str) -> None:
        """Open the desk as a user, who is then known there as a colleague to assign cases to."""
        _ok(await self._ask("GET", "/routing/v1/cases", params={"limit": 1}, headers={"Authorization": f"Bearer {token}"}))

    async def case(self, appeal_id: str) -> CaseView | None:
        """Return the case on the desk, None while routing has not opened it."""
        answer = await self._ask("GET", f"/routing/v1/cases/{appeal_id}", headers=self.bearer("operator"))
        return None if answer.status_code == httpx.codes.NOT_FOUND else _ok(answer)

    async def act_on_case(self, appeal_id: str, action: str, version: int, **fields: Any) -> CaseView | None:
        """Perform a clerk's action. Returns None if the case changed meanwhile."""
        path = f"/routing/v1/cases/{appeal_id}/actions/{action}"
        answer = await self._ask("POST", path, json={"expected_version": version, **fields}, headers=self.bearer("operator"))
        return None if answer.status_code == httpx.codes.CONFLICT else _ok(answer)

    async def inquiries(self, cursor: str | None = None) -> InquiryPage:
        params = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        page: InquiryPage = _ok(await self._ask("GET", "/provider-contact/v1/inquiries", params=params, headers=self.bearer("admin")))
        return page

    async def respond(self, inquiry: InquiryView, action: str, version: int, **fields: Any) -> InquiryView | None:
        """Perform a provider's action on its inquiry. Returns None if the inquiry was settled meanwhile."""
        path = f"/provider-contact/v1/inquiries/{inquiry['inquiry_id']}/actions/{action}"
        headers = self.bearer("provider", inquiry["provider_id"])
        answer = await self._ask("POST", path, json={"expected_version": version, **fields}, headers=headers)
        return None if answer.status_code == httpx.codes.CONFLICT else _ok(answer)

    async def figure(self, kpi: str, first: str, last: str) -> FigureView:
        path, params = f"/analytics/v1/kpis/{kpi}", {"from": first, "to": last}
        figure: FigureView = _ok(await self._ask("GET", path, params=params, headers=self.bearer("analyst")))
        return figure


def _codes(answer: httpx.Response) -> list[str]:
    """Return the codes of the refused fields."""
    if answer.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
        return []
    return [each["code"] for each in answer.json().get("errors", [])]


def _ok(answer: httpx.Response) -> Any:
    if not answer.is_success:
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        errors = [(each["field"], each["code"]) for each in problem.get("errors", [])]
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {problem.get('code', '')} {errors or ''}"
        )
    return answer.json()

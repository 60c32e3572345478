"""A reverse proxy that serves all services under one address: the home pages, and every path of a service by forwarding.

In production an ingress does this. `python -m suite.front` finds the services by `ARYZ_<SERVICE>_URL`.
"""

import argparse
import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_network
from typing import Final

import httpx
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import server
from shared.client_address import client_address, client_scheme
from shared.connections import ConnectionLimits
from shared.edge import HostsNotNamed, edge
from shared.errors import Unavailable, error_response
from shared.http import CLIENT_LIMITS
from shared.logging import configure_logging
from shared.private_files import use_private_umask
from shared.request_limits import refusal_of
from shared.service import SUITE, Foundation
from shared.settings import ServiceSettings
from shared.tls import authorities
from suite.home import create_home
from suite.processes import HOST, SERVICES

TIMEOUT_SECONDS: Final = 60.0
# Hop-by-hop header fields (RFC 9110, 7.6.1), which are not forwarded.
ONE_HOP: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"})
# Address and scheme as the client states them. The front replaces them.
FORWARDING: Final = frozenset(
    {b"forwarded", b"via", b"x-client-ip", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto", b"x-real-ip"}
)


class Front:
    """The ASGI application of the proxy. Call `close` at the end."""

    def __init__(self, settings: ServiceSettings, foundation: Foundation) -> None:
        self._home: ASGIApp = create_home(settings, foundation, SERVICES)
        self._settings = settings
        self._proxies = tuple(map(ip_network, settings.trusted_proxies))
        self._clients = {
            each: httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=CLIENT_LIMITS, trust_env=False, verify=authorities())
            for each in SERVICES
        }

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        if service in self._clients and not refusal_of(scope, self._settings.header_bytes):  # the home pages answer the refusal
            await self._forward(service, scope, receive, send)
        else:
            await self._home(scope, receive, send)

    async def _forward(self, service: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._clients[service].send(self._request(service, Request(scope, receive)), stream=True)
        except ClientDisconnect:
            return
        except httpx.TransportError:
            request = Request({**scope, "app": self._home}, receive)
            await (await error_response(request, Unavailable(f"{service} does not answer")))(scope, receive, send)
            return
        try:
            await send({"type": "http.response.start", "status": answer.status_code, "headers": _end_to_end(answer.headers.raw)})
            with suppress(httpx.TransportError):  # the service broke off: the response stays incomplete as well
                async for part in answer.aiter_raw():
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body"})
        finally:
            await answer.aclose()

    def _request(self, service: str, request: Request) -> httpx.Request:
        """Return the request to send to the service.

        The service receives the requested host, so that its pages know their own address, and the client's address and scheme as
        the front determined them: from the socket, or from a proxy that the front trusts.
        """
        url = httpx.URL(self._settings.url_of(service) or "").copy_with(raw_path=_target(request.scope))
        has_body = not {"content-length", "transfer-encoding"}.isdisjoint(request.headers)
        # Space around a value is no part of it (RFC 9110, 5.5). The parser leaves the space after it, and the client refuses to send that.
        headers = [(name, value.strip(b" \t")) for name, value in _end_to_end(request.headers.raw) if name not in FORWARDING]
        headers.append((b"x-forwarded-for", client_address(request, self._proxies).encode()))
        headers.append((b"x-forwarded-proto", client_scheme(request, self._proxies).encode()))
        return httpx.Request(request.method, url, headers=headers, content=request.stream() if has_body else None)


def _target(scope: Scope) -> bytes:
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return raw_path + b"?" + query if query else raw_path


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in ONE_HOP]


def main() -> None:
    """Serve until a signal arrives."""
    parser = argparse.ArgumentParser(prog="python -m suite.front")
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args()
    use_private_umask()
    try:
        with server.listen(chosen.host, chosen.port) as listening:
            server.run(_serve(ServiceSettings(), listening, chosen.host))
    except (server.PortBusy, HostsNotNamed) as refusal:
        raise SystemExit(f"front: {refusal}") from None


async def _serve(settings: ServiceSettings, listening: socket.socket, host: str) -> None:
    configure_logging(settings.log_level, service=SUITE)
    foundation = Foundation.build(settings)
    front = Front(settings, foundation)
    server.settle_memory()
    try:
        await server.serve(edge(front, settings, host), listening, limits=ConnectionLimits.of(settings))
    finally:
        await front.close()
        await foundation.stop()


if __name__ == "__main__":
    main()

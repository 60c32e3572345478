"""What is decided about a request before anything else looks at it: whether its host is served here, and by which scheme it came.

A page of another site can have its own name resolve to this machine (DNS rebinding): the browser then takes our answers for that site's.
The Host header still carries that name, so a process answers to the names that it knows alone.
"""

from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.client_address import Network, client_scheme
from shared.errors import HostNotAllowed, problem_response
from shared.request_limits import bare
from shared.settings import ServiceSettings
from shared.web.errors import html_error_response, prefers_html
from shared.web.security import add_security_headers

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not listened on
PROBES: Final = ("/health/live", "/health/ready")
"""Ends of paths that an orchestrator asks by the process's address. They say nothing of anybody."""
SERVICES: Final = ("intake", "routing", "provider-contact", "analytics")
REMEMBERED: Final = 100  # spellings of allowed hosts (with their ports), so that the usual ones cost one look-up


class HostsNotNamed(ValueError):
    """A process would listen beyond this machine without being told its names; says what to set."""


def allowed_hosts(settings: ServiceSettings, listens_on: str) -> frozenset[str] | None:
    """The names that a process listening on `listens_on` answers to, without ports; None: all of them.

    On one machine, where the local issuer signs people in, these are the loopback names, the address listened on and
    ARYZ_ALLOWED_HOSTS. Where an OIDC provider does, an ingress stands in front and names count only if they are set.

    Raises HostsNotNamed for the local issuer beyond loopback without ARYZ_ALLOWED_HOSTS.
    """
    given = frozenset(each.lower() for each in settings.allowed_hosts)
    if settings.oidc_issuer and not given:
        return None
    own = f"[{listens_on}]" if ":" in listens_on else listens_on
    if not settings.oidc_issuer and not given and not _is_loopback(listens_on):
        raise HostsNotNamed(
            f"on {listens_on or 'every address'} other machines reach the sign-in of this one. Name the hosts that they may ask for in "
            'ARYZ_ALLOWED_HOSTS (["aryz.example"]), or listen on 127.0.0.1'
        )
    urls = filter(None, map(settings.url_of, SERVICES))
    others = frozenset(host for url in urls if (host := _name(urlsplit(url).netloc)))
    return LOOPBACK | given | others | (frozenset() if listens_on in EVERY_ADDRESS else {own.lower()})


def edge(app: ASGIApp, settings: ServiceSettings, listens_on: str) -> "Edge":
    """`app` behind its edge. Raises HostsNotNamed."""
    return Edge(app, allowed_hosts(settings, listens_on), tuple(ip_network(each) for each in settings.trusted_proxies))


class Edge:
    """ASGI application around another: refuses other hosts with 421, and takes the scheme from a trusted proxy's `X-Forwarded-Proto`.

    What follows from the scheme (Secure cookies, HSTS, addresses on paper) needs to know nothing of proxies.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None, proxies: tuple[Network, ...] = ()) -> None:
        """`hosts`: names without ports, None for all."""
        self._app = app
        self._hosts = hosts
        self._proxies = proxies
        self._known: set[bytes | None] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = [value for name, value in scope["headers"] if name == b"host"]
            host = hosts[0] if len(hosts) == 1 else None
            if self._hosts is not None and host not in self._known and not self._allows(host) and not scope["path"].endswith(PROBES):
                await self._refuse(scope, receive, send)
                return
            if self._proxies:
                scope = self._with_scheme(scope)
        await self._app(scope, receive, send)

    def _allows(self, host: bytes | None) -> bool:
        if host is None or _name(host.decode("latin-1")) not in (self._hosts or ()):
            return False
        if len(self._known) < REMEMBERED:
            self._known.add(host)
        return True

    def _with_scheme(self, scope: Scope) -> Scope:
        scheme = client_scheme(HTTPConnection(scope), self._proxies)
        return scope if scheme == scope["scheme"] else {**scope, "scheme": scheme}

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, error = Request(bare(scope)), HostNotAllowed()
        answer = html_error_response(request, error.status, error.code) if prefers_html(request) else problem_response(error)
        add_security_headers(answer.headers)
        await answer(scope, receive, send)


def _name(host: str) -> str:
    """The name of a Host header without its port, which may be empty, and without a root's dot: `localhost`, `[::1]`."""
    name, _, port = host.rpartition(":")
    return (name if name and (port.isdecimal() or not port) else host).lower().removesuffix(".")


def _is_loopback(listens_on: str) -> bool:
    try:
        return listens_on == "localhost" or ip_address(listens_on).is_loopback
    except ValueError:
        return False

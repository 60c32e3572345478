"""The first check of every request: whether its host is served here, and which scheme the client used.

A page of another site can make its own name resolve to this machine (DNS rebinding). The browser then treats our answers as that
site's. The Host header still carries the other name, so a process answers only to the names that it knows.
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
"""Path endings that an orchestrator requests by the address of the process. The answers contain no personal data."""
SERVICES: Final = ("intake", "routing", "provider-contact", "analytics")
REMEMBERED: Final = 100  # spellings of allowed hosts (with ports), so that a known one costs one look-up


class HostsNotNamed(ValueError):
    """The process would listen beyond this machine although no host names are configured. The message names the setting."""


def allowed_hosts(settings: ServiceSettings, listens_on: str) -> frozenset[str] | None:
    """Return the host names, without ports, that a process listening on `listens_on` answers to. None means all names.

    With the local issuer, on one machine, these are the loopback names, the address listened on and ARYZ_ALLOWED_HOSTS. With an
    OIDC provider an ingress stands in front, and names are checked only if they are set.

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
    """Wrap `app` in an `Edge` configured by the settings. Raises HostsNotNamed."""
    return Edge(app, allowed_hosts(settings, listens_on), tuple(ip_network(each) for each in settings.trusted_proxies))


class Edge:
    """ASGI middleware that refuses other hosts with 421 and takes the scheme from a trusted proxy's `X-Forwarded-Proto`.

    Code that depends on the scheme (Secure cookies, HSTS, printed addresses) therefore does not deal with proxies.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None, proxies: tuple[Network, ...] = ()) -> None:
        """`hosts`: names without ports, None for all names."""
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
    """Return the name in a Host header without its port and without a trailing dot: `localhost`, `[::1]`. The port may be empty."""
    name, _, port = host.rpartition(":")
    return (name if name and (port.isdecimal() or not port) else host).lower().removesuffix(".")


def _is_loopback(listens_on: str) -> bool:
    try:
        return listens_on == "localhost" or ip_address(listens_on).is_loopback
    except ValueError:
        return False

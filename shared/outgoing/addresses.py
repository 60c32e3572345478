"""Addresses that a webhook may have: https to a public address, checked by name, by every resolved address, and again when connecting.

A name can resolve to another address a moment later. The connection therefore goes to the address that was checked, with the certificate
of the name. Redirects are not followed, proxies of the environment are not used, and a connection serves one call.
"""

import asyncio
import re
import socket
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, IPvAnyNetwork

from shared.errors import FieldError, InvalidInput
from shared.outgoing.settings import OutgoingSettings
from shared.policy_files import policy_model
from shared.tls import authorities

LOOPBACK: Final = "127.0.0.1"
HTTPS: Final = 443
REFUSED: Final = "The URL is not allowed: webhooks go by https to a host on the public internet, without user name, password and fragment."
UNRESOLVED: Final = "The host name of the URL has no address. Check its spelling and its entry in DNS."
RESOLVE_SECONDS: Final = 5
LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")  # RFC 1123 §2.1, and the underscore, which is used in practice


class RefusedAddresses(BaseModel):
    """Names and networks that no webhook may have (`data/refused_addresses.toml`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: frozenset[str]
    networks: tuple[IPvAnyNetwork, ...]


@cache
def refused_addresses() -> RefusedAddresses:
    """Return the names and networks that are refused. Raises ValidationError for a wrong file."""
    return policy_model("shared.outgoing", "refused_addresses.toml", RefusedAddresses)


class RefusedAddress(InvalidInput):
    """The URL of a webhook may not be called. Neither the error nor the log says what its host name stands for."""

    example_errors = (FieldError("url", "refused-address", REFUSED),)

    def __init__(self) -> None:
        super().__init__(self.example_errors)


class UnresolvedAddress(RefusedAddress):
    """The host name of the URL stands for no address, or DNS did not answer in time."""

    example_errors = (FieldError("url", "unresolved-address", UNRESOLVED),)


async def resolve(host: str, port: int) -> list[str]:
    """Return every address of a name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(socket_address[0]) for *_, socket_address in found]


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """Checks the URLs of webhooks. `to_loopback` also allows http to 127.0.0.1, for trials on one machine."""

    to_loopback: bool = False

    @classmethod
    def of(cls, settings: OutgoingSettings) -> "AddressGuard":
        """Return the guard of this installation; production never allows loopback."""
        return cls(to_loopback=settings.webhooks_to_loopback and settings.env != "production")

    async def check(self, url: str) -> str:
        """Return the address to connect to.

        Raises RefusedAddress for a refused name or a refused address of it, and UnresolvedAddress for a name without any.
        """
        parts = _split(url)
        host = parts.hostname or ""
        if self.to_loopback and parts.scheme == "http" and host == LOOPBACK:
            return LOOPBACK
        if parts.scheme != "https" or not _is_public_name(host):
            raise RefusedAddress
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                addresses = await resolve(host, parts.port or HTTPS)
        except (OSError, UnicodeError):  # TimeoutError is an OSError
            raise UnresolvedAddress from None
        if not addresses:
            raise UnresolvedAddress
        if not all(map(_is_public, addresses)):
            raise RefusedAddress
        return addresses[0]


class PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to the address that the guard has just checked, with the name in Host and in TLS."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._inner = httpx.AsyncHTTPTransport(
            verify=authorities(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0), retries=0
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises RefusedAddress in addition to what any transport raises."""
        name = request.url.raw_host.decode()
        address = await self._guard.check(str(request.url))
        request.extensions = {**request.extensions, "sni_hostname": name}
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _split(url: str) -> SplitResult:
    if not url.isascii() or any(char.isspace() or not char.isprintable() or char == "\\" for char in url):
        raise RefusedAddress
    try:
        parts = urlsplit(url)
        httpx.URL(url).host  # noqa: B018 - parse it as the client will: an invalid `xn--` label fails here and not when sending
        refused = parts.port == 0 or parts.username is not None or parts.password is not None or parts.fragment
    except (ValueError, httpx.InvalidURL):
        raise RefusedAddress from None
    if refused:
        raise RefusedAddress
    return parts


def _is_public_name(host: str) -> bool:
    """Return whether a host is a name with a dot or a literal public address; a numeric last label is an address (WHATWG URL, hosts)."""
    labels = host.rstrip(".").split(".")
    parsed = _parsed(host)
    if parsed is not None:
        return _is_public(host)
    is_number = labels[-1].isdigit() or labels[-1].startswith("0x")
    endings = {".".join(labels[start:]) for start in range(len(labels))}
    return len(labels) > 1 and all(map(LABEL.fullmatch, labels)) and not is_number and endings.isdisjoint(refused_addresses().names)


def _is_public(address: str) -> bool:
    parsed = _parsed(address.partition("%")[0])
    if parsed is None or not parsed.is_global or parsed.is_multicast:
        return False
    return not any(parsed in network for network in refused_addresses().networks if network.version == parsed.version)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None

"""Where a webhook may go: https to a public address, checked by name, by every address the name stands for, and again when connecting.

A name can be resolved to something else a moment later, so the connection goes to the very address that was checked, under the
certificate of the name. Nothing is followed anywhere else, no proxy of the environment stands between, and a connection serves one call.
"""

import asyncio
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from intake.channels.partner.service import policy
from intake.settings import Settings
from shared.errors import InvalidInput
from shared.tls import authorities

LOOPBACK: Final = "127.0.0.1"
HTTPS: Final = 443
REFUSED: Final = "Webhooks go by https to an address on the public internet."
RESOLVE_SECONDS: Final = 5
LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")  # RFC 1123 §2.1, and the underscore that is met


class RefusedAddress(InvalidInput):
    """This URL may not be called."""

    def __init__(self) -> None:
        super().__init__(InvalidInput.field("url", "refused-address", REFUSED).errors)


async def resolve(host: str, port: int) -> list[str]:
    """Every address a name stands for. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


@dataclass(frozen=True, slots=True)
class Guard:
    """`to_loopback`: http to 127.0.0.1 as well, for trials on one machine."""

    to_loopback: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Guard":
        return cls(to_loopback=settings.webhooks_to_loopback and settings.env != "production")

    async def check(self, url: str) -> str:
        """The address to connect to. Raises RefusedAddress by the name, or by any address that it stands for; OSError is refused too."""
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
            raise RefusedAddress from None
        if not addresses or not all(map(_is_public, addresses)):
            raise RefusedAddress
        return addresses[0]


class PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to the address that the guard has just checked, with the name kept in Host and in TLS."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx.AsyncHTTPTransport(
            verify=authorities(), trust_env=False, limits=httpx.Limits(max_keepalive_connections=0), retries=0
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises RefusedAddress beside what any transport raises."""
        name = request.url.raw_host.decode()
        address = await self._guard.check(str(request.url))
        request.extensions = {**request.extensions, "sni_hostname": name}
        request.url = request.url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _split(url: str) -> SplitResult:
    if not url.isascii() or any(each.isspace() or not each.isprintable() or each == "\\" for each in url):
        raise RefusedAddress
    try:
        parts = urlsplit(url)
        httpx.URL(url).host  # noqa: B018 - read as the client will read it: an `xn--` that stands for nothing fails here, not when sending
        refused = parts.port == 0 or parts.username is not None or parts.password is not None or parts.fragment
    except (ValueError, httpx.InvalidURL):
        raise RefusedAddress from None
    if refused:
        raise RefusedAddress
    return parts


def _is_public_name(host: str) -> bool:
    """A name with a dot, or a literal public address; a last label of digits is an address in disguise (WHATWG URL, host parsing)."""
    labels = host.rstrip(".").split(".")
    parsed = _parsed(host)
    if parsed is not None:
        return _is_public(host)
    is_number = labels[-1].isdigit() or labels[-1].startswith("0x")
    endings = {".".join(labels[start:]) for start in range(len(labels))}
    return len(labels) > 1 and all(map(LABEL.fullmatch, labels)) and not is_number and endings.isdisjoint(policy.refused_addresses().names)


def _is_public(address: str) -> bool:
    parsed = _parsed(address.partition("%")[0])
    if parsed is None or not parsed.is_global or parsed.is_multicast:
        return False
    return not any(parsed in network for network in policy.refused_addresses().networks if network.version == parsed.version)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None

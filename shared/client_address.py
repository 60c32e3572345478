"""The address and scheme of a client, read through the proxies that the settings trust."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection

Network = IPv4Network | IPv6Network

HOPS_LIMIT = 20  # proxies between a client and this process that are read from the header
REMEMBERED = 1024  # parsed addresses: a proxy's comes with every request


def client_address(request: HTTPConnection, trusted_proxies: Sequence[Network] = ()) -> str:
    """Return the address of the client: the peer of the socket, or the address that a trusted proxy reports.

    Of the hops in `X-Forwarded-For` the right-most one that is not itself a trusted proxy counts. A socket without addresses
    gives `unknown`. The server must not rewrite the client by itself (uvicorn: `proxy_headers=False`).
    """
    address = request.client.host if request.client else "unknown"
    if not trusted_proxies or not is_trusted(address, trusted_proxies):
        return address
    hops = ",".join(request.headers.getlist("x-forwarded-for")).rsplit(",", HOPS_LIMIT)[-HOPS_LIMIT:]
    for hop in reversed(hops):
        parsed = _parsed(hop.strip())
        if parsed is None:
            break
        address = str(parsed)
        if not is_trusted(address, trusted_proxies):
            break
    return address


def client_scheme(request: HTTPConnection, trusted_proxies: Sequence[Network] = ()) -> str:
    """Return the scheme that the client used, `http` or `https`: the connection's own, or `X-Forwarded-Proto` of a trusted proxy."""
    if trusted_proxies and request.client and is_trusted(request.client.host, trusted_proxies):
        named = ",".join(request.headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip().lower()
        if named in {"http", "https"}:
            return named
    return "https" if request.scope.get("scheme") in {"https", "wss"} else "http"  # `url` would be composed first, from all its parts


def is_trusted(address: str, trusted: Iterable[Network]) -> bool:
    """Return whether `address` lies in one of the networks. Text that is not an address lies in none."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in trusted)


@lru_cache(maxsize=REMEMBERED)
def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """Return the address, None for other text. A dual-stack socket reports an IPv4 client as an IPv4-mapped IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed

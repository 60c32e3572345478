"""Rate limits by client address in this process: a token bucket that refills evenly over a minute.

docs/decisions/18-rate-limits.md says why no library is used.
"""

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from shared.clock import Clock
from shared.errors import TooMany

MINUTE: Final = 60.0
REMEMBERED: Final = 100_000  # addresses; one more replaces the one that was silent the longest


class Budget:
    """The calls that each address may make in a minute. `per_minute` 0: no limit."""

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """By address: the calls left and when they were counted, seconds since 1970."""

    def spend(self, address: str) -> None:
        """Count one call of `address`; an IPv6 address counts as its network (`client_network`).

        Raises TooMany, with the seconds until the next call is possible, if none is left.
        """
        if not self._per_minute:
            return
        address = client_network(address)
        now, rate = self._clock.now().timestamp(), self._per_minute / MINUTE
        left, at = self._left.get(address, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - at) * rate)
        if left < 1:
            raise TooMany(math.ceil((1 - left) / rate))
        self._left[address] = (left - 1, now)
        self._left.move_to_end(address)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)


def client_network(address: str) -> str:
    """Return what counts as one client: an IPv4 address, the /64 network of an IPv6 address, anything else as it is.

    A household has 2^64 IPv6 addresses. On a socket for both families all IPv4 clients come as IPv6 addresses of one /64 network; each
    counts as its IPv4 address.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))

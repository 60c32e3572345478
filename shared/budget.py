"""A budget of calls per address in this process: a bucket that refills evenly over a minute."""

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from shared.clock import Clock
from shared.errors import TooMany

MINUTE: Final = 60.0
REMEMBERED: Final = 100_000  # addresses; one more pushes out the one that was longest silent


class Budget:
    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, address: str) -> None:
        """One call from `address`, or from its network: see `place`.

        Raises TooMany, with the seconds until the next call is possible, when the budget is used up. 0 a minute: no limit.
        """
        if not self._per_minute:
            return
        address = place(address)
        now, rate = self._clock.now().timestamp(), self._per_minute / MINUTE
        left, at = self._left.get(address, (float(self._per_minute), now))
        left = min(float(self._per_minute), left + (now - at) * rate)
        if left < 1:
            raise TooMany(math.ceil((1 - left) / rate))
        self._left[address] = (left - 1, now)
        self._left.move_to_end(address)
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)


def place(address: str) -> str:
    """What counts as one client: an IPv6 household has 2^64 addresses, so its network does.

    An IPv4 client of a socket for both families comes as an IPv6 address and is the IPv4 one: all of them lie in one /64 network.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))

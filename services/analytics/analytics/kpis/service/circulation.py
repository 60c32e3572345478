"""Counts and their totals as one network, in which a count can vary only if other hidden counts vary with it.

Every count is an edge, and as much flows into each node as out of it: the counts of a region's codes add up to the region's total, and the
counts of a code in all regions to that of the country. A reader of the shown counts therefore knows of the hidden ones that they can vary
along closed paths of hidden edges, and of each that its possible values are whole numbers without a gap.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_UNBOUNDED: Final = 1 << 60
_ZERO: Final = 1 << 40  # zeros are hidden only if nothing else helps

RegionRow = str | None
"""A row of a table: a region, or None for the country."""
Group = tuple[str, RegionRow]
"""The counts of a table in a row."""
Node = tuple[str | None, str]


class CountKey(NamedTuple):
    """A count of a table by row and code; the code of a row's total is empty."""

    table: str
    row: RegionRow
    code: str

    @property
    def group(self) -> Group:
        """Return the counts of the same table and row."""
        return self.table, self.row


Changes = dict[CountKey, int]
"""By key how much a count grows or shrinks."""


@dataclass(slots=True)
class Count:
    """A count from one node to another."""

    key: CountKey
    tail: int
    head: int
    value: int
    is_fixed: bool
    """It is not hidden with others."""
    least: int = 1
    """What readers know of it if it is hidden: 0 if zeros of its group are hidden too."""


@dataclass(slots=True)
class Circulation:
    """Chooses which counts to hide. Counts from 1 to `threshold` - 1 are small. `without_zeros`: the groups whose zeros are hidden."""

    threshold: int
    without_zeros: set[Group] = field(default_factory=set)
    counts: dict[CountKey, Count] = field(default_factory=dict)
    hidden: set[CountKey] = field(default_factory=set)
    _nodes: dict[Node, int] = field(default_factory=dict)
    _steps: list[list[tuple[int, Count, int]]] = field(default_factory=list)
    """By node the steps away from it: the next node, the count, and 1 if it grows or -1 if it shrinks."""
    _hidden_steps: list[list[tuple[int, Count, int]]] = field(default_factory=list)

    def add(self, key: CountKey, ends: tuple[Node, Node], value: int, *, is_fixed: bool = False) -> None:
        """Add a count between two nodes."""
        tail, head = (self._node(end) for end in ends)
        count = self.counts[key] = Count(key, tail, head, value, is_fixed)
        self._steps[tail].append((head, count, 1))
        self._steps[head].append((tail, count, -1))

    def _node(self, end: Node) -> int:
        if end not in self._nodes:
            self._nodes[end] = len(self._steps)
            self._steps.append([])
            self._hidden_steps.append([])
        return self._nodes[end]

    def hide(self, keys: Iterable[CountKey]) -> None:
        """Hide these counts."""
        for key in keys:
            if key not in self.hidden:
                self.hidden.add(key)
                count = self.counts[key]
                self._hidden_steps[count.tail].append((count.head, count, 1))
                self._hidden_steps[count.head].append((count.tail, count, -1))

    def hide_zeros(self, group: Group) -> None:
        """Hide the zeros of a group."""
        self.without_zeros.add(group)
        members = [count for count in self.counts.values() if count.key.group == group]
        for count in members:
            count.least = 0
        self.hide(count.key for count in members if not count.value)

    def protect(self) -> bool:
        """Hide the small counts, and what gives each of them `threshold` possible values. Return whether that is possible."""
        small = [count for count in self.counts.values() if 0 < count.value < self.threshold]
        self.hide(count.key for count in small)
        return all(self._protect(count) for count in sorted(small, key=lambda count: count.value))

    def _protect(self, count: Count) -> bool:
        return any(_Variation(self, count, with_zeros=with_zeros).find() for with_zeros in (False, True))

    def path(self, start: int, end: int, variation: "_Variation", *, is_free: bool) -> list[tuple[Count, int]] | None:
        """Return the steps from one node to another that hide the least; `is_free`: through what is hidden already. None without any."""
        steps = self._hidden_steps if is_free else self._steps
        reached: dict[int, tuple[int, Count, int] | None] = {}
        least = {start: 0}
        queue: list[tuple[int, int, int, tuple[int, Count, int] | None]] = [(0, 0, start, None)]
        number = 0
        while queue:
            cost, _, node, step = heapq.heappop(queue)
            if node in reached:
                continue
            reached[node] = step
            if node == end:
                return _steps_to(end, reached)
            for following, count, sign in steps[node]:
                if following not in reached and variation.room(count, sign):
                    total = cost + (0 if is_free else variation.cost(count))
                    if total < least.get(following, _UNBOUNDED):
                        least[following] = total
                        number += 1
                        heapq.heappush(queue, (total, number, following, (node, count, sign)))
        return None


def _steps_to(end: int, reached: dict[int, tuple[int, Count, int] | None]) -> list[tuple[Count, int]]:
    found = []
    step = reached[end]
    while step is not None:
        node, count, sign = step
        found.append((count, sign))
        step = reached[node]
    return found


class _Variation:
    """Lets one small count grow and shrink, and the counts on closed paths through it with it."""

    def __init__(self, circulation: Circulation, small: Count, *, with_zeros: bool) -> None:
        """`with_zeros`: zeros may be hidden, and every count may shrink to 0."""
        self._circulation = circulation
        self._small = small
        self._with_zeros = with_zeros
        self._changes: Changes = {}
        self._seen: set[CountKey] = set()

    def find(self) -> bool:
        """Hide what lets the count have enough possible values, and return True; return False and hide nothing if that is impossible.

        A reader who knows that something is hidden only because a count is small finds all small values possible, and a larger one only
        if another hidden count is small. That is certain just below the largest value: what shrinks there is nearly used up. So the values
        from `low` up to `threshold` are counted, and as many of those just below `high` as are still missing.
        """
        small, shrunk, grown = self._small, Changes(), Changes()
        for is_free, sign in ((True, -1), (True, 1), (False, 1), (False, -1)):
            low = small.value + shrunk.get(small.key, 0)
            enough = self._circulation.threshold + max(low, 1)
            self._changes = grown if sign > 0 else shrunk
            self._push(sign, enough if sign > 0 else small.least, is_free=is_free)
            low, high = (small.value + each.get(small.key, 0) for each in (shrunk, grown))
            if high >= self._circulation.threshold + max(low, 1):
                self._apply(grown, shrunk)
                return True
        return False

    def room(self, count: Count, sign: int) -> int:
        """Return by how much a count may still grow or shrink."""
        if sign > 0:
            is_usable = count.value or self._with_zeros or count.key in self._circulation.hidden
            return _UNBOUNDED if is_usable and self._may_change(count) else 0
        least = 0 if self._with_zeros else count.least
        left = count.value + self._changes.get(count.key, 0) - least
        return left if left > 0 and self._may_change(count) else 0

    def _may_change(self, count: Count) -> bool:
        return count is not self._small and (not count.is_fixed or count.key in self._circulation.hidden)

    def cost(self, count: Count) -> int:
        """Return what it costs to hide a count."""
        if count.key in self._circulation.hidden or count.key in self._seen:
            return 0
        return count.value or _ZERO

    def _push(self, sign: int, limit: int, *, is_free: bool) -> None:
        """Change the small count up to `limit` along closed paths."""
        small, changes = self._small, self._changes
        start, end = (small.head, small.tail) if sign > 0 else (small.tail, small.head)
        while (wanted := sign * (limit - small.value - changes.get(small.key, 0))) > 0:
            path = self._circulation.path(start, end, self, is_free=is_free)
            if path is None:
                return
            amount = min(wanted, *(self.room(count, direction) for count, direction in path))
            for count, direction in ((small, sign), *path):
                changes[count.key] = changes.get(count.key, 0) + direction * amount
                self._seen.add(count.key)

    def _apply(self, *variations: Changes) -> None:
        circulation = self._circulation
        changed = [(circulation.counts[key], change) for changes in variations for key, change in changes.items() if change]
        circulation.hide(count.key for count, _ in changed)
        for count, change in changed:
            if (not count.value or count.value + change < count.least) and count.key.group not in circulation.without_zeros:
                circulation.hide_zeros(count.key.group)

"""How a service says what it does with events: one table from event type to a function over a batch of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from shared.contracts import Event
from shared.messaging.envelope import Envelope, Header
from shared.unit_of_work import UnitOfWork

E = TypeVar("E", bound=Event)
T = TypeVar("T")


class Received(NamedTuple, Generic[E]):
    """An event in hand. `envelope` is the `cause` of what is emitted because of it."""

    event: E
    envelope: Envelope
    position: tuple[str, int, int]
    """Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[E]):
    """Events in the order of the log, and what was prepared for them.

    They are of one type, no two under the same key; a handler marked `InOrder` gets those of all its types, a key as often as it comes.
    """

    received: Sequence[Received[E]]
    prepared: Mapping[UUID, Any]
    """By event id, what its type's `Prepare` found; empty without one."""


Handler = Callable[[UnitOfWork, Batch[Any]], Awaitable[None]]
"""Writes state and outbox in the consumer's unit of work; never commits; has the same effect when it is called again."""


@dataclass(frozen=True)
class InOrder:
    """A handler that follows lives: it works out in memory what a batch makes of each row, and writes the row once.

    Under load a batch holds several events of the same appeal; a handler of one type reads and writes its row for each.
    """

    handler: Handler

    async def __call__(self, work: UnitOfWork, batch: Batch[Any]) -> None:
        await self.handler(work, batch)


Prepare = Callable[[Sequence[Received[Any]]], Awaitable[Mapping[UUID, Any]]]
"""Asks the owner of a content before any transaction is open. `OwnerUnavailable` makes the batch wait in order.

It may run while the batch before is being applied: it asks others, and nothing that handlers change.
"""

Handlers = Mapping[type[Event], Handler]
Skips = Mapping[type[Event], Header]
"""By event type, the header of a record that is of no concern: the consumer skips it before it is decoded and leaves no trace of it.

A record without the header is decoded, because an earlier version published it.
"""
Preparations = Mapping[type[Event], Prepare]


def waves(received: Sequence[Received[Any]], handlers: Handlers) -> list[tuple[Handler, list[Received[Any]]]]:
    """Cut a batch into groups, each for one call of a handler, as few as the order under every key allows.

    A group is of one type and holds no key twice, so that its events are independent; or it is for a handler that takes them in order.
    """
    rest = list(received)
    cut: list[tuple[Handler, list[Received[Any]]]] = []
    while rest:
        wanted = type(rest[0].event)
        handler = handlers[wanted]
        in_order = isinstance(handler, InOrder)
        group: list[Received[Any]] = []
        later: list[Received[Any]] = []
        blocked: set[str] = set()
        for one in rest:
            given = type(one.event)
            if (given is wanted or (in_order and handlers[given] is handler)) and one.envelope.key not in blocked:
                group.append(one)
                if in_order:
                    continue
            else:
                later.append(one)
            blocked.add(one.envelope.key)
        cut.append((handler, group))
        rest = later
    return cut

"""How a service says what it does with events: one table from event type to a function over a batch of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.contracts import Event
from shared.messaging.envelope import Envelope

E = TypeVar("E", bound=Event)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Received(Generic[E]):
    """An event in hand. `envelope` is the `cause` of what is emitted because of it."""

    event: E
    envelope: Envelope
    position: tuple[str, int, int]
    """Topic, partition, offset."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[E]):
    """Events of one type, no two under the same key, in the order of the log; and what was prepared for them."""

    received: Sequence[Received[E]]
    prepared: Mapping[UUID, Any]
    """By event id, what this type's `Prepare` found; empty without one."""
    clock: Clock


Handler = Callable[[AsyncSession, Batch[Any]], Awaitable[None]]
"""Writes state and outbox in the caller's transaction; never commits; does the same thing when called again."""

Prepare = Callable[[Sequence[Received[Any]]], Awaitable[Mapping[UUID, Any]]]
"""Asks the owner of a content before any transaction is open. `OwnerUnavailable` makes the batch wait in order.

It may run while the batch before is being applied: it asks others, and nothing that handlers change.
"""

Handlers = Mapping[type[Event], Handler]
Preparations = Mapping[type[Event], Prepare]


def waves(received: Sequence[Received[Any]]) -> list[list[Received[Any]]]:
    """Cut a batch into groups of one type each, as few as the order under every key allows.

    Within a group no key stands twice, so a handler may treat its events as independent.
    """
    rest = list(received)
    cut: list[list[Received[Any]]] = []
    while rest:
        wanted = type(rest[0].event)
        group: list[Received[Any]] = []
        later: list[Received[Any]] = []
        blocked: set[str] = set()
        for one in rest:
            if type(one.event) is wanted and one.envelope.key not in blocked:
                group.append(one)
            else:
                later.append(one)
            blocked.add(one.envelope.key)
        cut.append(group)
        rest = later
    return cut

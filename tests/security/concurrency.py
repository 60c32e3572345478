"""Eight equal requests at the same moment: what every writing operation of the four OpenAPI documents is asked, and what must come of it.

An operation has a recipe: how to bring a service into a state in which one valid request does something, and that request. The effect of
eight requests under one key is compared with the effect of one request, in all tables of the service.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import func, inspect, select, text
from sqlalchemy.sql import table

from shared.service import Parts

AT_ONCE = 8
METHODS = frozenset({"post", "put", "patch", "delete"})
KEY = "Idempotency-Key"
STORED_KEYS = "idempotency"

Operation = tuple[str, str]
"""Method in lower case and path, as the document has them."""


class Kind(StrEnum):
    WRITE = "write"
    """Takes an Idempotency-Key: one effect, and the first answer for all."""
    READ = "read"
    """Reads by POST: stores nothing but the audit of each read."""
    MESSAGE = "message"
    """Another system's protocol, which names each message itself: one effect without a key."""


@dataclass(frozen=True)
class Call:
    """A request that is sent as often as one likes. `path` is whole."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None


@dataclass
class Target:
    """A service: what it works on, and clients of two processes over the same database."""

    world: Any
    parts: Parts
    clients: tuple[httpx.AsyncClient, ...]
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def number(self) -> int:
        """A number that no recipe got before: makes persons, telephones and files differ."""
        return next(self._numbers)


Prepare = Callable[[Target], Awaitable[Call]]


@dataclass(frozen=True)
class Recipe:
    prepare: Prepare
    kind: Kind = Kind.WRITE
    audits: frozenset[str] = frozenset()
    """The tables in which each read is noted."""
    stores: bool = True
    """False: the effect lies outside the database, which a test of the slice counts; the first answer is stored for all as ever."""
    own_fields: frozenset[str] = frozenset()
    """The fields that each answer of a read has for itself, such as a ticket."""

    def content_of(self, answer: httpx.Response) -> object:
        """Return what has to be the same in every answer."""
        return {name: value for name, value in answer.json().items() if name not in self.own_fields} if self.own_fields else answer.content


Recipes = Mapping[Operation, Recipe]


def writing_operations(document: Mapping[str, Any]) -> dict[Operation, Mapping[str, Any]]:
    """The operations of an OpenAPI document that may change something."""
    items = document["paths"].items()
    return {(method, path): operation for path, item in items for method, operation in item.items() if method in METHODS}


def takes_a_key(operation: Mapping[str, Any]) -> bool:
    return any(one["in"] == "header" and one["name"] == KEY for one in operation.get("parameters", []))


async def faults_of(target: Target, operation: Operation, recipe: Recipe) -> list[str]:
    """What is wrong with the operation's answers and effects; nothing if all is well."""
    method, path = operation
    once, answers_once = await _effect(target, method, await recipe.prepare(target), 1)
    often, answers = await _effect(target, method, await recipe.prepare(target), AT_ONCE)
    name = f"{method.upper()} {path}"
    statuses = Counter(one.status_code for one in [*answers_once, *answers])
    if len(statuses) != 1 or not answers[0].is_success:
        return [f"{name}: answers {dict(statuses)}: {next((one.text for one in answers if not one.is_success), answers[0].text)[:300]}"]
    found = []
    contents = [recipe.content_of(one) for one in answers]
    if any(content != contents[0] for content in contents):
        found.append(f"{name}: different answers")
    if recipe.kind is Kind.WRITE and (repeats := sum("Idempotency-Replayed" in one.headers for one in answers)) != AT_ONCE - 1:
        found.append(f"{name}: {repeats} of {AT_ONCE - 1} repeats are marked as such")
    effect = once - Counter({STORED_KEYS: 1})
    if not recipe.stores and effect:
        found.append(f"{name}: the request changed {dict(effect)}, although it stores nothing")
    if recipe.kind is Kind.WRITE and recipe.stores and not effect:
        found.append(f"{name}: the request had no effect that could be counted, so the recipe proves nothing")
    expected = Counter({name: count * (AT_ONCE if name in recipe.audits else 1) for name, count in once.items()})
    if often != expected:
        found.append(f"{name}: {AT_ONCE} requests made {dict(often)}, one makes {dict(once)}")
    return found


async def _effect(target: Target, method: str, call: Call, times: int) -> tuple[Counter[str], list[httpx.Response]]:
    """How many rows were added to and removed from each table, changed rows as one each, and the answers."""
    headers = {KEY: str(uuid4()), **call.headers}
    before = await _rows(target.parts)
    answers = await asyncio.gather(
        *(
            target.clients[place % len(target.clients)].request(
                method.upper(), call.path, headers=headers, json=call.json, content=call.content
            )
            for place in range(times)
        )
    )
    after = await _rows(target.parts)
    changed = Counter({name: max((before[name] - after[name]).total(), (after[name] - before[name]).total()) for name in after})
    return +changed, answers


async def _rows(parts: Parts) -> dict[str, Counter[str]]:
    """The rows of every table, as often as each is there."""
    async with parts.database.read() as session:
        names = await (await session.connection()).run_sync(lambda connection: inspect(connection).get_table_names())
        rows = {}
        for name in names:
            found = await session.execute(select(text("*")).select_from(table(name)))
            rows[name] = Counter(repr(tuple(row)) for row in found)
        assert await session.scalar(select(func.count()).select_from(table("alembic_version"))) == 1
    return rows

"""Idempotency: a request sent again under its Idempotency-Key is answered again, and its work is not done again.

Whoever does the work claims the key first. A repeat that comes meanwhile waits for the first request and gets its answer; if the first
fails, its claim is undone and the repeat does the work. Answers are stored for 7 days, refusals are not stored.

There are two kinds of work. Work in one transaction (`once`) claims the key inside that transaction: the engine makes others wait, and a
rollback releases the key. Work in several steps (`shared.idempotency_steps`) commits its claim.
Keys are always claimed before any other row is locked, so that two transactions never wait for each other.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import ColumnElement, Row, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Principal
from shared.errors import DomainError, Unavailable
from shared.fast.bulk import insert_new_rows
from shared.idempotency_key import HEADER, IdempotencyKey, IdempotencyKeyWeak, idempotency_key, new_key
from shared.messaging.tables import idempotency
from shared.rows import equals_any
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitOfWork, UnitsOfWork

__all__ = [
    "HEADER",
    "IdempotencyKey",
    "IdempotencyKeyReused",
    "IdempotencyKeyWeak",
    "idempotency_key",
    "new_key",
]

RETENTION: Final = timedelta(days=7)
REPLAYED = {"Idempotency-Replayed": "true"}
ANONYMOUS: Final = "anonymous"
PENDING: Final = 0  # the status of a key that is claimed and not answered yet
WAIT_SECONDS: Final = 60  # for the first of equal requests; then the repeat is asked to come again
CLAIM_ATTEMPTS: Final = 3  # a key may be released or expire between the claim and the look at it


Do = Callable[[UnitOfWork], Awaitable[BaseModel | None]]
"""The use case: its result is the answer."""
Check = Callable[[UnitOfWork], Awaitable[object]]


class IdempotencyKeyReused(DomainError):
    code, status, title = "idempotency-key-reused", 422, "This Idempotency-Key was used for another request"


class Request(NamedTuple):
    """A request that may come again: who sent it (issuer and subject, or anonymous), under which key, and what it says."""

    scope: str
    key: str
    fingerprint: bytes


class Answer(NamedTuple):
    """A body as it was, or is to be, sent: what is its own, and what it has in common with many others, which is packed once for all."""

    own: bytes
    common: bytes = b""

    @property
    def body(self) -> bytes:
        return self.own + self.common


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer to a request: of the first request under the key, or of this one."""

    status: int
    body: bytes
    is_replayed: bool = True

    @property
    def response(self) -> Response:
        return response_of(self.status, self.body, REPLAYED if self.is_replayed else None)


def scope_of(principal: Principal) -> str:
    """Return whose keys a request's key belongs to: its sender's, or those of all who come without a token."""
    return ANONYMOUS if principal.is_anonymous else f"{principal.issuer}/{principal.subject}"


def response_of(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer as JSON, or without a body where there is none."""
    return Response(body, status, headers, "application/json") if body else Response(status_code=status, headers=headers)


class Idempotency:
    def __init__(self, sealer: Sealer, pepper: Pepper) -> None:
        self._sealer = sealer
        self._pepper = pepper
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def request(self, scope: str, key: str, operation: str, body: BaseModel) -> Request:
        """Name a request. The fingerprint is keyed, so that nobody can guess a body from it."""
        said = operation.encode() + b"\n" + to_json(body, by_alias=False)
        return Request(scope, key, self._pepper.keyed_hmac("idempotency", said))

    def with_body(self, request: Request, digest: bytes) -> Request:
        """Name a request whose body was read after its key was claimed, by the body's digest."""
        return request._replace(fingerprint=self._pepper.keyed_hmac("idempotency", request.fingerprint + digest))

    @asynccontextmanager
    async def alone(self, request: Request | None) -> AsyncIterator[None]:
        """Let no equal key of this process in meanwhile: repeats wait here, where they hold no connection to the database.

        Raises Unavailable after WAIT_SECONDS.
        """
        if request is None:
            yield
            return
        lock = self._locks.setdefault((request.scope, request.key), asyncio.Lock())
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise Unavailable("The first request under this Idempotency-Key is still being carried out.") from None
        try:
            yield
        finally:
            lock.release()

    async def begin(self, session: AsyncSession, request: Request | None, now: datetime) -> StoredAnswer | None:
        """Claim the request's key until the transaction ends, or return what was answered before. Another transaction's claim is awaited.

        Claim before anything else is locked. After None do the work, then `finish`.

        Raises:
            IdempotencyKeyReused: the key stands for another request.
            Unavailable: the key is claimed by work in several steps.
        """
        if request is None:
            return None
        for _ in range(CLAIM_ATTEMPTS):
            if await self.claim_key(session, request, now):
                return None
            earlier = (await self.answered(session, [request])).get(request)
            if isinstance(earlier, DomainError):
                raise earlier
            if earlier is not None:
                return earlier
        raise Unavailable

    async def claim_key(self, session: AsyncSession, request: Request, now: datetime, holder: bytes = b"") -> bool:
        """Insert the claim of the request's key; return False if there is a claim or an answer.

        `holder`: who holds the key after the transaction, for work in several steps.
        """
        row = self._named(request) | {"fingerprint": request.fingerprint, "status": PENDING, "body": holder, "stored_at": now}
        return bool(await insert_new_rows(session, idempotency, [row], unique=("scope", "key"), returning="key"))

    async def finish(self, session: AsyncSession, request: Request | None, answer: Answer, now: datetime, *, status: int = 200) -> None:
        """Store the answer under the key that `begin` claimed in this transaction."""
        if request is None:
            return
        await self.store_answer(session, request, answer, now, status=status, claimed=is_key_of(request))

    async def store_answer(
        self, session: AsyncSession, request: Request, answer: Answer, now: datetime, *, status: int, claimed: ColumnElement[bool]
    ) -> None:
        """Store the answer in the row of the claim that `claimed` finds, if it is still there."""
        row = self.row(request, status, answer, now)
        changed = {name: row[name] for name in ("fingerprint", "status", "body", "stored_at")}
        await session.execute(update(idempotency).where(claimed).values(**changed))

    async def release(self, session: AsyncSession, requests: Sequence[Request]) -> None:
        """Undo claims of this transaction that keeps what else it did."""
        if requests:
            await session.execute(delete(idempotency).where(_is_key_of_any(session, requests)))

    async def claim(
        self, session: AsyncSession, answers: Mapping[Request, Answer], now: datetime
    ) -> Mapping[Request, "StoredAnswer | DomainError"]:
        """Keep these 201 bodies, each for its request, unless its key is taken: for those, what was answered before, or the refusal.

        A key that another transaction is just claiming is waited for. Whoever is named in the answer must not do the work again.
        """
        rows = [self.row(request, 201, answer, now) for request, answer in answers.items()]
        rows.sort(key=lambda row: (row["scope"], row["key"]))  # two processes with the same keys must not wait for each other
        claimed = await insert_new_rows(session, idempotency, rows, unique=("scope", "key"), returning=("scope", "key"))
        taken = [request for request in answers if (request.scope, request.key) not in claimed]
        found = await self.answered(session, taken)
        return {request: found.get(request) or Unavailable() for request in taken}  # not found: forgotten by age between the two

    async def find(self, session: AsyncSession, requests: list[Request]) -> Mapping[Request, StoredAnswer]:
        """What was answered before.

        Raises:
            IdempotencyKeyReused: a key stands for another request.
        """
        found = {}
        for request, answer in (await self.answered(session, requests)).items():
            if isinstance(answer, DomainError):
                raise answer
            found[request] = answer
        return found

    async def answered(self, session: AsyncSession, requests: Sequence[Request]) -> dict[Request, "StoredAnswer | DomainError"]:
        """What was answered before to each of these that is known; the refusal where its key stands for another request."""
        if not requests:
            return {}
        rows = await session.execute(select(idempotency).where(_is_key_of_any(session, requests)))
        by_key = {(row.scope, row.key): row for row in rows}
        found: dict[Request, StoredAnswer | DomainError] = {}
        for request in requests:
            row = by_key.get((request.scope, request.key))
            if row is not None and row.fingerprint != request.fingerprint:
                found[request] = IdempotencyKeyReused()
            elif row is not None:
                found[request] = Unavailable() if row.status == PENDING else self.opened(row)
        return found

    def row(self, request: Request, status: int, answer: Answer, now: datetime) -> dict[str, object]:
        """The row to insert into `idempotency` in the transaction that does the work."""
        packed = len(answer.own).to_bytes(4) + answer.own + _packed(answer.common)
        sealed = self._sealer.seal("idempotency", f"{request.scope}/{request.key}", "body", packed)
        return self._named(request) | {"fingerprint": request.fingerprint, "status": status, "body": sealed, "stored_at": now}

    def opened(self, row: Row[Any]) -> StoredAnswer:
        packed = self._sealer.open("idempotency", f"{row.scope}/{row.key}", "body", row.body)
        ends = 4 + int.from_bytes(packed[:4])
        return StoredAnswer(row.status, packed[4:ends] + zlib.decompress(packed[ends:]))

    async def once(
        self,
        units: UnitsOfWork,
        request: Request | None,
        do: Do,
        *,
        status: int = 200,
        before: Callable[[], Awaitable[None]] | None = None,
        check_visible: Check | None = None,
    ) -> StoredAnswer:
        """Carry the work out in one transaction, or return the answer to the first request. Without a request the work is just done.

        `before`: what is asked of other services, outside the transaction; it is skipped for a repeat.
        `check_visible`: raises for whoever may no longer see what the stored answer shows.

        Raises what these three raise, IdempotencyKeyReused, and Unavailable. After a refusal the key is free again, also after one that
        keeps changes.
        """
        async with self.alone(request):
            if before is not None and not await self._is_known(units, request):
                await before()
            async with units.write() as work:
                now = work.clock.now()
                earlier = await self.begin(work.session, request, now)
                if earlier is not None:
                    if check_visible is not None:
                        await check_visible(work)
                    return earlier
                try:
                    done = await do(work)
                except DomainError as refusal:
                    if request is not None and refusal.keeps_changes:
                        await self.release(work.session, [request])
                    raise
                body = b"" if done is None else done.model_dump_json().encode()
                await self.finish(work.session, request, Answer(body), now, status=status)
        return StoredAnswer(status, body, is_replayed=False)

    async def _is_known(self, units: UnitsOfWork, request: Request | None) -> bool:
        if request is None:
            return False
        async with units.read() as work:
            return bool(await self.find(work.session, [request]))

    def _named(self, request: Request) -> dict[str, object]:
        return {"scope": request.scope, "key": request.key}


@dataclass(frozen=True, slots=True)
class Once:
    """Carries out the commands of one request once under its Idempotency-Key; without a key it just carries them out."""

    store: Idempotency
    units: UnitsOfWork
    scope: str
    key: str | None

    async def __call__(
        self,
        operation: str,
        command: BaseModel,
        do: Do,
        *,
        status: int = 200,
        before: Callable[[], Awaitable[None]] | None = None,
        check_visible: Check | None = None,
    ) -> Response:
        """Return the response to the command; `operation` names it among those that share the key. See `Idempotency.once`."""
        answer = await self.answer(operation, command, do, status=status, before=before, check_visible=check_visible)
        return answer.response

    async def answer(
        self,
        operation: str,
        command: BaseModel,
        do: Do,
        *,
        status: int = 200,
        before: Callable[[], Awaitable[None]] | None = None,
        check_visible: Check | None = None,
    ) -> StoredAnswer:
        """Return the answer to the command for a caller that is not HTTP, such as a page or the bot."""
        request = self.store.request(self.scope, self.key, operation, command) if self.key else None
        return await self.store.once(self.units, request, do, status=status, before=before, check_visible=check_visible)


async def purge_answers(session: AsyncSession, now: datetime) -> None:
    """Delete stored answers, and abandoned claims of keys, that are older than RETENTION."""
    await session.execute(delete(idempotency).where(idempotency.c.stored_at < now - RETENTION))


def is_key_of(request: Request) -> ColumnElement[bool]:
    """Return the condition for the row of the request's key."""
    return and_(idempotency.c.scope == request.scope, idempotency.c.key == request.key)


def _is_key_of_any(session: AsyncSession, requests: Sequence[Request]) -> ColumnElement[bool]:
    keys = [(request.scope, request.key) for request in requests]
    return equals_any(session, (idempotency.c.scope, idempotency.c.key), keys)


@lru_cache(maxsize=1024)
def _packed(common: bytes) -> bytes:
    return zlib.compress(common)

"""Idempotency: a request sent again under its Idempotency-Key is answered again, and its work is not done again.

Whoever does the work claims the key first. A repeat that comes meanwhile waits for the first request and gets its answer; if the first
fails, its claim is undone and the repeat does the work. Answers are stored for 7 days, refusals are not stored.

There are two kinds of work. Work in one transaction (`once`, and `begin` with `finish`) claims the key inside that transaction: the engine
makes others wait, and a rollback releases the key. Work in several steps (`shared.idempotency_steps`) commits its claim.
Keys are always claimed before any other row is locked, so that two transactions never wait for each other.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from weakref import WeakValueDictionary

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import Row, and_, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Principal
from shared.bulk import insert_new_rows
from shared.clock import Clock
from shared.database import Database
from shared.errors import DomainError, Unavailable
from shared.idempotency_key import HEADER, IdempotencyKey, IdempotencyKeyWeak, idempotency_key, new_key
from shared.messaging.tables import idempotency
from shared.sealing import Pepper, Sealer

__all__ = [
    "HEADER",
    "IdempotencyKey",
    "IdempotencyKeyReused",
    "IdempotencyKeyWeak",
    "idempotency_key",
    "new_key",
]

KEPT = timedelta(days=7)
REPLAYED = {"Idempotency-Replayed": "true"}
ANONYMOUS: Final = "anonymous"
PENDING: Final = 0  # the status of a key that is claimed and not answered yet
WAIT_SECONDS: Final = 60  # for the first of equal requests; then the repeat is asked to come again
CLAIM_ATTEMPTS: Final = 3  # a key may be released or expire between the claim and the look at it


class IdempotencyKeyReused(DomainError):
    code, status, title = "idempotency-key-reused", 422, "This Idempotency-Key was used for another request"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may come again: who sent it (issuer and subject, or anonymous), under which key, and what it says."""

    scope: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A body as it was, or is to be, sent: what is its own, and what it has in common with many others, which is packed once for all."""

    own: bytes
    common: bytes = b""

    @property
    def body(self) -> bytes:
        return self.own + self.common


@dataclass(frozen=True, slots=True)
class Kept:
    status: int
    body: bytes

    @property
    def response(self) -> Response:
        return response_of(self.status, self.body, REPLAYED)


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
        said = f"{operation}\n{body.model_dump_json()}".encode()
        return Request(scope, key, self._pepper.keyed_hmac("idempotency", said))

    def with_body(self, request: Request, digest: bytes) -> Request:
        """Name a request whose body was read after its key was claimed, by the body's digest."""
        return replace(request, fingerprint=self._pepper.keyed_hmac("idempotency", request.fingerprint + digest))

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

    async def begin(self, session: AsyncSession, request: Request | None, now: datetime) -> Kept | None:
        """Claim the request's key until the transaction ends, or return what was answered before. Another transaction's claim is awaited.

        Claim before anything else is locked. After None do the work, then `finish`.

        Raises:
            IdempotencyKeyReused: the key stands for another request.
            Unavailable: the key is claimed by work in several steps.
        """
        if request is None:
            return None
        row = self._named(request) | {"fingerprint": request.fingerprint, "status": PENDING, "body": b"", "stored_at": now}
        for _ in range(CLAIM_ATTEMPTS):
            if await insert_new_rows(session, idempotency, [row], unique=("scope", "key"), returning="key"):
                return None
            earlier = (await self.answered(session, [request])).get(request)
            if isinstance(earlier, DomainError):
                raise earlier
            if earlier is not None:
                return earlier
        raise Unavailable

    async def finish(self, session: AsyncSession, request: Request | None, answer: Answer, now: datetime, *, status: int = 200) -> None:
        """Store the answer under the key that `begin` claimed in this transaction."""
        if request is None:
            return
        row = self.row(request, status, answer, now)
        changed = {name: row[name] for name in ("fingerprint", "status", "body", "stored_at")}
        await session.execute(update(idempotency).where(self._is_key_of(request)).values(**changed))

    async def release(self, session: AsyncSession, requests: Sequence[Request]) -> None:
        """Undo claims of this transaction that keeps what else it did."""
        if requests:
            columns = tuple_(idempotency.c.scope, idempotency.c.key)
            await session.execute(delete(idempotency).where(columns.in_([(one.scope, one.key) for one in requests])))

    async def claim(
        self, session: AsyncSession, answers: Mapping[Request, Answer], now: datetime
    ) -> Mapping[Request, "Kept | DomainError"]:
        """Keep these 201 bodies, each for its request, unless its key is taken: for those, what was answered before, or the refusal.

        A key that another transaction is just claiming is waited for. Whoever is named in the answer must not do the work again.
        """
        rows = [self.row(request, 201, answer, now) for request, answer in answers.items()]
        rows.sort(key=lambda row: (row["scope"], row["key"]))  # two processes with the same keys must not wait for each other
        claimed = await insert_new_rows(session, idempotency, rows, unique=("scope", "key"), returning=("scope", "key"))
        taken = [request for request in answers if (request.scope, request.key) not in claimed]
        found = await self.answered(session, taken)
        return {request: found.get(request) or Unavailable() for request in taken}  # not found: forgotten by age between the two

    async def find(self, session: AsyncSession, requests: list[Request]) -> Mapping[Request, Kept]:
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

    async def answered(self, session: AsyncSession, requests: Sequence[Request]) -> dict[Request, "Kept | DomainError"]:
        """What was answered before to each of these that is known; the refusal where its key stands for another request."""
        if not requests:
            return {}
        columns = tuple_(idempotency.c.scope, idempotency.c.key)
        rows = await session.execute(select(idempotency).where(columns.in_([(r.scope, r.key) for r in requests])))
        by_key = {(row.scope, row.key): row for row in rows}
        found: dict[Request, Kept | DomainError] = {}
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

    def opened(self, row: Row[Any]) -> Kept:
        packed = self._sealer.open("idempotency", f"{row.scope}/{row.key}", "body", row.body)
        ends = 4 + int.from_bytes(packed[:4])
        return Kept(row.status, packed[4:ends] + zlib.decompress(packed[ends:]))

    async def once(
        self,
        database: Database,
        clock: Clock,
        request: Request | None,
        work: Callable[[AsyncSession], Awaitable[BaseModel | None]],
        *,
        status: int = 200,
        before: Callable[[], Awaitable[None]] | None = None,
        check_visible: Callable[[AsyncSession], Awaitable[object]] | None = None,
    ) -> Response:
        """Do the work in one transaction, or answer a repeat as the first time, even if all come at once. Without a request: just do it.

        `before`: what is asked of others first, outside the transaction; not for a repeat.
        `check_visible`: raises for whoever may no longer see what the stored answer shows.

        Raises what these three raise, IdempotencyKeyReused, and Unavailable.
        """
        async with self.alone(request):
            if before is not None and not await self._is_known(database, request):
                await before()
            async with database.write() as session:
                earlier = await self.begin(session, request, clock.now())
                if earlier is not None:
                    if check_visible is not None:
                        await check_visible(session)
                    return earlier.response
                done = await work(session)
                raw = b"" if done is None else done.model_dump_json().encode()
                await self.finish(session, request, Answer(raw), clock.now(), status=status)
        return response_of(status, raw)

    async def _is_known(self, database: Database, request: Request | None) -> bool:
        if request is None:
            return False
        async with database.read() as session:
            return bool(await self.find(session, [request]))

    def _named(self, request: Request) -> dict[str, object]:
        return {"scope": request.scope, "key": request.key}

    def _is_key_of(self, request: Request) -> Any:
        return and_(idempotency.c.scope == request.scope, idempotency.c.key == request.key)


@lru_cache(maxsize=1024)
def _packed(common: bytes) -> bytes:
    return zlib.compress(common)

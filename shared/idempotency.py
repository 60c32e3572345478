"""Idempotency-Key: a request sent again is answered again, not done again (kept 7 days; a refusal is not kept)."""

import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any

from fastapi import Header, Response
from fastapi import Request as HttpRequest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, StringConstraints, TypeAdapter, ValidationError
from sqlalchemy import Row, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Principal
from shared.bulk import insert_new_rows
from shared.clock import Clock
from shared.database import Database
from shared.errors import Conflict, DomainError, InvalidInput, Unavailable
from shared.messaging.tables import idempotency
from shared.sealing import Pepper, Sealer

KEPT = timedelta(days=7)
REPLAYED = {"Idempotency-Replayed": "true"}

HEADER = "Idempotency-Key"
_RULES: dict[str, Any] = {"min_length": 1, "max_length": 255, "pattern": r"^[\x21-\x7e]+$"}
IdempotencyKey = Annotated[str | None, Header(alias=HEADER, **_RULES)]
_KEY: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(**_RULES)])


def idempotency_key(request: HttpRequest) -> str | None:
    """The header as `IdempotencyKey` reads it, for a route that reads by itself. Raises InvalidInput."""
    given = request.headers.get(HEADER)
    try:
        return None if given is None else _KEY.validate_python(given)
    except ValidationError as error:
        found = [{**each, "loc": ("header", HEADER)} for each in error.errors(include_url=False, include_input=False)]
        raise InvalidInput.of(RequestValidationError(found)) from None


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


class Idempotency:
    def __init__(self, sealer: Sealer, pepper: Pepper) -> None:
        self._sealer = sealer
        self._pepper = pepper

    def request(self, scope: str, key: str, operation: str, body: BaseModel) -> Request:
        """Name a request. The fingerprint is keyed, so that nobody can guess a body from it."""
        said = f"{operation}\n{body.model_dump_json()}".encode()
        return Request(scope, key, self._pepper.keyed_hmac("idempotency", said))

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
                found[request] = self._opened(row)
        return found

    def row(self, request: Request, status: int, answer: Answer, now: datetime) -> dict[str, object]:
        """The row to insert into `idempotency` in the transaction that does the work."""
        packed = len(answer.own).to_bytes(4) + answer.own + _packed(answer.common)
        sealed = self._sealer.seal("idempotency", f"{request.scope}/{request.key}", "body", packed)
        return {
            "scope": request.scope,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "status": status,
            "body": sealed,
            "stored_at": now,
        }

    def _opened(self, row: Row[Any]) -> Kept:
        packed = self._sealer.open("idempotency", f"{row.scope}/{row.key}", "body", row.body)
        ends = 4 + int.from_bytes(packed[:4])
        return Kept(row.status, packed[4:ends] + zlib.decompress(packed[ends:]))

    async def once(
        self,
        database: Database,
        clock: Clock,
        principal: Principal,
        key: str | None,
        operation: str,
        said: BaseModel,
        work: Callable[[AsyncSession], Awaitable[BaseModel]],
        *,
        status: int = 200,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> Response:
        """Do the work in one transaction, or answer a repeat as the first time, even if both came at once.

        `before`: what is asked of others first, outside the transaction; not for a repeat.

        Raises what `before` and `work` raise, and IdempotencyKeyReused.
        """
        request = self.request(f"{principal.issuer}/{principal.subject}", key, operation, said) if key else None

        async def repeat(session: AsyncSession) -> Response | None:
            kept = (await self.find(session, [request])).get(request) if request else None
            return None if kept is None else Response(kept.body, kept.status, REPLAYED, "application/json")

        if before is not None:
            async with database.read() as session:
                if (repeated := await repeat(session)) is not None:
                    return repeated
            await before()
        try:
            async with database.write() as session:
                if (repeated := await repeat(session)) is not None:
                    return repeated
                raw = (await work(session)).model_dump_json().encode()
                if request:
                    await session.execute(insert(idempotency), [self.row(request, status, Answer(raw), clock.now())])
        except Conflict:
            async with database.read() as session:
                repeated = await repeat(session)
            if repeated is None:
                raise
            return repeated
        return Response(raw, status, media_type="application/json")


@lru_cache(maxsize=1024)
def _packed(common: bytes) -> bytes:
    return zlib.compress(common)

"""Idempotency-Key: a request sent again is answered again, not done again (kept 7 days; a refusal is not kept)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel
from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Principal
from shared.clock import Clock
from shared.database import Database
from shared.errors import Conflict, DomainError
from shared.messaging.tables import idempotency
from shared.sealing import Pepper, Sealer

KEPT = timedelta(days=7)
REPLAYED = {"Idempotency-Replayed": "true"}

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]


class IdempotencyKeyReused(DomainError):
    code, status, title = "idempotency-key-reused", 422, "This Idempotency-Key was used for another request"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may come again: who sent it (issuer and subject, or anonymous), under which key, and what it says."""

    scope: str
    key: str
    fingerprint: bytes


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

    async def find(self, session: AsyncSession, requests: list[Request]) -> Mapping[Request, Kept]:
        """What was answered before.

        Raises:
            IdempotencyKeyReused: a key stands for another request; with several requests in hand ask for each alone.
        """
        if not requests:
            return {}
        columns = tuple_(idempotency.c.scope, idempotency.c.key)
        rows = await session.execute(select(idempotency).where(columns.in_([(r.scope, r.key) for r in requests])))
        by_key = {(row.scope, row.key): row for row in rows}
        found = {}
        for request in requests:
            row = by_key.get((request.scope, request.key))
            if row is None:
                continue
            if row.fingerprint != request.fingerprint:
                raise IdempotencyKeyReused
            found[request] = Kept(row.status, self._sealer.open("idempotency", f"{row.scope}/{row.key}", "body", row.body))
        return found

    def row(self, request: Request, status: int, body: bytes, now: datetime) -> dict[str, object]:
        """The row to insert into `idempotency` in the transaction that does the work."""
        sealed = self._sealer.seal("idempotency", f"{request.scope}/{request.key}", "body", body)
        return {
            "scope": request.scope,
            "key": request.key,
            "fingerprint": request.fingerprint,
            "status": status,
            "body": sealed,
            "stored_at": now,
        }

    async def once(
        self,
        database: Database,
        clock: Clock,
        principal: Principal,
        key: str | None,
        operation: str,
        said: BaseModel,
        work: Callable[[AsyncSession], Awaitable[BaseModel]],
    ) -> Response:
        """Do the work in one transaction, or answer a repeat as the first time, even if both came at once.

        Raises what `work` raises, and IdempotencyKeyReused.
        """
        request = self.request(f"{principal.issuer}/{principal.subject}", key, operation, said) if key else None

        async def repeat(session: AsyncSession) -> Response | None:
            kept = (await self.find(session, [request])).get(request) if request else None
            return None if kept is None else Response(kept.body, kept.status, REPLAYED, "application/json")

        try:
            async with database.write() as session:
                if (repeated := await repeat(session)) is not None:
                    return repeated
                raw = (await work(session)).model_dump_json().encode()
                if request:
                    await session.execute(insert(idempotency), [self.row(request, 200, raw, clock.now())])
        except Conflict:
            async with database.read() as session:
                repeated = await repeat(session)
            if repeated is None:
                raise
            return repeated
        return Response(raw, media_type="application/json")

"""Idempotency of work in several steps: several transactions, files, or a body that is read as a stream.

The claim of the key is committed before the work begins. It is a lease by the rules of `shared.leases`: it is renewed while the work goes
on, it ends when its process has died, and only its holder stores an answer. Unlike other leases it begins with an insert, because the key
of a new request has no row yet. Until there is an answer, the column `body` contains the holder, and `stored_at` the time of the last
renewal, LEASE before the end.

The body is not known when the key is claimed, so the stored answer carries the digest of the body that the work has read; a repeat waits
until the first is done, and only then reads its own body to compare.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Row, and_, delete, select, update

from shared.database_errors import will_pass
from shared.errors import Unavailable
from shared.idempotency import PENDING, WAIT_SECONDS, Answer, Idempotency, IdempotencyKeyReused, Request, is_key_of, response_of
from shared.leases import RENEWALS, has_ended
from shared.messaging.tables import idempotency
from shared.unit_of_work import UnitOfWork, UnitsOfWork

LEASE: Final = timedelta(seconds=60)
POLL_SECONDS: Final = 0.1  # how often a repeat in another process looks
HOLDER_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class StepsDone:
    """What the work answers, and the digest of the body that it has read."""

    answer: BaseModel | None
    digest: bytes = b""
    is_complete: bool = True
    """False: the client broke off. The answer is not stored, the key is released."""


async def no_digest() -> bytes:
    """Of a request without a body."""
    return b""


@dataclass(frozen=True)
class Steps:
    """Carries out work in several steps once, under the Idempotency-Key of its request."""

    store: Idempotency
    units: UnitsOfWork

    async def once(
        self,
        request: Request | None,
        work: Callable[[], Awaitable[StepsDone]],
        *,
        digest_repeat: Callable[[], Awaitable[bytes]] = no_digest,
        status: int = 200,
    ) -> Response:
        """Do the work, or answer a repeat as the first time. If the first fails, a repeat that waits does the work.

        `digest_repeat` reads the body of a repeat and returns its digest, as the work does.

        Raises what these raise, IdempotencyKeyReused, and Unavailable while the first goes on for longer than WAIT_SECONDS.
        """
        if request is None:
            return response_of(status, _written((await work()).answer))
        async with self.store.alone(request):
            holder = secrets.token_bytes(HOLDER_BYTES)
            earlier = await self._claim(request, holder)
            if earlier is not None:
                if earlier.fingerprint != self.store.with_body(request, await digest_repeat()).fingerprint:
                    raise IdempotencyKeyReused
                return self.store.opened(earlier).response
            return await self._carry_out(request, holder, work, status)

    async def _carry_out(self, request: Request, holder: bytes, work: Callable[[], Awaitable[StepsDone]], status: int) -> Response:
        done: StepsDone | None = None
        async with self._renewed(request, holder):
            try:
                done = await work()
            finally:
                if done is None or not done.is_complete:
                    await asyncio.shield(self._release(request, holder))
            raw = _written(done.answer)
            if done.is_complete:
                await self._finish(self.store.with_body(request, done.digest), holder, status, raw)
        return response_of(status, raw)

    async def _claim(self, request: Request, holder: bytes) -> Row[Any] | None:
        """None: the work is ours. Else the row of the answer. Raises IdempotencyKeyReused and Unavailable."""
        loop = asyncio.get_running_loop()
        until = loop.time() + WAIT_SECONDS
        while True:
            async with self.units.write() as work:
                if await self._try(work, request, holder):
                    return None
                row = (await work.session.execute(select(idempotency).where(is_key_of(request)))).one_or_none()
            if row is not None and row.status != PENDING:
                return row
            if row is not None and row.fingerprint != request.fingerprint:
                raise IdempotencyKeyReused
            if loop.time() >= until:
                raise Unavailable("The first request under this Idempotency-Key is still being carried out.")
            await asyncio.sleep(POLL_SECONDS)

    async def _try(self, work: UnitOfWork, request: Request, holder: bytes) -> bool:
        """Claim the key if it is free, or if whoever claimed it has not renewed the lease."""
        now = work.clock.now()
        if await self.store.claim_key(work.session, request, now, holder):
            return True
        expired = and_(
            is_key_of(request),
            idempotency.c.status == PENDING,
            idempotency.c.fingerprint == request.fingerprint,
            has_ended(idempotency.c.stored_at, now - LEASE),
        )
        claim = update(idempotency).where(expired).values(body=holder, stored_at=now).returning(idempotency.c.key)
        taken = await work.session.execute(claim)
        return taken.one_or_none() is not None

    async def _finish(self, request: Request, holder: bytes, status: int, raw: bytes) -> None:
        async with self.units.write() as work:
            claimed = _is_held(request, holder)
            await self.store.store_answer(work.session, request, Answer(raw), work.clock.now(), status=status, claimed=claimed)

    async def _release(self, request: Request, holder: bytes) -> None:
        async with self.units.write() as work:
            await work.session.execute(delete(idempotency).where(_is_held(request, holder)))

    @asynccontextmanager
    async def _renewed(self, request: Request, holder: bytes) -> AsyncIterator[None]:
        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / RENEWALS)
                try:
                    async with self.units.write() as work:
                        renewal = update(idempotency).where(_is_held(request, holder)).values(stored_at=work.clock.now())
                        await work.session.execute(renewal)
                except Exception as error:
                    if not will_pass(error):
                        raise

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _is_held(request: Request, holder: bytes) -> ColumnElement[bool]:
    return and_(is_key_of(request), idempotency.c.status == PENDING, idempotency.c.body == holder)


def _written(answer: BaseModel | None) -> bytes:
    return b"" if answer is None else answer.model_dump_json().encode()

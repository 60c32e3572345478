"""Webhooks: one attempt to deliver, with a limit for its time and for the receiver's answer, and the worker that sends what is due.

A delivery is claimed by a lease (`shared.leases`), sent outside any transaction, and its result is recorded. If the process ends in
between, the delivery is sent again after the lease under the same `webhook-id`, by which the receiver detects the repeat. Each receiver
has its own task, so that a slow one delays nobody else.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

import httpx
from pydantic_core import to_json

from shared.leases import Lease
from shared.messaging.runtime import finish
from shared.outgoing.addresses import AddressGuard, PinnedTransport, RefusedAddress, UnresolvedAddress
from shared.outgoing.settings import OutgoingSettings
from shared.outgoing.signatures import sign_headers
from shared.sealing import Sealer, SealError
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

PAUSE_SECONDS: Final = 0.5
ROUND: Final = 20  # deliveries claimed at once
TEST: Final = "test"  # the type of a test message, which no event has
GONE: Final = 410


class AttemptError(StrEnum):
    """Why an attempt to deliver failed."""

    REFUSED = "refused"
    """The receiver answered with a status that is not 2xx."""
    REFUSED_ADDRESS = "refused-address"
    UNRESOLVED_ADDRESS = "unresolved-address"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    """The stored URL or secret cannot be opened."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of an attempt: the HTTP status of the receiver if it answered, and the error if the attempt failed."""

    status: int | None
    error: AttemptError | None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own class of success


def webhook_client(guard: AddressGuard, timeout_seconds: float) -> httpx.AsyncClient:
    """Return the HTTP client of webhooks: it follows no redirect and stores no cookie."""
    headers = {"Content-Type": "application/json", "User-Agent": "Aryz-Webhooks/1"}
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # a receiver must not store anything in this process
    return httpx.AsyncClient(
        transport=PinnedTransport(guard), timeout=timeout_seconds, headers=headers, cookies=no_cookies, follow_redirects=False
    )


async def post_webhook(
    client: httpx.AsyncClient, url: str, headers: Mapping[str, str], body: bytes, *, timeout_seconds: float, answer_bytes: int
) -> AttemptResult:
    """Post a message once. Raises nothing for a failed attempt: the result names the error."""
    try:
        async with asyncio.timeout(timeout_seconds), client.stream("POST", url, content=body, headers=dict(headers)) as answer:
            await _read_limited(answer, answer_bytes)
            return AttemptResult(answer.status_code, None if answer.is_success else AttemptError.REFUSED)
    except UnresolvedAddress:
        return AttemptResult(None, AttemptError.UNRESOLVED_ADDRESS)
    except RefusedAddress:
        return AttemptResult(None, AttemptError.REFUSED_ADDRESS)
    except (TimeoutError, httpx.TimeoutException):
        return AttemptResult(None, AttemptError.TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):  # UnicodeError: an invalid host name
        return AttemptResult(None, AttemptError.UNREACHABLE)


async def _read_limited(answer: httpx.Response, left: int) -> None:
    """Read the answer up to the limit; closing the connection drops the rest."""
    async with aclosing(answer.aiter_raw()) as chunks:  # type: ignore[type-var]  # it is a generator; httpx declares less
        async for chunk in chunks:
            left -= len(chunk)
            if left <= 0:
                return


class WebhookTarget(NamedTuple):
    """Where a webhook is sent, and the secrets that sign it."""

    url: str
    secrets: Sequence[str]


class SealedTarget(Protocol):
    """The sealed columns of a receiver. After a change of the secret the former one also signs, until `former_until`."""

    url: bytes
    secret: bytes
    former_secret: bytes | None
    former_until: datetime | None


def open_target(sealer: Sealer, table: str, row_id: UUID, sealed: SealedTarget, now: datetime) -> WebhookTarget:
    """Return the URL of a receiver and the secrets that are valid now. Raises SealError."""
    secrets = [sealer.open(table, row_id, "secret", sealed.secret).decode()]
    if sealed.former_secret is not None and sealed.former_until is not None and now < sealed.former_until:
        secrets.append(sealer.open(table, row_id, "former_secret", sealed.former_secret).decode())
    return WebhookTarget(sealer.open(table, row_id, "url", sealed.url).decode(), secrets)


class SendingLimits(Protocol):
    """The limits of a service's webhooks that sending keeps."""

    @property
    def timeout_seconds(self) -> float: ...

    @property
    def answer_bytes(self) -> int: ...

    @property
    def at_once(self) -> int:
        """Concurrent deliveries to one receiver."""
        ...

    @property
    def claim_seconds(self) -> int: ...


ReceiverT = TypeVar("ReceiverT")
ItemT = TypeVar("ItemT")


class WebhookWorker(ABC, Generic[ReceiverT, ItemT]):
    """Sends the webhooks that are due to receivers of one kind. Several processes may run one at the same time.

    `ReceiverT` is the row of a receiver, `ItemT` a claimed delivery with what its message says.
    """

    def __init__(self, parts: Parts[OutgoingSettings], limits: SendingLimits) -> None:
        self._parts = parts
        self._guard = AddressGuard.of(parts.settings)
        self._limits = limits
        self._running: dict[UUID, asyncio.Task[int]] = {}

    @abstractmethod
    async def _due(self, now: datetime) -> Sequence[UUID]:
        """Return the ids of the receivers for which a delivery is due."""

    @abstractmethod
    async def _claim_round(
        self, work: UnitOfWork, receiver_id: UUID, lease: Lease, now: datetime, limit: int
    ) -> tuple[ReceiverT, Sequence[ItemT]] | None:
        """Claim the next deliveries of a receiver; None if it is disabled or was deleted."""

    @abstractmethod
    def _target(self, receiver: ReceiverT, now: datetime) -> WebhookTarget:
        """Return where messages to a receiver go. Raises SealError."""

    @abstractmethod
    async def _message(self, receiver: ReceiverT, item: ItemT) -> tuple[UUID, bytes]:
        """Return the id of a delivery and the body of its message. Raises SealError."""

    @abstractmethod
    async def _record_result(self, work: UnitOfWork, receiver: ReceiverT, item: ItemT, result: AttemptResult) -> None:
        """Record the result of an attempt, unless another worker has claimed the delivery meanwhile."""

    async def run(self) -> None:
        """Send until cancelled. Raises the first error of a task: the runtime recognises an unavailable database by it."""
        try:
            await self._run()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _run(self) -> None:
        async with self.client() as client, asyncio.TaskGroup() as group:
            while True:
                due = await self._due(self._parts.clock.now())
                for receiver_id in set(due) - self._running.keys():
                    task = group.create_task(finish(self.serve(client, receiver_id)))
                    self._running[receiver_id] = task
                    task.add_done_callback(lambda _, name=receiver_id: self._running.pop(name))  # type: ignore[misc]
                await asyncio.sleep(PAUSE_SECONDS)

    async def serve(self, client: httpx.AsyncClient, receiver_id: UUID) -> int:
        """Send the deliveries of one receiver in rounds until a round fails or none is due. Return how many attempts were made."""
        attempts = 0
        while claimed := await self._claim(receiver_id):
            receiver, items = claimed
            attempts += len(items)
            slots = asyncio.Semaphore(self._limits.at_once)

            async def attempt(item: ItemT, slots: asyncio.Semaphore = slots) -> bool:
                async with slots:
                    result = await self._send(client, receiver, item)  # noqa: B023 - gathered within the round
                await self._record(receiver, item, result)  # noqa: B023
                return result.is_delivered

            if not all(await asyncio.gather(*(attempt(item) for item in items))):
                break
        return attempts

    def client(self) -> httpx.AsyncClient:
        """Return the HTTP client of webhooks."""
        return webhook_client(self._guard, self._limits.timeout_seconds)

    async def _claim(self, receiver_id: UUID) -> tuple[ReceiverT, Sequence[ItemT]] | None:
        """Claim the next deliveries of a receiver, at most ROUND; None if it is disabled or nothing is due."""
        now = self._parts.clock.now()
        async with self._parts.units.write() as work:
            lease = Lease(work.ids.new(), now + timedelta(seconds=self._limits.claim_seconds))
            found = await self._claim_round(work, receiver_id, lease, now, ROUND)
        return found if found is not None and found[1] else None

    async def _record(self, receiver: ReceiverT, item: ItemT, result: AttemptResult) -> None:
        async with self._parts.units.write() as work:
            await self._record_result(work, receiver, item, result)

    async def _send(self, client: httpx.AsyncClient, receiver: ReceiverT, item: ItemT) -> AttemptResult:
        try:
            delivery_id, body = await self._message(receiver, item)
        except SealError:
            return AttemptResult(None, AttemptError.UNREADABLE)
        return await self._post(client, receiver, _message_id(delivery_id), body)

    async def post_test(self, receiver: ReceiverT, data: Mapping[str, UUID]) -> tuple[str, AttemptResult]:
        """Send a test message at once, signed as any other. Return its `webhook-id` and the result; nothing is stored or repeated."""
        message_id = _message_id(self._parts.ids.new())
        body = to_json({"type": TEST, "timestamp": self._parts.clock.now(), "data": data})
        async with self.client() as client:
            return message_id, await self._post(client, receiver, message_id, body)

    async def _post(self, client: httpx.AsyncClient, receiver: ReceiverT, message_id: str, body: bytes) -> AttemptResult:
        """Sign and post a message once."""
        now, limits = self._parts.clock.now(), self._limits
        try:
            url, secrets = self._target(receiver, now)
        except SealError:
            return AttemptResult(None, AttemptError.UNREADABLE)
        headers = sign_headers(secrets, message_id, body, now)
        return await post_webhook(client, url, headers, body, timeout_seconds=limits.timeout_seconds, answer_bytes=limits.answer_bytes)


def _message_id(delivery_id: UUID) -> str:
    """Return the `webhook-id` of a delivery: the same for every attempt."""
    return f"msg_{delivery_id.hex}"

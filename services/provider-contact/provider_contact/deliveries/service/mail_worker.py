"""The worker that sends the mails of one table. A mailbox that is refused or busy delays no other.

Mails are claimed by a lease (`shared.leases`), sent without a transaction, and each result is recorded. A mail is sent at least once, and
twice under the same id when a worker is lost between sending and recording it.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

import structlog

from provider_contact.deliveries.codes import DeliveryError
from provider_contact.deliveries.policy import delivery_policy, delivery_texts
from provider_contact.settings import Settings
from shared.errors import where
from shared.leases import Lease
from shared.outgoing.senders import (
    MessageDeferred,
    MessageRefused,
    MessageTimedOut,
    NotificationSender,
    OutgoingMessage,
    ServerUnavailable,
)
from shared.sealing import SealError
from shared.service import Parts
from shared.unit_of_work import UnitOfWork

BATCH: Final = 50
CONCURRENT_SENDS: Final = 4
TIMEOUTS_AT_MOST: Final = 3  # of ten seconds each, before a batch sends no further mails

ItemT = TypeVar("ItemT")

log = structlog.get_logger()


class _MailBatch:
    """State shared by the mails of one batch: whether the server works."""

    def __init__(self) -> None:
        self.is_unavailable = False
        self.timeouts = 0
        self.slots = asyncio.Semaphore(CONCURRENT_SENDS)


class MailWorker(ABC, Generic[ItemT]):
    """Sends the mails that are due. Several processes may run one at the same time. `ItemT` is a claimed mail with what it says."""

    def __init__(self, parts: Parts[Settings], sender: NotificationSender, public_url: str) -> None:
        delivery_texts()  # read and checked before anything is sent
        self._parts = parts
        self._sender = sender
        self._public_url = public_url

    @abstractmethod
    async def _has_due(self, now: datetime) -> bool:
        """Return whether a mail is due. Nothing is locked."""

    @abstractmethod
    async def _claim(self, work: UnitOfWork, lease: Lease, now: datetime, limit: int) -> Sequence[ItemT]:
        """Claim mails that are due, longest due first."""

    @abstractmethod
    def _is_needed(self, item: ItemT) -> bool:
        """Return whether a mail still says something."""

    @abstractmethod
    def _message(self, item: ItemT) -> OutgoingMessage:
        """Compose the mail. Raises SealError."""

    @abstractmethod
    async def _record_delivered(self, work: UnitOfWork, item: ItemT, external_id: str | None) -> None: ...

    @abstractmethod
    async def _record_failed(self, work: UnitOfWork, item: ItemT, error: DeliveryError) -> None: ...

    @abstractmethod
    async def _record_deferred(self, work: UnitOfWork, item: ItemT, error: DeliveryError, *, is_charged: bool) -> None:
        """Plan the next attempt. `is_charged` False: the mail was not tried, and uses up no attempt."""

    @abstractmethod
    async def _record_dropped(self, work: UnitOfWork, item: ItemT) -> None: ...

    async def run_once(self) -> int:
        """Send one batch of due mails. Return how many were claimed."""
        now = self._parts.clock.now()
        if not await self._has_due(now):
            return 0
        lease_time = delivery_policy().mail.lease
        async with self._parts.units.write() as work:
            items = await self._claim(work, Lease(work.ids.new(), now + lease_time), now, BATCH)
        batch, send_until = _MailBatch(), now + lease_time / 2
        async with asyncio.timeout(lease_time.total_seconds()):
            results = await asyncio.gather(*(self._process(item, batch, send_until) for item in items), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return len(items)

    async def _process(self, item: ItemT, batch: _MailBatch, send_until: datetime) -> None:
        """Send a mail and record the result."""
        if not self._is_needed(item):
            async with self._parts.units.write() as work:
                await self._record_dropped(work, item)
            return
        try:
            message = self._message(item)
        except SealError:
            async with self._parts.units.write() as work:
                await self._record_failed(work, item, DeliveryError.UNREADABLE)
            return
        async with batch.slots:
            if self._parts.clock.now() >= send_until:
                return  # it is due again when the lease ends; sent now, another worker could be sending it too
            await self._send(item, message, batch)

    async def _send(self, item: ItemT, message: OutgoingMessage, batch: _MailBatch) -> None:
        error, is_refused, is_charged, reference = None, False, not batch.is_unavailable, None
        try:
            reference = await self._pass_on(message, batch)
        except MessageRefused:
            error, is_refused = DeliveryError.REFUSED_MAILBOX, True
        except MessageDeferred:
            error = DeliveryError.DEFERRED
        except ServerUnavailable:
            error = DeliveryError.SERVER_UNAVAILABLE
        async with self._parts.units.write() as work:
            if error is None:
                await self._record_delivered(work, item, reference)
            elif is_refused:
                await self._record_failed(work, item, error)
            else:
                await self._record_deferred(work, item, error, is_charged=is_charged)

    async def _pass_on(self, message: OutgoingMessage, batch: _MailBatch) -> str | None:
        """Call the sender, and note for the batch when the server itself fails.

        Raises what the sender raises, and ServerUnavailable without a call once the server has failed in this batch.
        """
        if batch.is_unavailable:
            raise ServerUnavailable
        try:
            return await self._sender.send(message)
        except MessageTimedOut:
            batch.timeouts += 1
            batch.is_unavailable = batch.is_unavailable or batch.timeouts >= TIMEOUTS_AT_MOST
            raise
        except (MessageRefused, MessageDeferred):
            raise
        except ServerUnavailable:
            batch.is_unavailable = True
            raise
        except Exception as error:  # noqa: BLE001 - an unforeseen error of one mail must not stop the others
            log.error("a mail cannot be sent", error=type(error).__name__, where=where(error))  # noqa: TRY400 - its text may hold an address
            raise MessageDeferred from None

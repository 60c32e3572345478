"""The worker's job that mails notices. A mailbox that is refused or busy delays no other.

Mails are claimed by a lease (`shared.leases`), sent without a transaction, and each result is recorded. A mail is sent at least once, and
twice under the same id when a worker is lost between sending and recording it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import DeliveryError
from provider_contact.deliveries.models import ReplyLink
from provider_contact.deliveries.policy import delivery_policy, delivery_texts
from provider_contact.deliveries.repository import NotifiedDelivery
from provider_contact.deliveries.service import recording
from provider_contact.deliveries.service.composition import compose_mail
from provider_contact.deliveries.service.links import address_of
from provider_contact.deliveries.service.stepping import TABLE, is_needed
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

BATCH: Final = 50
CONCURRENT_SENDS: Final = 4
TIMEOUTS_AT_MOST: Final = 3  # of ten seconds each, before a batch sends no further mails

log = structlog.get_logger()


class _MailBatch:
    """State shared by the mails of one batch: whether the server works, and what the mails have in common."""

    def __init__(self, items: Sequence[NotifiedDelivery], links: Mapping[UUID, ReplyLink], names: Mapping[UUID, tuple[str, str]]) -> None:
        self.items, self.links, self.names = items, links, names
        self.is_unavailable = False
        self.timeouts = 0
        self.slots = asyncio.Semaphore(CONCURRENT_SENDS)


class MailDispatcher:
    """Sends the mails that are due. Several processes may run one at the same time."""

    def __init__(self, parts: Parts[Settings], sender: NotificationSender, public_url: str) -> None:
        delivery_texts()  # read and checked before anything is sent
        self._parts = parts
        self._sender = sender
        self._public_url = public_url

    async def run_once(self) -> int:
        """Send one batch of due mails. Return how many were claimed."""
        now = self._parts.clock.now()
        if not await repository.has_due_mail(self._parts.database, now):
            return 0
        lease_time = delivery_policy().mail.lease
        async with self._parts.units.write() as work:
            items = await repository.claim_mail(work.session, Lease(work.ids.new(), now + lease_time), now, BATCH)
            links = await repository.links_of(work.session, [item.delivery.delivery_id for item in items])
            names = await repository.provider_names(work.session, {item.inquiry.provider_id for item in items})
        batch, send_until = _MailBatch(items, links, names), now + lease_time / 2
        async with asyncio.timeout(lease_time.total_seconds()):
            results = await asyncio.gather(*(self._process(item, batch, send_until) for item in items), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return len(items)

    async def _process(self, item: NotifiedDelivery, batch: _MailBatch, send_until: datetime) -> None:
        """Send a mail and record the result."""
        delivery = item.delivery
        if not is_needed(delivery.notice, delivery.channel, item.inquiry):
            async with self._parts.units.write() as work:
                await recording.record_dropped(work, item)
            return
        try:
            message = self._message(item, batch)
        except SealError:
            async with self._parts.units.write() as work:
                await recording.record_failed(work, item, DeliveryError.UNREADABLE)
            return
        async with batch.slots:
            if self._parts.clock.now() >= send_until:
                return  # it is due again when the lease ends; sent now, another worker could be sending it too
            await self._send(item, message, batch)

    async def _send(self, item: NotifiedDelivery, message: OutgoingMessage, batch: _MailBatch) -> None:
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
                await recording.record_delivered(work, item, external_id=reference)
            elif is_refused:
                await recording.record_failed(work, item, error)
            else:
                await recording.record_mail_deferred(work, item, error, is_charged=is_charged)

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
            log.error("a notice cannot be mailed", error=type(error).__name__, where=where(error))  # noqa: TRY400 - its text may hold an address
            raise MessageDeferred from None

    def _message(self, item: NotifiedDelivery, batch: _MailBatch) -> OutgoingMessage:
        """Compose the mail. Raises SealError."""
        delivery, sealer = item.delivery, self._parts.sealer
        if delivery.address is None:
            raise SealError
        address = sealer.open(TABLE, delivery.delivery_id, "address", delivery.address).decode()
        link = batch.links.get(delivery.delivery_id)
        url = address_of(link, sealer, self._public_url) if link is not None else None
        subject, text = compose_mail(item, url, batch.names.get(item.inquiry.provider_id, ("", "")))
        return OutgoingMessage(delivery.delivery_id, item.inquiry.appeal_id, address, subject, text, self._parts.clock.now())

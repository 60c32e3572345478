"""The worker's job that sends due notifications, each by its own delivery method; a failing method delays no other.

A worker claims notifications by a lease (`shared.leases`); if the worker is lost, the lease ends. So each notification is sent at least
once, and twice under the same id when a worker is lost between sending and recording it.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple, Unpack
from uuid import UUID

import structlog

from intake.notifications import repository
from intake.notifications.codes import ASKING, CODES, DeliveryMethod, NotificationReason, NotificationState
from intake.notifications.models import Notification
from intake.notifications.policy import NEWS, NotificationPolicy, NotificationRoute, notification_texts, policy, routes
from intake.notifications.repository import AddressedNotification, NotificationChanges, TriedMethods
from intake.notifications.service.composition import ANSWER, AskedOffer, compose_text, read_answer
from intake.notifications.service.contacts import contacts, has_unconfirmed, next_method
from intake.notifications.service.hours import next_opening
from intake.notifications.service.planning import FactOfAppeal, new_notification
from intake.register.service import recipients
from intake.register.service.offers import can_answer, link_token, offer_asked_by, recipient_of
from intake.register.service.recipients import NOTICES, day_of, next_day, recipient_key
from intake.register.service.registration import phone_key
from shared.contents import OwnerUnavailable
from shared.domain.regions import regions
from shared.errors import where
from shared.ids import derived
from shared.leases import Lease
from shared.outgoing.senders import (
    DeliveryPending,
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
CONCURRENT_SENDS: Final = 4  # messages of one delivery method at a time
TIMEOUTS_AT_MOST: Final = 3  # of ten seconds each, before a batch sends no further messages to that server
PURGE_AFTER: Final = timedelta(days=30)
COUNTED_FOR: Final = timedelta(days=2)
UNFOLDED: Final = frozenset({NEWS, *ASKING})
"""The facts whose notifications wait when the limit is reached: a message that there is news cannot ask a question."""

log = structlog.get_logger()


class _Attempt(NamedTuple):
    """One attempt to send a notification by one delivery method."""

    item: AddressedNotification
    method: DeliveryMethod
    route: NotificationRoute
    addresses: Mapping[DeliveryMethod, str]

    @property
    def address(self) -> str:
        return self.addresses[self.method]


class Dispatcher:
    """Sends due notifications through `senders`, which are given by delivery method."""

    def __init__(
        self, parts: Parts, senders: Mapping[DeliveryMethod, NotificationSender], public_url: str, *, quiet_hours: bool = True
    ) -> None:
        """`quiet_hours` False: notifications are sent at night too. Raises ReferenceDataError for a wrong policy file."""
        notification_texts()  # read and checked before anything is sent
        self._parts = parts
        self._senders = senders
        self._public_url = public_url
        self._quiet_hours = quiet_hours
        self._policy: NotificationPolicy = policy()

    async def run_once(self) -> int:
        """Send one batch of due notifications. Return how many were claimed."""
        now = self._parts.clock.now()
        if not await repository.has_due_notifications(self._parts.database, now):
            return 0
        async with self._parts.units.write() as work:
            lease = Lease(work.ids.new(), now + self._policy.lease)
            items = await repository.claim_due(work.session, lease, now, BATCH)
            tried = await repository.tried_methods(work.session, [item.notification.event_id for item in items if _is_open(item)])
        batch = _SendBatch(now + self._policy.lease / 2, tried)
        by_appeal = [list(group) for _, group in groupby(sorted(items, key=_appeal_id), key=_appeal_id)]
        results = await asyncio.gather(*(self._process_in_order(group, batch) for group in by_appeal), return_exceptions=True)
        await self._record_unsent(batch, lease.holder)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return len(items)

    async def _process_in_order(self, items: list[AddressedNotification], batch: "_SendBatch") -> None:
        for item in items:
            await self._process(item, batch)

    async def _process(self, item: AddressedNotification, batch: "_SendBatch") -> None:
        notification = item.notification
        if notification.fact in ASKING and not await self._is_open_question(item):
            batch.end_unsent(item, NotificationState.FOLDED, NotificationReason.ANSWERED)
            return
        try:
            addresses = contacts(self._parts.sealer, item)
        except SealError:
            batch.end_unsent(item, NotificationState.FAILED, NotificationReason.UNREADABLE)
            return
        method: DeliveryMethod | None = notification.channel
        if _is_open(item):  # a notification that replaced others may have failed by some methods
            method = next_method(item, addresses, self._usable, _tried_for(notification, batch.tried))
        if method is None or method not in addresses or method not in self._usable:
            is_unconfirmed = has_unconfirmed(self._parts.sealer, item)
            reason = NotificationReason.UNCONFIRMED if is_unconfirmed else NotificationReason.NO_WAY
            if method is None:
                batch.end_unsent(item, NotificationState.FAILED, reason)
            else:
                await self._give_up(item, method, reason, addresses)
            return
        route = routes().get((notification.fact, notification.recipient, method))
        if route is None:  # the policy files have changed since it was planned
            await self._give_up(item, method, NotificationReason.NO_WAY, addresses)
        elif method in self._policy.manual:
            batch.end_unsent(item, NotificationState.BY_HAND, notification.reason, method)
        elif not await self._postpone(item, route):
            await self._send_within_limit(_Attempt(item, method, route, addresses), batch)

    async def _record_unsent(self, batch: "_SendBatch", holder: UUID) -> None:
        """Record in one transaction what is not sent, unless another worker has claimed it meanwhile."""
        if not batch.unsent:
            return
        async with self._parts.units.write() as work:
            for (state, reason, method), ids in batch.unsent.items():
                changes: NotificationChanges = {"state": state, "reason": reason, "channel": method}
                await repository.change_claimed(work.session, ids, holder, **changes)

    @property
    def _usable(self) -> frozenset[DeliveryMethod]:
        return self._policy.manual | self._senders.keys()

    async def _postpone(self, item: AddressedNotification, route: NotificationRoute) -> bool:
        """Postpone it outside of the hours or beyond the appeal's limit. Return whether it was postponed."""
        if route.urgent:
            return False
        notification, now = item.notification, self._parts.clock.now()
        opens = next_opening(now, regions()[item.region].timezone, self._policy) if self._quiet_hours else now
        if opens > now:
            await self._change(notification, due_at=opens, attempts=notification.attempts - 1)
            return True
        async with self._parts.units.read() as work:
            sent = await repository.sent_times(work.session, notification.appeal_id, now - self._policy.window)
        if len(sent) < self._policy.limit:
            return False
        changes: NotificationChanges = {
            "due_at": sent[-self._policy.limit] + self._policy.window,
            "attempts": notification.attempts - 1,
            "reason": NotificationReason.LIMIT,
        }
        async with self._parts.units.write() as work:
            if notification.fact not in UNFOLDED:
                if await repository.planned_news(work.session, notification.appeal_id) is None:
                    changes |= {"fact": NEWS, "channel": DeliveryMethod.ANY}
                else:
                    changes = {"state": NotificationState.FOLDED, "reason": NotificationReason.LIMIT}
            await repository.change_as_read(work.session, notification, **changes)
        return True

    async def _send_within_limit(self, attempt: _Attempt, batch: "_SendBatch") -> None:
        """Send it, unless the recipient was sent enough today, by all appeals together: then it waits for the next day."""
        notification, owner = attempt.item.notification, attempt.item.owner
        if notification.fact in CODES:  # counted when they are asked for
            await self._send(attempt, batch)
            return
        now = self._parts.clock.now()
        recipient = owner.hex() if attempt.method == DeliveryMethod.TELEGRAM and owner is not None else attempt.address
        key, day = recipient_key(self._parts.pepper, NOTICES, attempt.method, recipient), day_of(now)
        async with self._parts.units.write() as work:
            is_allowed = await recipients.count_today(work.session, key, day, self._policy.recipient_limit)
        if not is_allowed:
            attempts = notification.attempts - 1
            await self._change(notification, due_at=next_day(now), attempts=attempts, reason=NotificationReason.LIMIT)
        elif not await self._send(attempt, batch):
            async with self._parts.units.write() as work:
                await recipients.uncount(work.session, key, day)

    async def _send(self, attempt: _Attempt, batch: "_SendBatch") -> bool:
        """Send it and record the result. Return whether it was sent."""
        try:
            message = await self._message(attempt)
            async with batch.slot(attempt.method):
                if self._parts.clock.now() >= batch.send_until:
                    return False  # it is due again when the lease expires; sent now, another worker could be sending it too
                reference = await self._pass_on(attempt.method, message, batch)
        except SealError:
            await self._change(attempt.item.notification, state=NotificationState.FAILED, reason=NotificationReason.UNREADABLE)
        except OwnerUnavailable:
            await self._retry(attempt, NotificationReason.ANSWER_AWAY)
        except MessageRefused:
            await self._give_up(attempt.item, attempt.method, NotificationReason.REFUSED, attempt.addresses)
        except MessageDeferred:
            await self._retry(attempt, NotificationReason.NOT_NOW)
        except _NotTried:
            await self._retry(attempt, NotificationReason.NO_REPLY, is_charged=False)
        except ServerUnavailable:
            await self._retry(attempt, NotificationReason.NO_REPLY)
        else:
            await self._record_sent(attempt, reference)
            return True
        return False

    async def _message(self, attempt: _Attempt) -> OutgoingMessage:
        """Compose the message. Raises SealError, and OwnerUnavailable until the retries are used up; then it goes without the answer."""
        item, notification, answer = attempt.item, attempt.item.notification, None
        if attempt.route.with_answer and item.answer_by == attempt.method:
            try:
                answer = await read_answer(self._parts.contents, item, reader="applicant")
            except OwnerUnavailable:
                if notification.attempts <= len(self._policy.retries):
                    raise
        asked = await self._offer_of(notification)
        subject, text = compose_text(
            self._parts.sealer, item, attempt.route, method=attempt.method, public_url=self._public_url, answer=answer, asked=asked
        )
        offer_id = asked.offer_id if asked is not None else None
        return OutgoingMessage(notification.id, notification.appeal_id, attempt.address, subject, text, self._parts.clock.now(), offer_id)

    async def _is_open_question(self, item: AddressedNotification) -> bool:
        """Return whether the applicant has yet to answer: nobody is asked what was answered on the page meanwhile."""
        async with self._parts.units.read() as work:
            offer = await offer_asked_by(work, item.notification.event_id)
        return offer is not None and offer.answer is None and can_answer(offer, item.status or "", self._parts.clock.now())

    async def _offer_of(self, notification: Notification) -> AskedOffer | None:
        """Return the offer of a provider about which a notification asks; None for any other notification."""
        if notification.fact not in ASKING:
            return None
        async with self._parts.units.read() as work:
            offer = await offer_asked_by(work, notification.event_id)
            if offer is None:
                return None
            link = self._public_url + ANSWER + link_token(self._parts.pepper, offer.id)
            return AskedOffer(offer.id, link, await recipient_of(work, offer))

    async def _pass_on(self, method: DeliveryMethod, message: OutgoingMessage, batch: "_SendBatch") -> str | None:
        """Call the sender. Raises what it raises, and _NotTried once its server has failed in this batch."""
        if method in batch.unavailable:
            raise _NotTried
        try:
            return await self._senders[method].send(message)
        except MessageTimedOut:
            batch.timeouts[method] += 1
            if batch.timeouts[method] >= TIMEOUTS_AT_MOST:
                batch.unavailable.add(method)
            raise
        except (MessageRefused, MessageDeferred, DeliveryPending):
            raise
        except ServerUnavailable:
            batch.unavailable.add(method)
            raise
        except Exception as error:  # noqa: BLE001 - an unforeseen error of one message must not stop the others
            log.error("a notification cannot be sent", error=type(error).__name__, where=where(error))  # noqa: TRY400 - its text may hold an address
            raise MessageDeferred from None

    async def _record_sent(self, attempt: _Attempt, reference: str | None) -> None:
        parts, notification, address = self._parts, attempt.item.notification, attempt.address
        await self._change(
            notification,
            state=NotificationState.SENT,
            channel=attempt.method,
            reason=None,
            sent_at=parts.clock.now(),
            address=parts.sealer.seal("notice", notification.id, "address", address.encode()),
            phone_key=phone_key(parts.pepper, address) if attempt.method == DeliveryMethod.SMS else None,
            provider_ref=reference,
            secret=None,
        )

    async def _retry(self, attempt: _Attempt, reason: NotificationReason, *, is_charged: bool = True) -> None:
        """Plan the next attempt with the notification's own backoff; after the last one use the next method, if there is one.

        Without another method it is retried until the policy's `longest` is over. `is_charged` False: it was not tried, so that it uses up
        no attempt and is due before those that were.
        """
        item, notification = attempt.item, attempt.item.notification
        now, retries, is_code = self._parts.clock.now(), self._policy.retries, notification.fact in CODES
        if is_code and now >= notification.planned_at + self._policy.code_life:
            await self._give_up(item, attempt.method, reason, attempt.addresses)
            return
        is_over = is_charged and notification.attempts > len(retries)
        if is_over and (is_code or now >= notification.planned_at + self._policy.longest or await self._has_other_method(attempt)):
            await self._give_up(item, attempt.method, reason, attempt.addresses)
            return
        wait = retries[min(notification.attempts, len(retries)) - 1] if is_charged else retries[0]
        changes: NotificationChanges = {"channel": attempt.method, "reason": reason, "due_at": now + wait}
        if not is_charged:
            changes["attempts"] = notification.attempts - 1
        await self._change(notification, **changes)

    async def _has_other_method(self, attempt: _Attempt) -> bool:
        notification = attempt.item.notification
        async with self._parts.units.read() as work:
            found = await repository.tried_methods(work.session, [notification.event_id])
        tried = _tried_for(notification, found) | {attempt.method}
        return next_method(attempt.item, attempt.addresses, self._usable, tried) is not None

    async def _give_up(
        self, item: AddressedNotification, method: DeliveryMethod, reason: NotificationReason, addresses: Mapping[DeliveryMethod, str]
    ) -> None:
        async with self._parts.units.write() as work:
            await fall_back(work, item, method, reason, addresses, self._usable)

    async def _change(self, notification: Notification, **changes: Unpack[NotificationChanges]) -> None:
        """Record the result of an attempt, unless another worker has claimed the notification meanwhile."""
        async with self._parts.units.write() as work:
            await repository.change_as_read(work.session, notification, **changes)

    async def purge(self) -> None:
        """Delete the records of received messages and the daily counts that are not needed any more."""
        now = self._parts.clock.now()
        async with self._parts.units.write() as work:
            await repository.purge_messages(work.session, now - PURGE_AFTER)
            await recipients.purge_counts(work.session, day_of(now - COUNTED_FOR))


class _NotTried(Exception):
    """The message was not sent because the server failed for another message of the batch."""


class _SendBatch:
    """State shared by the notifications of one batch: the methods that are unavailable, and how many messages are being sent.

    `tried`: the delivery methods that were used before, by event and recipient. `unsent`: the ids of notifications that end without
    being sent, by their new state, reason and method.
    """

    def __init__(self, send_until: datetime, tried: TriedMethods) -> None:
        self.tried = tried
        self.unsent: defaultdict[tuple[NotificationState, NotificationReason | None, DeliveryMethod], list[UUID]] = defaultdict(list)
        self.send_until = send_until  # the result of a message sent later might be recorded after the lease expires
        self.unavailable: set[DeliveryMethod] = set()
        self.timeouts: Counter[DeliveryMethod] = Counter()
        self._slots: dict[DeliveryMethod, asyncio.Semaphore] = {}

    def slot(self, method: DeliveryMethod) -> asyncio.Semaphore:
        return self._slots.setdefault(method, asyncio.Semaphore(CONCURRENT_SENDS))

    def end_unsent(
        self, item: AddressedNotification, state: NotificationState, reason: NotificationReason | None, method: DeliveryMethod | None = None
    ) -> None:
        """Note that a notification ends in this state. `method` None: the method that it has."""
        self.unsent[state, reason, method or item.notification.channel].append(item.notification.id)


def _tried_for(notification: Notification, tried: TriedMethods) -> frozenset[DeliveryMethod]:
    return tried.get((notification.event_id, notification.recipient), frozenset())


def _is_open(item: AddressedNotification) -> bool:
    """Return whether the delivery method is still to be chosen."""
    return item.notification.channel == DeliveryMethod.ANY


def _appeal_id(item: AddressedNotification) -> UUID:
    return item.notification.appeal_id


async def fall_back(
    work: UnitOfWork,
    item: AddressedNotification,
    method: DeliveryMethod,
    reason: NotificationReason,
    addresses: Mapping[DeliveryMethod, str],
    usable: Collection[DeliveryMethod],
) -> None:
    """Record that a method failed, and plan the notification by the next method, if there is one. A code is never sent elsewhere.

    Does nothing if the notification has changed since it was read.
    """
    notification = item.notification
    failed: NotificationChanges = {"state": NotificationState.FAILED, "channel": method, "reason": reason, "secret": None}
    is_changed = await repository.change_as_read(work.session, notification, **failed)
    if not is_changed or notification.fact in CODES:
        return
    found = await repository.tried_methods(work.session, [notification.event_id])
    tried = _tried_for(notification, found)
    following = next_method(item, addresses, usable, tried | {method})
    if following is not None:
        fact = FactOfAppeal(notification.event_id, notification.appeal_id, notification.fact)
        following_id = derived(notification.event_id, f"{notification.recipient}/{following}")
        await repository.add_notifications(work.session, [new_notification(following_id, fact, following, work.clock.now())])

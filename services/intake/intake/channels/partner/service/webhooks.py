"""Subscriptions to webhooks: their URLs and secrets, the log of their deliveries, and replay."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from intake.channels.partner import policy, repository
from intake.channels.partner.errors import TooManySubscriptions
from intake.channels.partner.models import Subscription, UpdateEntry
from intake.channels.partner.repository import UpdateDelivery
from intake.channels.partner.schemas import Delivered, NewSecret, Replayed, ReplayIn, Subscribed, SubscribedWithSecret, SubscriptionIn
from intake.channels.partner.service import feed
from intake.channels.partner.service.feed import Reader
from intake.register.service.filing import fault, moment
from shared.errors import FieldError, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse, keyset_page, page_of
from shared.outgoing.addresses import AddressGuard
from shared.outgoing.signatures import new_secret
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

TABLE: Final = "subscription"
_TOO_MANY: Final = "Too many updates; choose a later time."
_EITHER: Final = "Either a time or ids are given."


async def check(guard: AddressGuard, wanted: SubscriptionIn) -> None:
    """Check a subscription before it is made. Raises InvalidInput for an unknown type of update or a URL that may not be called."""
    unknown = [index for index, event_type in enumerate(wanted.events or []) if event_type not in feed.TYPES]
    if unknown:
        raise InvalidInput([FieldError(f"events.{index}", "unknown-code", DETAILS["unknown-code"]) for index in unknown])
    await guard.check(wanted.url)


async def subscribe(work: UnitOfWork, reader: Reader, wanted: SubscriptionIn) -> SubscribedWithSecret:
    """Make a subscription that passed `check`. Raises TooManySubscriptions."""
    await repository.lock_subscriber(work.session, reader.key)
    if len(await repository.subscriptions_of(work.session, reader.key)) >= policy.webhooks().subscriptions_each:
        raise TooManySubscriptions
    subscription_id, secret = work.ids.new(), new_secret()
    subscription = Subscription(
        id=subscription_id,
        subscriber=reader.key,
        channel=reader.channel,
        url=work.sealer.seal(TABLE, subscription_id, "url", wanted.url.encode()),
        events=wanted.events,
        secret=work.sealer.seal(TABLE, subscription_id, "secret", secret.encode()),
        former_secret=None,
        former_until=None,
        disabled_at=None,
        disabled_because=None,
        created_at=work.clock.now(),
    )
    work.session.add(subscription)
    return SubscribedWithSecret(**_subscribed(work.sealer, subscription).model_dump(), secret=secret)


async def subscriptions(work: UnitOfWork, reader: Reader, cursor: str | None, limit: int) -> ListResponse[Subscribed]:
    """Return the reader's subscriptions, oldest first. Raises InvalidInput `bad-cursor`."""
    found = await repository.subscriptions_of(work.session, reader.key)
    page, next_cursor = page_of(found, limit, cursor)
    return ListResponse(items=[_subscribed(work.sealer, subscription) for subscription in page], total=len(found), next_cursor=next_cursor)


async def unsubscribe(work: UnitOfWork, reader: Reader, subscription_id: UUID) -> None:
    """Delete a subscription and the log of its deliveries. Raises NotFound."""
    await own_subscription(work, reader, subscription_id, lock=True)
    await repository.delete_subscription(work.session, subscription_id)


async def renew_secret(work: UnitOfWork, reader: Reader, subscription_id: UUID) -> NewSecret:
    """Give a subscription a new secret; the former one also signs for some hours. Raises NotFound."""
    secret = new_secret()
    subscription = await own_subscription(work, reader, subscription_id, lock=True)
    former = work.sealer.open(TABLE, subscription.id, "secret", subscription.secret)
    subscription.former_secret = work.sealer.seal(TABLE, subscription.id, "former_secret", former)
    subscription.former_until = work.clock.now() + timedelta(hours=policy.webhooks().former_secret_hours)
    subscription.secret = work.sealer.seal(TABLE, subscription.id, "secret", secret.encode())
    return NewSecret(secret=secret, former_valid_until=subscription.former_until)


async def deliveries(work: UnitOfWork, reader: Reader, subscription_id: UUID, cursor: str | None, limit: int) -> ListResponse[Delivered]:
    """Return the deliveries of a subscription, newest first. Raises NotFound, and InvalidInput `bad-cursor`."""
    before = None if cursor is None else Cursor.decode(cursor, int)[0]
    await own_subscription(work, reader, subscription_id)
    found = await repository.delivery_log(work.session, subscription_id, before, limit + 1)
    total = await repository.count_deliveries(work.session, subscription_id)
    return keyset_page(found, limit, total, item=_delivered, key=lambda sent: sent.delivery.position)


async def replay(work: UnitOfWork, reader: Reader, subscription_id: UUID, wanted: ReplayIn) -> Replayed:
    """Send updates again under the ids they had. A disabled subscription becomes active, and its undelivered updates are due now.

    Raises NotFound and InvalidInput.
    """
    if (wanted.since is None) == (wanted.ids is None):
        raise InvalidInput.field("since", "since-or-ids", _EITHER)
    now = work.clock.now()
    subscription = await own_subscription(work, reader, subscription_id, lock=True)
    chosen = await _chosen(work, reader, subscription, wanted)
    subscription.disabled_at = subscription.disabled_because = None
    await repository.resume_deliveries(work.session, subscription.id, now)
    rows = [feed.delivery_row(work, subscription.id, entry.position or 0, entry.appeal_id, now) for entry in chosen]
    await repository.upsert_deliveries(work.session, rows)
    return Replayed(replayed=len(chosen))


async def _chosen(work: UnitOfWork, reader: Reader, subscription: Subscription, wanted: ReplayIn) -> Sequence[UpdateEntry]:
    if wanted.since is None:
        return await repository.updates_of_deliveries(work.session, subscription.id, wanted.ids or [])
    since, most = moment(wanted.since), policy.webhooks().replayed_at_most
    if since is None:
        raise InvalidInput([fault("since", "bad-time")])
    found = await repository.updates_to_replay(work.session, reader.readable, subscription.events, since, most + 1)
    if len(found) > most:
        raise InvalidInput.field("since", "too-many", _TOO_MANY)
    return found


async def own_subscription(work: UnitOfWork, reader: Reader, subscription_id: UUID, *, lock: bool = False) -> Subscription:
    """Return a subscription of the reader. Raises NotFound, also for the subscription of somebody else."""
    found = await repository.subscription_of(work.session, subscription_id, reader.key, lock=lock)
    if found is None:
        raise NotFound
    return found


def _subscribed(sealer: Sealer, subscription: Subscription) -> Subscribed:
    return Subscribed(
        subscription_id=subscription.id,
        url=sealer.open(TABLE, subscription.id, "url", subscription.url).decode(),
        events=subscription.events,
        active=subscription.disabled_at is None,
        disabled_because=subscription.disabled_because,
        created_at=subscription.created_at,
    )


def _delivered(sent: UpdateDelivery) -> Delivered:
    delivery, entry = sent
    return Delivered(
        delivery_id=delivery.id,
        appeal_id=delivery.appeal_id,
        number=entry.number or "",
        type=entry.type,
        attempts=delivery.attempts,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        next_at=None if delivery.delivered_at else delivery.next_at,
        delivered_at=delivery.delivered_at,
        created_at=delivery.created_at,
    )

"""Subscriptions: where updates are sent, under which secret, what was sent, and sending again."""

import base64
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.partner import repository
from intake.channels.partner.errors import TooManySubscriptions
from intake.channels.partner.models import Delivery, Subscription, UpdateEntry
from intake.channels.partner.schemas import Delivered, NewSecret, Replayed, ReplayIn, Subscribed, SubscribedWithSecret, SubscriptionIn
from intake.channels.partner.service import feed, policy
from intake.channels.partner.service.addresses import Guard
from intake.channels.partner.service.feed import Reader
from intake.register.service.filing import fault, moment
from shared.errors import FieldError, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.http import Cursor, ListResponse, page_of
from shared.service import Parts

SECRET_BYTES: Final = 32  # Standard Webhooks: 24 to 64
TABLE: Final = "subscription"
_ALREADY: Final = "Too many updates; choose a later time."
_ONE: Final = "Either a time or ids are given."


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


async def check(guard: Guard, wanted: SubscriptionIn) -> None:
    """Raises InvalidInput for an address that may not be called or a type that is none."""
    strange = [index for index, one in enumerate(wanted.events or []) if one not in feed.TYPES]
    if strange:
        raise InvalidInput([FieldError(f"events.{index}", "unknown-code", DETAILS["unknown-code"]) for index in strange])
    await guard.check(wanted.url)


async def subscribe(session: AsyncSession, parts: Parts, reader: Reader, wanted: SubscriptionIn) -> SubscribedWithSecret:
    """What `check` has let through. Raises TooManySubscriptions."""
    await repository.lock_subscriber(session, reader.key)
    if len(await repository.subscriptions_of(session, reader.key)) >= policy.webhooks().subscriptions_each:
        raise TooManySubscriptions
    one_id, secret = parts.ids.new(), new_secret()
    one = Subscription(
        id=one_id,
        subscriber=reader.key,
        channel=reader.channel,
        url=parts.sealer.seal(TABLE, one_id, "url", wanted.url.encode()),
        events=wanted.events,
        secret=parts.sealer.seal(TABLE, one_id, "secret", secret.encode()),
        former_secret=None,
        former_until=None,
        disabled_at=None,
        disabled_because=None,
        created_at=parts.clock.now(),
    )
    session.add(one)
    return SubscribedWithSecret(**_shown(parts, one).model_dump(), secret=secret)


async def subscriptions(parts: Parts, reader: Reader, cursor: str | None, limit: int) -> ListResponse[Subscribed]:
    """Raises InvalidInput for a cursor that is none."""
    async with parts.database.read() as session:
        found = await repository.subscriptions_of(session, reader.key)
    page, following = page_of(found, limit, cursor)
    return ListResponse(items=[_shown(parts, one) for one in page], total=len(found), next_cursor=following)


async def unsubscribe(session: AsyncSession, reader: Reader, subscription_id: UUID) -> None:
    """Nothing more is sent, and what was sent is forgotten. Raises NotFound."""
    await own_subscription(session, reader, subscription_id, lock=True)
    await repository.drop_subscription(session, subscription_id)


async def renew_secret(session: AsyncSession, parts: Parts, reader: Reader, subscription_id: UUID) -> NewSecret:
    """A new secret; the former one signs beside it for a while. Raises NotFound."""
    secret = new_secret()
    one = await own_subscription(session, reader, subscription_id, lock=True)
    former = parts.sealer.open(TABLE, one.id, "secret", one.secret)
    one.former_secret = parts.sealer.seal(TABLE, one.id, "former_secret", former)
    one.former_until = parts.clock.now() + timedelta(hours=policy.webhooks().former_secret_hours)
    one.secret = parts.sealer.seal(TABLE, one.id, "secret", secret.encode())
    return NewSecret(secret=secret, former_valid_until=one.former_until)


async def deliveries(parts: Parts, reader: Reader, subscription_id: UUID, cursor: str | None, limit: int) -> ListResponse[Delivered]:
    """What was sent or waits, newest first. Raises NotFound and InvalidInput."""
    before = None if cursor is None else Cursor.decode(cursor, int)[0]
    async with parts.database.read() as session:
        await own_subscription(session, reader, subscription_id)
        found = await repository.delivery_log(session, subscription_id, before, limit + 1)
        total = await repository.count_deliveries(session, subscription_id)
    shown = found[:limit]
    following = Cursor.encode(shown[-1][0].position) if len(found) > limit else None
    return ListResponse(items=[_delivered(*one) for one in shown], total=total, next_cursor=following)


async def replay(session: AsyncSession, parts: Parts, reader: Reader, subscription_id: UUID, wanted: ReplayIn) -> Replayed:
    """Send updates again, under the ids they had; a disabled subscription becomes active, and what waited goes on.

    Raises NotFound and InvalidInput.
    """
    if (wanted.since is None) == (wanted.ids is None):
        raise InvalidInput.field("since", "since-or-ids", _ONE)
    now = parts.clock.now()
    one = await own_subscription(session, reader, subscription_id, lock=True)
    chosen = await _chosen(session, reader, one, wanted)
    one.disabled_at = one.disabled_because = None
    await repository.resume_deliveries(session, one.id, now)
    rows = [feed.delivery(parts, one.id, entry.position or 0, entry.appeal_id, now) for entry in chosen]
    await repository.put_deliveries(session, rows)
    return Replayed(replayed=len(chosen))


async def _chosen(session: AsyncSession, reader: Reader, one: Subscription, wanted: ReplayIn) -> Sequence[UpdateEntry]:
    if wanted.since is None:
        return await repository.updates_of_deliveries(session, one.id, wanted.ids or [])
    since, most = moment(wanted.since), policy.webhooks().replayed_at_most
    if since is None:
        raise InvalidInput([fault("since", "bad-time")])
    found = await repository.updates_to_replay(session, reader.readable, one.events, since, most + 1)
    if len(found) > most:
        raise InvalidInput.field("since", "too-many", _ALREADY)
    return found


async def own_subscription(session: AsyncSession, reader: Reader, subscription_id: UUID, *, lock: bool = False) -> Subscription:
    """The reader's subscription. Raises NotFound, alike for another's."""
    found = await repository.subscription_of(session, subscription_id, reader.key, lock=lock)
    if found is None:
        raise NotFound
    return found


def _shown(parts: Parts, one: Subscription) -> Subscribed:
    return Subscribed(
        subscription_id=one.id,
        url=parts.sealer.open(TABLE, one.id, "url", one.url).decode(),
        events=one.events,
        active=one.disabled_at is None,
        disabled_because=one.disabled_because,
        created_at=one.created_at,
    )


def _delivered(one: Delivery, entry: UpdateEntry) -> Delivered:
    told: dict[str, Any] = one.model_dump(include={"appeal_id", "attempts", "last_status", "last_error", "delivered_at", "created_at"})
    waits = None if one.delivered_at else one.next_at
    return Delivered(delivery_id=one.id, number=entry.number or "", type=entry.type, next_at=waits, **told)

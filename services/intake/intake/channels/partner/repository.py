"""Queries of the partner channel: updates, external numbers, subscriptions and deliveries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from intake.channels.partner.models import Delivery, ExternalNumber, Subscriber, Subscription, UpdateCounter, UpdateEntry
from intake.channels.partner.schemas import DisabledReason
from intake.register.models import Appeal, Tracking, without_content
from intake.register.schemas.rows import ExternalNumberRow
from shared.contracts import CaseForwarded, ComplaintPassedUp, PartForwarded
from shared.database import Database, among
from shared.fast.bulk import insert_new_rows, insert_rows, update_rows
from shared.leases import RELEASED, Lease, RowLeases
from shared.outgoing.webhooks import AttemptError
from shared.rows import table_of, upsert

COUNTER = 1
# after a danger report the body reads no content, only that there is one
_FORWARDED_WHOLE = (CaseForwarded.FACT, PartForwarded.FACT, ComplaintPassedUp.FACT)
_UNNUMBERED = select(col(UpdateEntry.id)).where(col(UpdateEntry.position).is_(None)).limit(1)
_UNDELIVERED = col(Delivery.delivered_at).is_(None)
_LEASES: Final = RowLeases[UUID](table_of(Delivery), due="next_at")


class UpdateRow(TypedDict):
    """Columns of a new `UpdateEntry`; the others are filled when it gets its position."""

    event_id: UUID
    appeal_id: UUID
    at: datetime
    type: str
    status: str
    holder: str
    body: str | None


class UnnumberedUpdate(NamedTuple):
    """An update without a position, with the number, owner and channel of its appeal."""

    id: int
    appeal_id: UUID
    type: str
    body: str | None
    number: str
    owner: bytes | None
    channel: str


class PositionRow(TypedDict):
    """Columns of an `UpdateEntry` that are filled together with its position."""

    id: int
    position: int
    number: str
    owner: bytes | None
    recipient: bytes | None
    channel: str


class DeliveryRow(TypedDict):
    """Columns of a new `Delivery`."""

    id: UUID
    subscription_id: UUID
    position: int
    appeal_id: UUID
    attempts: int
    next_at: datetime
    last_status: int | None
    last_error: str | None
    created_at: datetime
    delivered_at: datetime | None


class _AttemptChanges(TypedDict, total=False):
    """The columns that an attempt changes."""

    last_status: int | None
    last_error: AttemptError | None
    next_at: datetime
    delivered_at: datetime


class ForwardedAppeal(NamedTuple):
    """An appeal that was forwarded to a partner, and when."""

    appeal: Appeal
    at: datetime


class OwnedAppeal(NamedTuple):
    """An appeal of its owner, without its sealed content."""

    appeal: Appeal
    tracking: Tracking


class UpdateDelivery(NamedTuple):
    """A delivery and the update that it carries."""

    delivery: Delivery
    update: UpdateEntry


async def add_updates(session: AsyncSession, rows: Sequence[UpdateRow]) -> None:
    """Insert updates; an event that is recorded already is skipped."""
    await insert_new_rows(session, UpdateEntry, rows, unique=("event_id",), returning="event_id")


async def followed_trackings(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, Tracking]:
    """Return the tracking rows of those appeals whose updates somebody reads."""
    query = select(Tracking).where(among(session, Tracking.appeal_id, appeal_ids), col(Tracking.followed).is_(True))
    return {tracking.appeal_id: tracking for tracking in (await session.execute(query)).scalars()}


async def unnumbered_updates(session: AsyncSession, limit: int) -> Sequence[UnnumberedUpdate]:
    """Return updates without a position, ordered by `id`."""
    entry, appeal = UpdateEntry, Appeal
    columns: tuple[Any, ...] = (entry.id, entry.appeal_id, entry.type, entry.body, appeal.number, appeal.owner, appeal.channel)
    query = select(*map(col, columns))
    query = query.join(Appeal, col(Appeal.id) == col(UpdateEntry.appeal_id)).where(col(UpdateEntry.position).is_(None))
    return [UnnumberedUpdate(*row) for row in await session.execute(query.order_by(col(UpdateEntry.id)).limit(limit))]


async def has_unnumbered_updates(database: Database) -> bool:
    """Return whether there are updates without a position."""
    return bool(await database.poll(_UNNUMBERED))


async def lock_counter(session: AsyncSession) -> int:
    """Return the last position given, locked: nobody else gives positions until the transaction ends."""
    await session.execute(upsert(session, UpdateCounter).values(id=COUNTER, last=0).on_conflict_do_nothing())
    query = select(col(UpdateCounter.last)).where(col(UpdateCounter.id) == COUNTER).with_for_update()
    return (await session.execute(query)).scalar_one()


async def set_positions(session: AsyncSession, rows: Sequence[PositionRow], last: int) -> None:
    await update_rows(session, UpdateEntry, rows, key=("id",))
    await session.execute(update(UpdateCounter).where(col(UpdateCounter.id) == COUNTER).values(last=last))


async def last_position(session: AsyncSession) -> int:
    return (await session.execute(select(func.max(col(UpdateEntry.position))))).scalar_one() or 0


def read_by(reader: bytes, channel: str | None) -> ColumnElement[bool]:
    """Return the condition for the updates of a reader: of its own appeals, of appeals passed on to it, and of its backend's channel."""
    terms = [col(UpdateEntry.owner) == reader, col(UpdateEntry.recipient) == reader]
    return or_(*terms, *([col(UpdateEntry.channel) == channel] if channel else []))


async def updates(session: AsyncSession, readable: ColumnElement[bool], after: int, limit: int) -> Sequence[UpdateEntry]:
    """Return the updates after a position, ordered by position."""
    query = select(UpdateEntry).where(col(UpdateEntry.position) > after, readable).order_by(col(UpdateEntry.position)).limit(limit)
    return (await session.execute(query)).scalars().all()


async def count_updates(session: AsyncSession, readable: ColumnElement[bool], after: int) -> tuple[int, int]:
    """Count the updates after a position; return the count and the last position counted (`after` if there is none)."""
    query = select(func.count(), func.max(col(UpdateEntry.position))).where(col(UpdateEntry.position) > after, readable)
    count, last = (await session.execute(query)).one()
    return count, after if last is None else last


async def owners_of_updates(session: AsyncSession, after: int) -> tuple[int, set[bytes]]:
    """Return the last position, and the owners of the appeals that have updates after `after`."""
    query = select(col(UpdateEntry.position), col(UpdateEntry.owner)).where(col(UpdateEntry.position) > after)
    rows = (await session.execute(query)).all()
    return max((row[0] or 0 for row in rows), default=after), {row[1] for row in rows if row[1] is not None}


async def forwarded_appeal(session: AsyncSession, appeal_id: UUID, recipient: bytes) -> ForwardedAppeal | None:
    """Return an appeal that was forwarded to this partner; None if it was not."""
    query = select(Appeal, col(UpdateEntry.at)).join(UpdateEntry, col(UpdateEntry.appeal_id) == col(Appeal.id))
    query = query.where(col(Appeal.id) == appeal_id, col(UpdateEntry.recipient) == recipient, col(UpdateEntry.type).in_(_FORWARDED_WHOLE))
    row = (await session.execute(query.order_by(col(UpdateEntry.position)).limit(1))).one_or_none()
    return None if row is None else ForwardedAppeal(row[0], row[1])


async def claim_external_numbers(session: AsyncSession, rows: Sequence[ExternalNumberRow]) -> set[UUID]:
    """Insert the numbers that are free; return the appeals that got theirs. Waits for a transaction that is inserting the same number."""
    ordered = sorted(rows, key=lambda row: row["key"])  # one order everywhere, so that two transactions do not wait for each other
    return await insert_new_rows(session, ExternalNumber, ordered, unique=("key",), returning="appeal_id")


async def delete_external_numbers(session: AsyncSession, appeal_ids: Collection[UUID]) -> None:
    await session.execute(delete(ExternalNumber).where(col(ExternalNumber.appeal_id).in_(appeal_ids)))


async def numbers_by_external_key(session: AsyncSession, keys: Collection[bytes]) -> Mapping[bytes, str]:
    """Return the registration numbers of the appeals that hold these keys, by key."""
    query = select(col(ExternalNumber.key), col(Appeal.number)).join(Appeal, col(Appeal.id) == col(ExternalNumber.appeal_id))
    return {row[0]: row[1] for row in await session.execute(query.where(among(session, ExternalNumber.key, keys)))}


async def external_numbers(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
    """Return the sealed external numbers by appeal id."""
    query = select(col(ExternalNumber.appeal_id), col(ExternalNumber.number)).where(among(session, ExternalNumber.appeal_id, appeal_ids))
    return {row[0]: row[1] for row in await session.execute(query)}


async def owned_appeals(session: AsyncSession, owner: bytes, before: UUID | None, limit: int) -> Sequence[OwnedAppeal]:
    """Return the appeals of an owner, newest first, without their sealed content."""
    query = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).where(col(Appeal.owner) == owner)
    query = query.options(*without_content())
    query = query.where(col(Appeal.id) < before) if before else query
    rows = (await session.execute(query.order_by(col(Appeal.id).desc()).limit(limit))).all()
    return [OwnedAppeal(row[0], row[1]) for row in rows]


async def count_owned_appeals(session: AsyncSession, owner: bytes) -> int:
    return (await session.execute(select(func.count()).select_from(Appeal).where(col(Appeal.owner) == owner))).scalar_one()


async def lock_subscriber(session: AsyncSession, subscriber: bytes) -> None:
    """Lock a subscriber, so that nobody else subscribes under this key until the transaction ends."""
    await session.execute(upsert(session, Subscriber).values(key=subscriber).on_conflict_do_nothing())
    await session.execute(select(Subscriber).where(col(Subscriber.key) == subscriber).with_for_update())


async def subscriptions_of(session: AsyncSession, subscriber: bytes) -> Sequence[Subscription]:
    query = select(Subscription).where(col(Subscription.subscriber) == subscriber).order_by(col(Subscription.id))
    return (await session.execute(query)).scalars().all()


async def subscription_of(session: AsyncSession, subscription_id: UUID, subscriber: bytes, *, lock: bool = False) -> Subscription | None:
    query = select(Subscription).where(col(Subscription.id) == subscription_id, col(Subscription.subscriber) == subscriber)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def active_subscriptions(session: AsyncSession) -> Sequence[Subscription]:
    """Return the active subscriptions, locked against deletion until the transaction ends, so that deliveries can be added to them."""
    query = select(Subscription).where(col(Subscription.disabled_at).is_(None)).order_by(col(Subscription.id))
    return (await session.execute(query.with_for_update(read=True, key_share=True))).scalars().all()


async def delete_subscription(session: AsyncSession, subscription_id: UUID) -> None:
    await session.execute(delete(Delivery).where(col(Delivery.subscription_id) == subscription_id))
    await session.execute(delete(Subscription).where(col(Subscription.id) == subscription_id))


async def add_deliveries(session: AsyncSession, rows: Sequence[DeliveryRow]) -> None:
    await insert_rows(session, Delivery, rows)


async def upsert_deliveries(session: AsyncSession, rows: Sequence[DeliveryRow]) -> None:
    """Insert deliveries; those that exist start again with no attempts. The result of an attempt that is being made is not recorded."""
    if not rows:
        return
    restarted = {"attempts": 0, "next_at": rows[0]["next_at"], "delivered_at": None, "last_status": None, "last_error": None, **RELEASED}
    statement = upsert(session, Delivery).on_conflict_do_update(index_elements=["subscription_id", "position"], set_=restarted)
    await session.execute(statement, rows)


async def resume_deliveries(session: AsyncSession, subscription_id: UUID, now: datetime) -> None:
    """Make the undelivered deliveries of a subscription due now, with no attempts. Results of attempts that are being made do not count."""
    undelivered = update(Delivery).where(col(Delivery.subscription_id) == subscription_id, _UNDELIVERED)
    await session.execute(undelivered.values(attempts=0, next_at=now, **RELEASED))


async def updates_to_replay(
    session: AsyncSession, readable: ColumnElement[bool], events: Collection[str] | None, since: datetime, limit: int
) -> Sequence[UpdateEntry]:
    query = select(UpdateEntry).where(readable, col(UpdateEntry.position).is_not(None), col(UpdateEntry.at) >= since)
    query = query if events is None else query.where(col(UpdateEntry.type).in_(events))
    return (await session.execute(query.order_by(col(UpdateEntry.position)).limit(limit))).scalars().all()


async def updates_of_deliveries(session: AsyncSession, subscription_id: UUID, ids: Collection[UUID]) -> Sequence[UpdateEntry]:
    query = select(UpdateEntry).join(Delivery, col(Delivery.position) == col(UpdateEntry.position))
    query = query.where(col(Delivery.subscription_id) == subscription_id, col(Delivery.id).in_(ids))
    return (await session.execute(query)).scalars().all()


async def delivery_log(session: AsyncSession, subscription_id: UUID, before: int | None, limit: int) -> Sequence[UpdateDelivery]:
    """Return the deliveries of a subscription, newest first."""
    query = select(Delivery, UpdateEntry).join(UpdateEntry, col(UpdateEntry.position) == col(Delivery.position))
    query = query.where(col(Delivery.subscription_id) == subscription_id, col(Delivery.position) < before if before is not None else true())
    rows = (await session.execute(query.order_by(col(Delivery.position).desc()).limit(limit))).all()
    return [UpdateDelivery(row[0], row[1]) for row in rows]


async def count_deliveries(session: AsyncSession, subscription_id: UUID) -> int:
    query = select(func.count()).select_from(Delivery).where(col(Delivery.subscription_id) == subscription_id)
    return (await session.execute(query)).scalar_one()


async def subscriptions_with_due_deliveries(database: Database, now: datetime) -> Sequence[UUID]:
    """Return the active subscriptions that have a delivery due."""
    query = select(col(Subscription.id)).where(
        col(Subscription.disabled_at).is_(None),
        exists().where(col(Delivery.subscription_id) == col(Subscription.id), _UNDELIVERED, _LEASES.is_claimable(now)),
    )
    return [row[0] for row in await database.fetch_all(query)]


async def claim_deliveries(
    session: AsyncSession, subscription_id: UUID, lease: Lease, now: datetime, limit: int
) -> Sequence[UpdateDelivery]:
    """Claim the first undelivered delivery of each appeal, if it is due, and return them ordered by position."""
    earlier = aliased(Delivery)
    blocked = exists().where(
        and_(
            col(earlier.subscription_id) == col(Delivery.subscription_id),
            col(earlier.appeal_id) == col(Delivery.appeal_id),
            col(earlier.delivered_at).is_(None),
            col(earlier.position) < col(Delivery.position),
        )
    )
    is_next = and_(col(Delivery.subscription_id) == subscription_id, _UNDELIVERED, ~blocked)
    ids = await _LEASES.claim(session, lease, now, limit, where=is_next)
    if not ids:
        return []
    query = select(Delivery, UpdateEntry).join(UpdateEntry, col(UpdateEntry.position) == col(Delivery.position))
    query = query.where(among(session, Delivery.id, ids)).order_by(col(Delivery.position))
    return [UpdateDelivery(row[0], row[1]) for row in await session.execute(query)]


async def record_success(session: AsyncSession, claimed: Delivery, status: int | None, delivered_at: datetime) -> bool:
    """Record an attempt that the receiver accepted. Return False if another worker has claimed the delivery meanwhile."""
    return await _record(session, claimed, last_status=status, last_error=None, delivered_at=delivered_at)


async def record_failure(
    session: AsyncSession, claimed: Delivery, status: int | None, error: AttemptError | None, next_at: datetime
) -> bool:
    """Record a failed attempt, and when the next one is due. Return False if another worker has claimed the delivery meanwhile."""
    return await _record(session, claimed, last_status=status, last_error=error, next_at=next_at)


async def _record(session: AsyncSession, claimed: Delivery, **result: Unpack[_AttemptChanges]) -> bool:
    held = update(table_of(Delivery)).where(col(Delivery.id) == claimed.id, _LEASES.is_held(claimed.leased_by))
    recorded = held.values(**result, **RELEASED, attempts=col(Delivery.attempts) + 1)
    return (await session.execute(recorded.returning(col(Delivery.id)))).one_or_none() is not None


async def disable_subscription(session: AsyncSession, subscription_id: UUID, reason: DisabledReason, now: datetime) -> None:
    changed = {"disabled_at": now, "disabled_because": reason}
    await session.execute(update(Subscription).where(col(Subscription.id) == subscription_id).values(changed))


async def delete_deliveries_made_before(session: AsyncSession, before: datetime) -> None:
    """Delete the deliveries that arrived before a time."""
    await session.execute(delete(Delivery).where(col(Delivery.delivered_at) < before))

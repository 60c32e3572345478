"""The questions about updates, the numbers partners give, subscriptions and deliveries."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer
from sqlmodel import col

from intake.channels.partner.models import Delivery, ExternalNumber, Subscriber, Subscription, UpdateCounter, UpdateEntry
from intake.register.models import Appeal, Tracking
from shared.bulk import insert_new_rows, insert_rows, update_rows
from shared.contracts import CaseForwarded, PartForwarded
from shared.database import among
from shared.messaging.inbox import upserting

Rows = Sequence[dict[str, Any]]
COUNTER = 1
_WORDS: tuple[Any, ...] = (Appeal.text, Appeal.applicant, Appeal.provider_name, Appeal.particulars)
_HANDED_OVER = (CaseForwarded.FACT, PartForwarded.FACT)  # with the appeal's words; of a danger a body hears that there is one
_WAITING = col(Delivery.delivered_at).is_(None)


class ForwardedAppeal(NamedTuple):
    """An appeal that was forwarded to a partner, and when."""

    appeal: Appeal
    at: datetime


class OwnedAppeal(NamedTuple):
    """An appeal of whoever filed it, without its sealed content."""

    appeal: Appeal
    tracking: Tracking


async def add_updates(session: AsyncSession, rows: Rows) -> None:
    """An event noted before is passed over."""
    await insert_new_rows(session, UpdateEntry, rows, unique=("event_id",), returning="event_id")


async def followed_trackings(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, Tracking]:
    """Of these appeals, those whose updates somebody reads."""
    query = select(Tracking).where(among(session, Tracking.appeal_id, appeal_ids), col(Tracking.followed).is_(True))
    return {one.appeal_id: one for one in (await session.execute(query)).scalars()}


async def unnumbered_updates(session: AsyncSession, limit: int) -> Sequence[Row[Any]]:
    """Entries without a position in the order of `id`, each with its appeal's number, owner and channel."""
    columns: tuple[Any, ...] = (
        UpdateEntry.id,
        UpdateEntry.appeal_id,
        UpdateEntry.type,
        UpdateEntry.body,
        Appeal.number,
        Appeal.owner,
        Appeal.channel,
    )
    query = select(*map(col, columns)).join(Appeal, col(Appeal.id) == col(UpdateEntry.appeal_id))
    return (await session.execute(query.where(col(UpdateEntry.position).is_(None)).order_by(col(UpdateEntry.id)).limit(limit))).all()


async def is_numbering_due(session: AsyncSession) -> bool:
    return (await session.execute(select(col(UpdateEntry.id)).where(col(UpdateEntry.position).is_(None)).limit(1))).first() is not None


async def lock_counter(session: AsyncSession) -> int:
    """The last position given; nobody else gives one until the transaction ends."""
    await session.execute(upserting(session)(UpdateCounter).values(id=COUNTER, last=0).on_conflict_do_nothing())
    query = select(col(UpdateCounter.last)).where(col(UpdateCounter.id) == COUNTER).with_for_update()
    return (await session.execute(query)).scalar_one()


async def number_updates(session: AsyncSession, rows: Rows, last: int) -> None:
    await update_rows(session, UpdateEntry, rows, key=("id",))
    await session.execute(update(UpdateCounter).where(col(UpdateCounter.id) == COUNTER).values(last=last))


async def last_position(session: AsyncSession) -> int:
    return (await session.execute(select(func.max(col(UpdateEntry.position))))).scalar_one() or 0


def read_by(reader: bytes, channel: str | None) -> ColumnElement[bool]:
    """The entries of a reader: of appeals it owns, what was forwarded or passed on to it, and all of the channel whose backend it is."""
    terms = [col(UpdateEntry.owner) == reader, col(UpdateEntry.recipient) == reader]
    return or_(*terms, *([col(UpdateEntry.channel) == channel] if channel else []))


async def updates(session: AsyncSession, readable: ColumnElement[bool], after: int, limit: int) -> Sequence[UpdateEntry]:
    """Entries behind a position, in the order of positions."""
    query = select(UpdateEntry).where(col(UpdateEntry.position) > after, readable).order_by(col(UpdateEntry.position)).limit(limit)
    return (await session.execute(query)).scalars().all()


async def count_updates(session: AsyncSession, readable: ColumnElement[bool], after: int) -> tuple[int, int]:
    """How many entries are behind a position, and the position of the last; that position itself where there is none."""
    query = select(func.count(), func.max(col(UpdateEntry.position))).where(col(UpdateEntry.position) > after, readable)
    count, last = (await session.execute(query)).one()
    return count, after if last is None else last


async def owners_of_updates(session: AsyncSession, after: int) -> tuple[int, set[bytes]]:
    """Whose appeals the entries behind a position are about, and the last position looked at."""
    query = select(col(UpdateEntry.position), col(UpdateEntry.owner)).where(col(UpdateEntry.position) > after)
    rows = (await session.execute(query)).all()
    return max((row[0] or 0 for row in rows), default=after), {row[1] for row in rows if row[1] is not None}


async def forwarding(session: AsyncSession, appeal_id: UUID, recipient: bytes) -> ForwardedAppeal | None:
    """An appeal that was forwarded to this partner, and when."""
    query = select(Appeal, col(UpdateEntry.at)).join(UpdateEntry, col(UpdateEntry.appeal_id) == col(Appeal.id))
    query = query.where(col(Appeal.id) == appeal_id, col(UpdateEntry.recipient) == recipient, col(UpdateEntry.type).in_(_HANDED_OVER))
    row = (await session.execute(query.order_by(col(UpdateEntry.position)).limit(1))).one_or_none()
    return None if row is None else ForwardedAppeal(row[0], row[1])


async def claim_external_numbers(session: AsyncSession, rows: Rows) -> set[UUID]:
    """Keep those that are free; gives the appeals that got theirs. One that another transaction is just taking is waited for."""
    ordered = sorted(rows, key=lambda row: bytes(row["key"]))
    return await insert_new_rows(session, ExternalNumber, ordered, unique=("key",), returning="appeal_id")


async def drop_external_numbers(session: AsyncSession, appeal_ids: Collection[UUID]) -> None:
    await session.execute(delete(ExternalNumber).where(col(ExternalNumber.appeal_id).in_(appeal_ids)))


async def numbers_by_external_key(session: AsyncSession, keys: Collection[bytes]) -> Mapping[bytes, str]:
    """The registration numbers of the appeals that hold these keys."""
    query = select(col(ExternalNumber.key), col(Appeal.number)).join(Appeal, col(Appeal.id) == col(ExternalNumber.appeal_id))
    return {row[0]: row[1] for row in await session.execute(query.where(among(session, ExternalNumber.key, keys)))}


async def external_numbers(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, bytes]:
    """Sealed, by appeal id."""
    query = select(col(ExternalNumber.appeal_id), col(ExternalNumber.number)).where(among(session, ExternalNumber.appeal_id, appeal_ids))
    return {row[0]: row[1] for row in await session.execute(query)}


async def owned_appeals(session: AsyncSession, owner: bytes, before: UUID | None, limit: int) -> Sequence[OwnedAppeal]:
    """Whoever filed them, newest first, without their words."""
    query = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).where(col(Appeal.owner) == owner)
    query = query.options(*(defer(one, raiseload=True) for one in _WORDS))
    query = query.where(col(Appeal.id) < before) if before else query
    rows = (await session.execute(query.order_by(col(Appeal.id).desc()).limit(limit))).all()
    return [OwnedAppeal(row[0], row[1]) for row in rows]


async def count_owned_appeals(session: AsyncSession, owner: bytes) -> int:
    return (await session.execute(select(func.count()).select_from(Appeal).where(col(Appeal.owner) == owner))).scalar_one()


async def lock_subscriber(session: AsyncSession, subscriber: bytes) -> None:
    """Nobody else subscribes under this key until the transaction ends."""
    await session.execute(upserting(session)(Subscriber).values(key=subscriber).on_conflict_do_nothing())
    await session.execute(select(Subscriber).where(col(Subscriber.key) == subscriber).with_for_update())


async def subscriptions_of(session: AsyncSession, subscriber: bytes) -> Sequence[Subscription]:
    query = select(Subscription).where(col(Subscription.subscriber) == subscriber).order_by(col(Subscription.id))
    return (await session.execute(query)).scalars().all()


async def subscription_of(session: AsyncSession, subscription_id: UUID, subscriber: bytes, *, lock: bool = False) -> Subscription | None:
    query = select(Subscription).where(col(Subscription.id) == subscription_id, col(Subscription.subscriber) == subscriber)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def active_subscriptions(session: AsyncSession) -> Sequence[Subscription]:
    """None of them is deleted until the transaction ends, so that deliveries can be added to them."""
    query = select(Subscription).where(col(Subscription.disabled_at).is_(None)).order_by(col(Subscription.id))
    return (await session.execute(query.with_for_update(read=True, key_share=True))).scalars().all()


async def drop_subscription(session: AsyncSession, subscription_id: UUID) -> None:
    await session.execute(delete(Delivery).where(col(Delivery.subscription_id) == subscription_id))
    await session.execute(delete(Subscription).where(col(Subscription.id) == subscription_id))


async def add_deliveries(session: AsyncSession, rows: Rows) -> None:
    await insert_rows(session, Delivery, rows)


async def put_deliveries(session: AsyncSession, rows: Rows) -> None:
    """New ones, and those known begin anew."""
    if not rows:
        return
    again = {"attempts": 0, "next_at": rows[0]["next_at"], "delivered_at": None, "last_status": None, "last_error": None}
    statement = upserting(session)(Delivery).on_conflict_do_update(index_elements=["subscription_id", "position"], set_=again)
    await session.execute(statement, rows)


async def resume_deliveries(session: AsyncSession, subscription_id: UUID, now: datetime) -> None:
    """All that wait get their attempts back."""
    waiting = update(Delivery).where(col(Delivery.subscription_id) == subscription_id, _WAITING)
    await session.execute(waiting.values(attempts=0, next_at=now))


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


async def delivery_log(
    session: AsyncSession, subscription_id: UUID, before: int | None, limit: int
) -> Sequence[tuple[Delivery, UpdateEntry]]:
    """Newest first, each with its update."""
    query = select(Delivery, UpdateEntry).join(UpdateEntry, col(UpdateEntry.position) == col(Delivery.position))
    query = query.where(col(Delivery.subscription_id) == subscription_id, col(Delivery.position) < before if before is not None else true())
    rows = (await session.execute(query.order_by(col(Delivery.position).desc()).limit(limit))).all()
    return [(row[0], row[1]) for row in rows]


async def count_deliveries(session: AsyncSession, subscription_id: UUID) -> int:
    query = select(func.count()).select_from(Delivery).where(col(Delivery.subscription_id) == subscription_id)
    return (await session.execute(query)).scalar_one()


async def subscriptions_with_due(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """Those that are active and have a delivery to make."""
    query = select(col(Subscription.id)).where(
        col(Subscription.disabled_at).is_(None),
        exists().where(col(Delivery.subscription_id) == col(Subscription.id), _WAITING, col(Delivery.next_at) <= now),
    )
    return (await session.execute(query)).scalars().all()


async def due_deliveries(session: AsyncSession, subscription_id: UUID, now: datetime, limit: int) -> Sequence[tuple[Delivery, UpdateEntry]]:
    """The first that waits of each appeal, if it is due, locked; those that another process holds are left to it."""
    earlier = aliased(Delivery)
    blocked = exists().where(
        and_(
            col(earlier.subscription_id) == col(Delivery.subscription_id),
            col(earlier.appeal_id) == col(Delivery.appeal_id),
            col(earlier.delivered_at).is_(None),
            col(earlier.position) < col(Delivery.position),
        )
    )
    query = select(Delivery, UpdateEntry).join(UpdateEntry, col(UpdateEntry.position) == col(Delivery.position))
    query = query.where(col(Delivery.subscription_id) == subscription_id, _WAITING, col(Delivery.next_at) <= now, ~blocked)
    query = query.order_by(col(Delivery.position)).limit(limit).with_for_update(skip_locked=True, of=Delivery)
    return [(row[0], row[1]) for row in await session.execute(query)]


async def postpone(session: AsyncSession, ids: Collection[UUID], until: datetime) -> None:
    await session.execute(update(Delivery).where(col(Delivery.id).in_(ids)).values(next_at=until))


async def note_attempt(session: AsyncSession, delivery_id: UUID, **values: Any) -> None:
    await session.execute(update(Delivery).where(col(Delivery.id) == delivery_id).values(attempts=col(Delivery.attempts) + 1, **values))


async def disable(session: AsyncSession, subscription_id: UUID, because: str, now: datetime) -> None:
    changed = {"disabled_at": now, "disabled_because": because}
    await session.execute(update(Subscription).where(col(Subscription.id) == subscription_id).values(**changed))


async def forget_deliveries(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(Delivery).where(col(Delivery.delivered_at) < before))

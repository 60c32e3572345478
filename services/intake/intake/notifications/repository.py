"""The queries of notifications."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, exists, func, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.notifications.codes import ASKING, CODES, DeliveryMethod, NotificationReason, NotificationState, Recipient
from intake.notifications.models import InboundMessage, Notification
from intake.register.codes import WAITING_OFFERS, OfferKind
from intake.register.models import Appeal, ConfirmedContact, ProviderOffer, Tracking
from shared.database import Database, among
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import CENTRAL_OFFICE
from shared.fast.bulk import insert_new_rows
from shared.leases import RELEASED, Lease, RowLeases
from shared.rows import table_of
from shared.visibility import Scope

_NOTIFICATION = table_of(Notification).c
_IS_PLANNED = _NOTIFICATION.state == NotificationState.PLANNED
_LEASES: Final = RowLeases[UUID](table_of(Notification), due="due_at", attempts="attempts")
_OFFER = table_of(ProviderOffer).c
_UNDER_WAY = (NotificationState.PLANNED, NotificationState.SENT, NotificationState.DELIVERED)
_REPLIED: Final = sorted({"answer-given", *ASKING})
_ARRIVED = (NotificationState.SENT, NotificationState.DELIVERED)


TriedMethods = Mapping[tuple[UUID, Recipient], frozenset[DeliveryMethod]]
"""Delivery methods by event and recipient."""


class AddressedNotification(NamedTuple):
    """A notification with the fields of its appeal that are needed to send and to show it."""

    notification: Notification
    number: str
    appeal_language: str | None
    answer_by: str | None
    applicant: bytes | None
    """Sealed."""
    filed_by: str
    """The channel by which the appeal was filed."""
    owner: bytes | None
    is_written_down: bool
    """A person of the Fund or of a provider wrote the contacts down from the applicant."""
    phone_confirmed: bool
    email_confirmed: bool
    region: str
    tier: int | None
    provider_id: UUID | None
    protection: str | None
    status: str | None
    """None: a code for a rating, which has no appeal."""
    answer_id: UUID | None
    answered_at: datetime | None


class NumberedNotification(NamedTuple):
    """A notification with the number and the region of its appeal."""

    notification: Notification
    number: str
    region: str


class UnreachedOffer(NamedTuple):
    """A question about an offer of a provider that no message brought to the applicant, or that an SMS did not answer (`is_unclear`)."""

    id: UUID
    kind: OfferKind
    answer_until: datetime
    attempts: int
    number: str
    region: str
    is_unclear: bool


class OutgoingFilter(NamedTuple):
    """What the log of notifications is narrowed to; None and an empty text: everything. `number_tail`: the last digits of the number."""

    state: NotificationState | None = None
    method: DeliveryMethod | None = None
    region: str | None = None
    planned_from: datetime | None = None
    planned_before: datetime | None = None
    number_tail: str = ""


class NotificationRow(TypedDict):
    """A new row of `notice`."""

    id: UUID
    appeal_id: UUID
    event_id: UUID
    recipient: Recipient
    channel: DeliveryMethod
    fact: str
    language: str | None
    address: bytes | None
    secret: bytes | None
    phone_key: bytes | None
    state: NotificationState
    reason: NotificationReason | None
    attempts: int
    planned_at: datetime
    due_at: datetime
    leased_by: UUID | None
    leased_until: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    provider_ref: str | None


class NotificationChanges(TypedDict, total=False):
    """The columns that a delivery changes."""

    state: NotificationState
    reason: NotificationReason | None
    channel: DeliveryMethod
    fact: str
    attempts: int
    due_at: datetime
    sent_at: datetime
    delivered_at: datetime
    address: bytes
    secret: bytes | None
    phone_key: bytes | None
    provider_ref: str | None


async def reachable_appeals(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, str | None]:
    """Return, by appeal id, the answer channel that the applicant chose, for those of the appeals whose applicants may be notified.

    Imported appeals, and anonymous ones without an answer channel, are left out.
    """
    reached = or_(col(Appeal.answer_by).is_not(None), col(Appeal.applicant).is_not(None), col(Appeal.channel) == DeliveryMethod.TELEGRAM)
    query = select(col(Appeal.id), col(Appeal.answer_by)).where(among(session, Appeal.id, appeal_ids), reached)
    return {row[0]: row[1] for row in await session.execute(query.where(col(Appeal.pin).is_not(None)))}


async def add_notifications(session: AsyncSession, rows: Sequence[NotificationRow]) -> Collection[UUID]:
    """Insert planned notifications and return the ids of the new ones; those that exist stay as they are."""
    return await insert_new_rows(session, Notification, rows, returning="id")


async def notification(session: AsyncSession, notification_id: UUID) -> Notification | None:
    return await session.get(Notification, notification_id)


async def states_by_event(session: AsyncSession, event_ids: Collection[UUID]) -> Sequence[tuple[UUID, NotificationState]]:
    """Return the event and the state of each notification of these events."""
    if not event_ids:
        return []
    query = select(_NOTIFICATION.event_id, _NOTIFICATION.state).where(among(session, _NOTIFICATION.event_id, event_ids))
    return [(row[0], row[1]) for row in await session.execute(query)]


async def has_due_notifications(database: Database, now: datetime) -> bool:
    """Return whether a planned notification is due."""
    return bool(await database.fetch_all(select(_NOTIFICATION.id).where(_IS_PLANNED, _LEASES.is_claimable(now)).limit(1)))


async def claim_due(session: AsyncSession, lease: Lease, now: datetime, limit: int) -> Sequence[AddressedNotification]:
    """Claim up to `limit` due notifications, longest due first, and count the attempt."""
    ids = await _LEASES.claim(session, lease, now, limit, where=_IS_PLANNED)
    return await addressed_notifications(session, ids) if ids else []


def _is_confirmed(kind: str) -> ColumnElement[bool]:
    return exists().where(col(ConfirmedContact.appeal_id) == _NOTIFICATION.appeal_id, col(ConfirmedContact.kind) == kind)


async def addressed_notifications(session: AsyncSession, ids: Collection[UUID]) -> Sequence[AddressedNotification]:
    """Return notifications with what is needed of their appeals, longest planned first.

    A code for a rating has no appeal: number and status are empty, and it counts as the central office's.
    """
    appeal, tracking = table_of(Appeal).c, table_of(Tracking).c
    columns = (  # in the order of AddressedNotification
        func.coalesce(appeal.number, ""),
        appeal.language,
        appeal.answer_by,
        appeal.applicant,
        func.coalesce(appeal.channel, ""),
        appeal.owner,
        appeal.received_by.is_not(None),
        _is_confirmed("phone"),
        _is_confirmed("email"),
        func.coalesce(tracking.region, CENTRAL_OFFICE),
        tracking.tier,
        tracking.provider_id,
        tracking.protection,
        tracking.status,
        tracking.answer_id,
        tracking.answered_at,
    )
    query = select(Notification, *columns).outerjoin(table_of(Appeal), appeal.id == _NOTIFICATION.appeal_id)
    query = query.outerjoin(table_of(Tracking), tracking.appeal_id == appeal.id).where(among(session, _NOTIFICATION.id, ids))
    query = query.order_by(_NOTIFICATION.planned_at, _NOTIFICATION.id)
    return [AddressedNotification(*row) for row in await session.execute(query)]


async def change_notification(
    session: AsyncSession, notification_id: UUID, *, was: Collection[NotificationState], **changes: Unpack[NotificationChanges]
) -> bool:
    """Change a notification that is in one of the states `was`. Return whether it was."""
    return await _change(session, and_(_NOTIFICATION.id == notification_id, _NOTIFICATION.state.in_(was)), changes)


async def change_as_read(session: AsyncSession, notification: Notification, **changes: Unpack[NotificationChanges]) -> bool:
    """Change a notification, unless its state or the worker that holds it has changed since it was read. Return whether it was changed."""
    is_unchanged = and_(_NOTIFICATION.state == notification.state, _LEASES.is_held(notification.leased_by))
    return await _change(session, and_(_NOTIFICATION.id == notification.id, is_unchanged), changes)


async def change_claimed(session: AsyncSession, ids: Collection[UUID], holder: UUID, **changes: Unpack[NotificationChanges]) -> None:
    """Change and release those of the notifications that are planned and that `holder` was the last to claim."""
    held = and_(among(session, _NOTIFICATION.id, ids), _IS_PLANNED, _LEASES.is_held(holder))
    await session.execute(update(table_of(Notification)).where(held).values(**changes, **RELEASED))


async def _change(session: AsyncSession, condition: ColumnElement[bool], changes: NotificationChanges) -> bool:
    """Change and release the notification that meets the condition. Return whether there was one."""
    statement = update(table_of(Notification)).where(condition).values(**changes, **RELEASED)
    return (await session.execute(statement.returning(_NOTIFICATION.id))).first() is not None


async def sent_times(session: AsyncSession, appeal_id: UUID, since: datetime) -> Sequence[datetime]:
    """Return when notifications of an appeal were sent after `since`, in order; codes are not counted."""
    query = select(_NOTIFICATION.sent_at)
    query = query.where(_NOTIFICATION.appeal_id == appeal_id, _NOTIFICATION.sent_at > since, _NOTIFICATION.fact.not_in(CODES))
    return [each for each in (await session.execute(query.order_by(_NOTIFICATION.sent_at))).scalars() if each is not None]


async def planned_news(session: AsyncSession, appeal_id: UUID) -> UUID | None:
    """Return and lock the planned notification that replaces the others of this appeal; None if there is none."""
    is_planned = (_NOTIFICATION.appeal_id == appeal_id, _NOTIFICATION.fact == "news", _NOTIFICATION.state == NotificationState.PLANNED)
    query = select(_NOTIFICATION.id).where(*is_planned).order_by(_NOTIFICATION.id).limit(1).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def tried_methods(session: AsyncSession, event_ids: Collection[UUID]) -> TriedMethods:
    """Return the delivery methods for which notifications of these events exist already, by event and recipient."""
    if not event_ids:
        return {}
    query = select(_NOTIFICATION.event_id, _NOTIFICATION.recipient, _NOTIFICATION.channel)
    found: dict[tuple[UUID, Recipient], frozenset[DeliveryMethod]] = {}
    for event_id, recipient, method in await session.execute(query.where(among(session, _NOTIFICATION.event_id, event_ids))):
        found[event_id, recipient] = found.get((event_id, recipient), frozenset()) | {method}
    return found


async def notifications_of_appeal(
    session: AsyncSession, appeal_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[Sequence[Notification], int]:
    """Return a page of an appeal's notifications in the order of planning, and their total count."""
    of_appeal = _NOTIFICATION.appeal_id == appeal_id
    total = (await session.execute(select(func.count()).select_from(table_of(Notification)).where(of_appeal))).scalar_one()
    query = select(Notification).where(of_appeal).order_by(_NOTIFICATION.planned_at, _NOTIFICATION.id).limit(limit)
    if after is not None:
        at, last = after
        query = query.where(or_(_NOTIFICATION.planned_at > at, and_(_NOTIFICATION.planned_at == at, _NOTIFICATION.id > last)))
    return (await session.execute(query)).scalars().all(), total


def _is_wanted(wanted: OutgoingFilter) -> ColumnElement[bool]:
    """Return the condition of a filter, but for the state, on notifications joined with their appeals."""
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.method is not None:
        conditions.append(_NOTIFICATION.channel == wanted.method)
    if wanted.planned_from is not None:
        conditions.append(_NOTIFICATION.planned_at >= wanted.planned_from)
    if wanted.planned_before is not None:
        conditions.append(_NOTIFICATION.planned_at < wanted.planned_before)
    if wanted.region is not None:
        conditions.append(func.coalesce(col(Appeal.region), CENTRAL_OFFICE) == wanted.region)
    if wanted.number_tail:
        conditions.append(func.replace(col(Appeal.number), "-", "").endswith(wanted.number_tail, autoescape=True))
    return and_(*conditions)


async def outgoing_notifications(
    session: AsyncSession, wanted: OutgoingFilter, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[NumberedNotification]:
    """Return a page of the notifications that pass the filter, those planned last first."""
    appeal = table_of(Appeal).c
    columns = (func.coalesce(appeal.number, ""), func.coalesce(appeal.region, CENTRAL_OFFICE))
    query = select(Notification, *columns).outerjoin(table_of(Appeal), appeal.id == _NOTIFICATION.appeal_id)
    query = query.where(_is_wanted(wanted))
    if wanted.state is not None:
        query = query.where(_NOTIFICATION.state == wanted.state)
    if before is not None:
        at, last = before
        query = query.where(or_(_NOTIFICATION.planned_at < at, and_(_NOTIFICATION.planned_at == at, _NOTIFICATION.id < last)))
    query = query.order_by(_NOTIFICATION.planned_at.desc(), _NOTIFICATION.id.desc()).limit(limit)
    return [NumberedNotification(*row) for row in await session.execute(query)]


async def counts_by_state(session: AsyncSession, wanted: OutgoingFilter) -> Mapping[NotificationState, int]:
    """Return how many notifications pass the filter in each state that occurs; the state of the filter does not count."""
    query = select(_NOTIFICATION.state, func.count()).outerjoin(table_of(Appeal), col(Appeal.id) == _NOTIFICATION.appeal_id)
    return {row[0]: row[1] for row in await session.execute(query.where(_is_wanted(wanted)).group_by(_NOTIFICATION.state))}


async def manual_notifications(
    session: AsyncSession, scope: Scope, limit: int, after: tuple[datetime, UUID] | None = None
) -> tuple[Sequence[AddressedNotification], int]:
    """Return a page of the letters and calls that a person has to do for the cases in `scope`, oldest first, and the number of all."""
    tracking = table_of(Tracking).c
    is_waiting = _NOTIFICATION.state == NotificationState.BY_HAND
    visible = and_(is_waiting, scope.where(tracking.region, tracking.tier, tracking.provider_id, tracking.protection))
    joined = select(_NOTIFICATION.id).join(table_of(Tracking), tracking.appeal_id == _NOTIFICATION.appeal_id).where(visible)
    total = (await session.execute(select(func.count()).select_from(joined.subquery()))).scalar_one()
    page = joined if after is None else joined.where(tuple_(_NOTIFICATION.planned_at, _NOTIFICATION.id) > after)
    ids = list((await session.execute(page.order_by(_NOTIFICATION.planned_at, _NOTIFICATION.id).limit(limit))).scalars())
    return (await addressed_notifications(session, ids) if ids else []), total


async def unreached_offers(
    session: AsyncSession, scope: Scope, calls: int, limit: int, after: tuple[datetime, UUID] | None = None
) -> tuple[Sequence[UnreachedOffer], int]:
    """Return a page of the questions that no message brought to their applicants, or that an SMS answered with neither yes nor no.

    The first to end stands first; the number of all is returned too.

    Left out are those who gave no phone number, who were called `calls` times in vain, or who are asked by a partner or an application.
    """
    tracking, appeal = table_of(Tracking).c, table_of(Appeal).c
    is_sent = exists().where(_NOTIFICATION.event_id == _OFFER.asked_by, _NOTIFICATION.state.in_(_UNDER_WAY))
    wanted = and_(
        _OFFER.status.in_(WAITING_OFFERS),
        _OFFER.answer.is_(None),
        _OFFER.attempts < calls,
        appeal.phone_key.is_not(None),
        or_(appeal.answer_by.is_(None), appeal.answer_by.not_in([DeliveryMethod.APP, DeliveryMethod.PARTNER])),
        or_(~is_sent, _OFFER.unclear_at.is_not(None)),
        scope.where(tracking.region, tracking.tier, tracking.provider_id, tracking.protection),
    )
    columns = (_OFFER.id, _OFFER.kind, _OFFER.answer_until, _OFFER.attempts, appeal.number, tracking.region, _OFFER.unclear_at)
    joined = select(*columns).join(table_of(Appeal), appeal.id == _OFFER.appeal_id)
    joined = joined.join(table_of(Tracking), tracking.appeal_id == _OFFER.appeal_id).where(wanted)
    total = (await session.execute(select(func.count()).select_from(joined.subquery()))).scalar_one()
    page = joined if after is None else joined.where(tuple_(_OFFER.answer_until, _OFFER.id) > after)
    rows = await session.execute(page.order_by(_OFFER.answer_until, _OFFER.id).limit(limit))
    return [UnreachedOffer(*row[:-1], is_unclear=row[-1] is not None) for row in rows], total


async def latest_question_sent_to(session: AsyncSession, phone_key: bytes) -> AddressedNotification | None:
    """Return the latest notification to a phone number that is replied to: of an answer, or of a question; None if there is none."""
    has_arrived = case((_NOTIFICATION.state.in_(_ARRIVED), 1), else_=0) == 1
    query = select(_NOTIFICATION.id).where(_NOTIFICATION.phone_key == phone_key, _NOTIFICATION.fact.in_(_REPLIED), has_arrived)
    query = query.order_by(_NOTIFICATION.sent_at.desc(), _NOTIFICATION.id.desc()).limit(1)
    found = (await session.execute(query)).scalar_one_or_none()
    return (await addressed_notifications(session, [found]))[0] if found else None


async def has_other_question(session: AsyncSession, phone_key: bytes, notification_id: UUID) -> bool:
    """Return whether another question sent to a phone number still waits: about an offer, or about the Fund's answer."""
    tracking = table_of(Tracking).c
    has_offer = exists().where(_OFFER.asked_by == _NOTIFICATION.event_id, _OFFER.status.in_(WAITING_OFFERS), _OFFER.answer.is_(None))
    is_answered = exists().where(tracking.appeal_id == _NOTIFICATION.appeal_id, tracking.status == CaseStatus.ANSWERED)
    waits = or_(has_offer, and_(_NOTIFICATION.fact == "answer-given", is_answered))
    query = select(_NOTIFICATION.id).where(_NOTIFICATION.phone_key == phone_key, _NOTIFICATION.id != notification_id)
    query = query.where(_NOTIFICATION.fact.in_(_REPLIED), _NOTIFICATION.state.in_(_ARRIVED), waits)
    return (await session.execute(query.limit(1))).first() is not None


async def is_processed_message(session: AsyncSession, key: bytes) -> bool:
    """Return whether a received message was processed before."""
    return (await session.execute(select(col(InboundMessage.key)).where(col(InboundMessage.key) == key))).first() is not None


async def record_message(session: AsyncSession, key: bytes, now: datetime) -> None:
    """Record that a received message was processed."""
    await insert_new_rows(session, InboundMessage, [{"key": key, "at": now}], unique=("key",), returning="key")


async def purge_messages(session: AsyncSession, before: datetime) -> None:
    """Delete the records of messages that were processed before a time."""
    await session.execute(delete(InboundMessage).where(col(InboundMessage.at) < before))

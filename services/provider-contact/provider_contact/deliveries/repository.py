"""Every query on the notices of inquiries, their deliveries, one-time links and the webhooks of providers' systems."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from provider_contact.deliveries.codes import DeliveryMethod, DeliveryState, ProviderMailKind, WebhookDisabledReason
from provider_contact.deliveries.models import Delivery, DeliveryRow, NoticeRoute, NoticeRouteRow, ProviderMail, ProviderWebhook, ReplyLink
from provider_contact.directory.models import Provider
from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.models import Appeal, Inquiry
from shared.database import Database, among
from shared.leases import RELEASED, Lease, RowLeases
from shared.rows import insert_rows, table_of

_LEASES: Final = RowLeases[UUID](table_of(Delivery), due="next_at")
_MAIL_LEASES: Final = RowLeases[UUID](table_of(ProviderMail), due="next_at")
_WAITING: Final = col(Delivery.state) == DeliveryState.WAITING
_ROUTED: Final = col(Delivery.route_id).is_not(None)
_OF_INQUIRY: Final = col(Delivery.inquiry_id) == col(Inquiry.inquiry_id)
_OF_APPEAL: Final = col(Appeal.appeal_id) == col(Inquiry.appeal_id)


class NotifiedInquiry(NamedTuple):
    """What a notice says of its inquiry: codes, ids and times."""

    inquiry_id: UUID
    appeal_id: UUID
    provider_id: UUID
    number: str
    region: str
    category: str
    status: InquiryStatus
    due_at: datetime
    overdue: bool
    settled: bool
    version: int


class NotifiedDelivery(NamedTuple):
    """A delivery with the inquiry that it is about."""

    delivery: Delivery
    inquiry: NotifiedInquiry


class ListedDelivery(NamedTuple):
    """A delivery, whether its inquiry expects no answer any more, and the body above the provider that it goes to, if it does."""

    delivery: Delivery
    settled: bool
    body: str | None


class DeliveryChanges(TypedDict, total=False):
    """The columns that the result of an attempt changes."""

    state: DeliveryState
    last_status: int | None
    last_error: str | None
    external_id: str | None
    delivered_at: datetime | None
    next_at: datetime | None


_INQUIRY_COLUMNS: Final = (
    col(Inquiry.inquiry_id),
    col(Inquiry.appeal_id),
    col(Inquiry.provider_id),
    col(Appeal.number),
    col(Appeal.region),
    col(Inquiry.category),
    col(Inquiry.status),
    col(Inquiry.due_at),
    col(Inquiry.overdue),
    col(Inquiry.settled),
    col(Inquiry.version),
)


# notices on their routes


async def insert_notices(session: AsyncSession, routes: Sequence[NoticeRouteRow], deliveries: Sequence[DeliveryRow]) -> None:
    """Insert the routes of new notices, and their deliveries by the portal."""
    await insert_rows(session, NoticeRoute, routes)
    await insert_rows(session, Delivery, deliveries)


async def has_due_routes(database: Database, now: datetime) -> bool:
    return bool(await database.fetch_all(select(col(NoticeRoute.route_id)).where(col(NoticeRoute.due_at) <= now).limit(1)))


async def due_routes(session: AsyncSession, now: datetime, limit: int) -> Sequence[NoticeRoute]:
    """Return and lock the routes whose next step is due, longest due first. Rows that another process has locked are skipped."""
    query = select(NoticeRoute).where(col(NoticeRoute.due_at) <= now).order_by(col(NoticeRoute.due_at), col(NoticeRoute.route_id))
    return (await session.execute(query.limit(limit).with_for_update(skip_locked=True))).scalars().all()


async def finish_route(session: AsyncSession, route_id: UUID, now: datetime) -> None:
    """Record that the notice was delivered: no further step is begun."""
    first = func.coalesce(col(NoticeRoute.delivered_at), now)
    finished = update(NoticeRoute).where(col(NoticeRoute.route_id) == route_id).values(due_at=None, delivered_at=first)
    await session.execute(finished.execution_options(synchronize_session=False))


async def hasten_routes(session: AsyncSession, failed: ColumnElement[bool], now: datetime) -> None:
    """Begin the next step of the undelivered notices whose current step is one of these deliveries, which failed."""
    current = exists().where(col(Delivery.route_id) == col(NoticeRoute.route_id), col(Delivery.step) == col(NoticeRoute.step), failed)
    hastened = update(NoticeRoute).where(current, col(NoticeRoute.delivered_at).is_(None)).values(due_at=now)
    await session.execute(hastened.execution_options(synchronize_session=False))


async def hasten_route_of(session: AsyncSession, delivery_id: UUID, now: datetime) -> None:
    """Begin the next step of the notice of a delivery that failed."""
    await hasten_routes(session, col(Delivery.delivery_id) == delivery_id, now)


async def hasten_routes_of_webhooks(session: AsyncSession, provider_id: UUID, now: datetime) -> None:
    """Begin the next step of every notice of a provider that waits for its webhook, which does not work any more."""
    await hasten_routes(session, and_(col(Delivery.provider_id) == provider_id, _is_webhook()), now)


async def lock_inquiry(session: AsyncSession, inquiry_id: UUID) -> None:
    """Lock an inquiry until the transaction ends, so that the events about it keep their order."""
    await session.execute(select(col(Inquiry.inquiry_id)).where(col(Inquiry.inquiry_id) == inquiry_id).with_for_update())


async def notified_inquiries(session: AsyncSession, inquiry_ids: Collection[UUID]) -> Mapping[UUID, NotifiedInquiry]:
    query = select(*_INQUIRY_COLUMNS).join(Appeal, _OF_APPEAL).where(among(session, Inquiry.inquiry_id, list(inquiry_ids)))
    return {row[0]: NotifiedInquiry(*row) for row in await session.execute(query)}


async def provider_names(session: AsyncSession, provider_ids: Collection[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """Return the names of providers in Kazakh and Russian by id."""
    columns = (col(Provider.provider_id), col(Provider.name_kk), col(Provider.name_ru))
    query = select(*columns).where(among(session, Provider.provider_id, list(provider_ids)))
    return {row[0]: (row[1], row[2]) for row in await session.execute(query)}


# deliveries


async def deliveries_of(session: AsyncSession, inquiry_ids: Collection[UUID]) -> Mapping[UUID, list[ListedDelivery]]:
    """Return the deliveries of inquiries by inquiry id, oldest first."""
    of_route = col(NoticeRoute.route_id) == col(Delivery.route_id)
    query = select(Delivery, col(Inquiry.settled), col(NoticeRoute.body)).join(Inquiry, _OF_INQUIRY).outerjoin(NoticeRoute, of_route)
    query = query.where(among(session, Delivery.inquiry_id, list(inquiry_ids)))
    at = func.coalesce(col(Delivery.planned_at), col(Delivery.delivered_at))
    order = (at, func.coalesce(col(Delivery.step), 0), col(Delivery.delivery_id))
    found: dict[UUID, list[ListedDelivery]] = {}
    for row in await session.execute(query.order_by(*order)):
        found.setdefault(row[0].inquiry_id, []).append(ListedDelivery(*row))
    return found


async def was_reached(session: AsyncSession, inquiry_id: UUID) -> bool:
    """Return whether a method other than the portal has delivered a notice of this inquiry to the provider."""
    reached = and_(col(NoticeRoute.inquiry_id) == inquiry_id, col(NoticeRoute.body).is_(None), col(NoticeRoute.delivered_at).is_not(None))
    return (await session.execute(select(col(NoticeRoute.route_id)).where(reached).limit(1))).first() is not None


async def route_of(session: AsyncSession, route_id: UUID) -> NoticeRoute | None:
    return await session.get(NoticeRoute, route_id)


async def waiting_calls(session: AsyncSession, inquiry_id: UUID) -> Sequence[Delivery]:
    """Return and lock the deliveries of an inquiry that wait for a call by staff: to the provider, else to the body above it."""
    query = select(Delivery, col(NoticeRoute.body)).join(NoticeRoute, col(NoticeRoute.route_id) == col(Delivery.route_id))
    query = query.where(col(Delivery.inquiry_id) == inquiry_id, col(Delivery.state) == DeliveryState.BY_PERSON)
    rows = (await session.execute(query.with_for_update(of=Delivery))).all()
    return [row[0] for row in rows if row[1] is None] or [row[0] for row in rows]


async def has_due_mail(database: Database, now: datetime) -> bool:
    query = select(col(Delivery.delivery_id)).where(_is_mail(), _LEASES.is_claimable(now)).limit(1)
    return bool(await database.fetch_all(query))


async def claim_mail(session: AsyncSession, lease: Lease, now: datetime, limit: int) -> Sequence[NotifiedDelivery]:
    """Claim mails that are due, longest due first."""
    ids = await _LEASES.claim(session, lease, now, limit, where=_is_mail())
    return await _notified(session, ids)


async def providers_with_due_webhooks(database: Database, now: datetime) -> Sequence[UUID]:
    """Return the providers with an active webhook for which a delivery is due."""
    due = exists().where(col(Delivery.provider_id) == col(ProviderWebhook.provider_id), _is_webhook(), _LEASES.is_claimable(now))
    query = select(col(ProviderWebhook.provider_id)).where(col(ProviderWebhook.disabled_at).is_(None), due)
    return [row[0] for row in await database.fetch_all(query)]


async def claim_webhooks(session: AsyncSession, provider_id: UUID, lease: Lease, now: datetime, limit: int) -> Sequence[NotifiedDelivery]:
    """Claim the first undelivered webhook of each inquiry, if it is due, in the order of planning."""
    earlier = aliased(Delivery)
    is_earlier = tuple_(col(earlier.planned_at), col(earlier.delivery_id)) < tuple_(col(Delivery.planned_at), col(Delivery.delivery_id))
    blocked = exists().where(
        col(earlier.inquiry_id) == col(Delivery.inquiry_id),
        col(earlier.channel) == DeliveryMethod.WEBHOOK,
        col(earlier.state) == DeliveryState.WAITING,
        is_earlier,
    )
    where = and_(col(Delivery.provider_id) == provider_id, _is_webhook(), ~blocked)
    return await _notified(session, await _LEASES.claim(session, lease, now, limit, where=where))


async def record(session: AsyncSession, claimed: Delivery, *, is_charged: bool = True, **changes: Unpack[DeliveryChanges]) -> bool:
    """Record the result of an attempt. Return False if another worker has claimed the delivery meanwhile.

    `is_charged` False: nothing was tried, so that no attempt is counted.
    """
    held = update(table_of(Delivery)).where(col(Delivery.delivery_id) == claimed.delivery_id, _LEASES.is_held(claimed.leased_by))
    recorded = held.values(**changes, **RELEASED, attempts=col(Delivery.attempts) + int(is_charged))
    return (await session.execute(recorded.returning(col(Delivery.delivery_id)))).one_or_none() is not None


async def delivery_log(
    session: AsyncSession, provider_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[Sequence[NotifiedDelivery], int]:
    """Return a provider's webhook deliveries, newest first, and their total number."""
    own = _is_of_system(provider_id)
    total = (await session.execute(select(func.count()).select_from(Delivery).where(own))).scalar_one()
    order = (col(Delivery.planned_at), col(Delivery.delivery_id))
    query = _joined().where(own).order_by(*(column.desc() for column in order)).limit(limit)
    if before is not None:
        query = query.where(tuple_(*order) < before)
    return [_notified_delivery(row) for row in await session.execute(query)], total


async def deliveries_to_replay(
    session: AsyncSession, provider_id: UUID, *, since: datetime | None, ids: Collection[UUID], limit: int
) -> Sequence[UUID]:
    """Return and lock a provider's webhook deliveries since a time, or those of these ids."""
    chosen = col(Delivery.planned_at) >= since if since is not None else among(session, Delivery.delivery_id, list(ids))
    query = select(col(Delivery.delivery_id)).where(_is_of_system(provider_id), chosen)
    return (await session.execute(query.order_by(col(Delivery.planned_at)).limit(limit).with_for_update())).scalars().all()


async def restart_webhooks(session: AsyncSession, provider_id: UUID, delivery_ids: Collection[UUID], now: datetime) -> None:
    """Make these deliveries and the waiting ones of the provider due now, without attempts. An attempt being made is not recorded."""
    own = _is_of_system(provider_id)
    chosen = or_(_WAITING, among(session, Delivery.delivery_id, list(delivery_ids)))
    values: dict[str, Any] = {"state": DeliveryState.WAITING, "attempts": 0, "next_at": now, "delivered_at": None, **RELEASED}
    await session.execute(update(Delivery).where(own, chosen).values(values).execution_options(synchronize_session=False))


def _is_mail() -> ColumnElement[bool]:
    return and_(col(Delivery.channel) == DeliveryMethod.EMAIL, _WAITING)


def _is_webhook() -> ColumnElement[bool]:
    return and_(col(Delivery.channel) == DeliveryMethod.WEBHOOK, _WAITING, _ROUTED)


def _is_of_system(provider_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a delivery is one to the provider's own system, whatever its state."""
    return and_(col(Delivery.provider_id) == provider_id, col(Delivery.channel) == DeliveryMethod.WEBHOOK, _ROUTED)


def _joined() -> Any:
    return select(Delivery, *_INQUIRY_COLUMNS).join(Inquiry, _OF_INQUIRY).join(Appeal, _OF_APPEAL)


def _notified_delivery(row: Any) -> NotifiedDelivery:
    return NotifiedDelivery(row[0], NotifiedInquiry(*row[1:]))


async def _notified(session: AsyncSession, delivery_ids: Sequence[UUID]) -> Sequence[NotifiedDelivery]:
    if not delivery_ids:
        return []
    query = _joined().where(among(session, Delivery.delivery_id, delivery_ids))
    return [_notified_delivery(row) for row in await session.execute(query.order_by(col(Delivery.planned_at), col(Delivery.delivery_id)))]


# webhooks of providers' systems


async def webhook_of(session: AsyncSession, provider_id: UUID, *, lock: bool = False) -> ProviderWebhook | None:
    query = select(ProviderWebhook).where(col(ProviderWebhook.provider_id) == provider_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def providers_with_webhook(session: AsyncSession, provider_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the providers that have an active webhook."""
    active = and_(among(session, ProviderWebhook.provider_id, list(provider_ids)), col(ProviderWebhook.disabled_at).is_(None))
    return set((await session.execute(select(col(ProviderWebhook.provider_id)).where(active))).scalars())


async def disable_webhook(session: AsyncSession, provider_id: UUID, reason: WebhookDisabledReason, now: datetime) -> bool:
    """Disable a webhook. Return whether it was active."""
    active = update(ProviderWebhook).where(col(ProviderWebhook.provider_id) == provider_id, col(ProviderWebhook.disabled_at).is_(None))
    disabled = active.values(disabled_at=now, disabled_because=reason).returning(col(ProviderWebhook.provider_id))
    return (await session.execute(disabled)).one_or_none() is not None


async def delete_webhook(session: AsyncSession, provider_id: UUID, now: datetime) -> None:
    """Delete a webhook. What waits for it is dropped, and its routes go on to their next step."""
    await hasten_routes_of_webhooks(session, provider_id, now)
    waiting = and_(col(Delivery.provider_id) == provider_id, _is_webhook())
    dropped = update(Delivery).where(waiting).values(state=DeliveryState.DROPPED, next_at=None, **RELEASED)
    await session.execute(dropped.execution_options(synchronize_session=False))
    await session.execute(delete(ProviderWebhook).where(col(ProviderWebhook.provider_id) == provider_id))


# one-time links


async def reply_link(session: AsyncSession, token_key: bytes, *, lock: bool = False) -> ReplyLink | None:
    query = select(ReplyLink).where(col(ReplyLink.token_key) == token_key)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def links_of(session: AsyncSession, delivery_ids: Collection[UUID]) -> Mapping[UUID, ReplyLink]:
    """Return the one-time links of mails by delivery id."""
    query = select(ReplyLink).where(among(session, ReplyLink.delivery_id, list(delivery_ids)))
    return {link.delivery_id: link for link in (await session.execute(query)).scalars()}


async def finish_link(session: AsyncSession, delivery_id: UUID, expires_at: datetime | None) -> None:
    """Delete the sealed token after the mail was sent (the link is valid until `expires_at`) or has failed."""
    values: dict[str, Any] = {"token": None} if expires_at is None else {"token": None, "expires_at": expires_at}
    await session.execute(update(ReplyLink).where(col(ReplyLink.delivery_id) == delivery_id).values(values))


# mails about no inquiry


class ProviderMailChanges(TypedDict, total=False):
    """The columns that the result of an attempt at a mail changes."""

    state: DeliveryState
    last_error: str | None
    delivered_at: datetime | None
    next_at: datetime | None
    content: None


async def has_due_provider_mail(database: Database, now: datetime) -> bool:
    return bool(await database.fetch_all(select(col(ProviderMail.mail_id)).where(_MAIL_LEASES.is_claimable(now)).limit(1)))


async def claim_provider_mails(session: AsyncSession, lease: Lease, now: datetime, limit: int) -> Sequence[ProviderMail]:
    """Claim mails that are due, longest due first."""
    ids = await _MAIL_LEASES.claim(session, lease, now, limit)
    return (await session.execute(select(ProviderMail).where(among(session, ProviderMail.mail_id, ids)))).scalars().all() if ids else []


async def record_provider_mail(
    session: AsyncSession, claimed: ProviderMail, *, is_charged: bool = True, **changes: Unpack[ProviderMailChanges]
) -> None:
    """Record the result of an attempt, unless another worker has claimed the mail or it was dropped meanwhile."""
    held = update(table_of(ProviderMail)).where(col(ProviderMail.mail_id) == claimed.mail_id, _MAIL_LEASES.is_held(claimed.leased_by))
    await session.execute(held.values(**changes, **RELEASED, attempts=col(ProviderMail.attempts) + int(is_charged)))


async def latest_invitation_mails(session: AsyncSession, account_ids: Collection[UUID]) -> Mapping[UUID, ProviderMail]:
    """Return the latest mail of an invitation by account; accounts without one are left out."""
    is_invitation = col(ProviderMail.kind) == ProviderMailKind.INVITATION
    query = select(ProviderMail).where(among(session, ProviderMail.about, list(account_ids)), is_invitation)
    rows = await session.execute(query.order_by(col(ProviderMail.planned_at), col(ProviderMail.mail_id)))
    return {mail.about: mail for mail in rows.scalars() if mail.about is not None}


async def drop_provider_mails(session: AsyncSession, about: UUID) -> None:
    """Drop the mails about something that were not sent yet. An attempt being made is not recorded."""
    waiting = update(ProviderMail).where(col(ProviderMail.about) == about, col(ProviderMail.state) == DeliveryState.WAITING)
    dropped = waiting.values(state=DeliveryState.DROPPED, next_at=None, content=None, **RELEASED)
    await session.execute(dropped.execution_options(synchronize_session=False))

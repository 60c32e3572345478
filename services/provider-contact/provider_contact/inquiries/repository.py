"""Every query on appeals and inquiries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.models import Appeal, AppealChange, AppealRow, Delivery, DeliveryRow, Inquiry, InquiryRow, ProviderResponse
from shared.database import among
from shared.fast.bulk import insert_new_rows, insert_rows, update_rows
from shared.rows import table_of
from shared.visibility import Scope

_OF_APPEAL = col(Inquiry.appeal_id) == col(Appeal.appeal_id)


class InquiryFilter(NamedTuple):
    """What a list of inquiries is narrowed to; None does not narrow."""

    status: InquiryStatus | None = None
    region: str | None = None
    provider_id: UUID | None = None
    overdue: bool | None = None


class AppealState(NamedTuple):
    """What decides whether an appeal's provider is asked. A tuple, because creating the model costs as much as handling the event."""

    appeal_id: UUID
    region: str
    tier: int | None
    kind: str | None
    category: str | None
    provider_id: UUID | None
    discloses: bool
    closed: bool


# appeals


async def insert_appeals(session: AsyncSession, rows: Sequence[AppealRow]) -> None:
    """Insert appeals; one that is stored already stays as it is."""
    await insert_new_rows(session, Appeal, rows, returning="appeal_id")


async def appeals_for_update(session: AsyncSession, appeal_ids: Iterable[UUID]) -> dict[UUID, AppealState]:
    """Return these appeals and lock their rows, in one order so that two batches never wait for each other."""
    columns = (table_of(Appeal).c[name] for name in AppealState._fields)
    query = select(*columns).where(among(session, Appeal.appeal_id, list(appeal_ids))).order_by(col(Appeal.appeal_id)).with_for_update()
    return {row.appeal_id: AppealState(*row) for row in await session.execute(query)}


async def update_appeals(session: AsyncSession, changes: Mapping[UUID, AppealChange]) -> None:
    """Set the same columns of several appeals; an appeal that is not stored (an imported one) is skipped."""
    await update_rows(session, Appeal, [{"appeal_id": appeal_id, **values} for appeal_id, values in changes.items()], key=("appeal_id",))


async def close_appeals(session: AsyncSession, appeal_ids: Sequence[UUID], at: datetime) -> None:
    """Close these appeals and their open inquiries; an appeal that is not stored (it has no provider) is skipped."""
    query = update(Appeal).where(among(session, Appeal.appeal_id, appeal_ids)).values(closed=True).returning(col(Appeal.appeal_id))
    closed = (await session.execute(query.execution_options(synchronize_session=False))).scalars().all()
    if not closed:
        return
    open_inquiries = and_(among(session, Inquiry.appeal_id, closed), col(Inquiry.closed_at).is_(None))
    await session.execute(
        update(Inquiry)
        .where(open_inquiries)
        .values(closed_at=at, settled=True, version=Inquiry.version + 1)
        .execution_options(synchronize_session=False)
    )


async def appeal_for_update(session: AsyncSession, appeal_id: UUID, scope: Scope) -> Appeal | None:
    """Return an appeal in scope and lock its row."""
    query = select(Appeal).where(col(Appeal.appeal_id) == appeal_id, _appeal_in(scope)).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


def appeals_in(scope: Scope, region: str | None) -> Subquery:
    """Return the appeals in scope (of one region, if given) as a subquery to join with, with the columns of `appeal`."""
    query = select(*table_of(Appeal).c).where(_appeal_in(scope))
    return (query if region is None else query.where(col(Appeal.region) == region)).subquery()


# inquiries


async def appeals_with_inquiry(session: AsyncSession, appeal_ids: Iterable[UUID]) -> set[UUID]:
    query = select(col(Inquiry.appeal_id)).where(among(session, Inquiry.appeal_id, list(appeal_ids)))
    return set((await session.execute(query)).scalars())


async def known_inquiries(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the inquiries that are stored already."""
    query = select(col(Inquiry.inquiry_id)).where(among(session, Inquiry.inquiry_id, inquiry_ids))
    return set((await session.execute(query)).scalars())


async def insert_inquiries(session: AsyncSession, inquiry_rows: Sequence[InquiryRow], delivery_rows: Sequence[DeliveryRow]) -> None:
    await insert_rows(session, Inquiry, inquiry_rows)
    await insert_rows(session, Delivery, delivery_rows)


async def inquiries(
    session: AsyncSession, scope: Scope, wanted: InquiryFilter, after: tuple[bool, datetime, UUID] | None, limit: int
) -> tuple[list[tuple[Inquiry, Appeal]], int]:
    """Insert new inquiries with their deliveries. Raises IntegrityError for an id that is stored already."""
    """Return those of the appeals that have an inquiry."""
    """Return inquiries in scope, unsettled ones first and by due date, and their total number."""
    predicate = [_inquiry_in(scope), *_filters(wanted)]
    total = (await session.execute(select(func.count()).select_from(Inquiry).join(Appeal, _OF_APPEAL).where(*predicate))).scalar_one()
    order = (col(Inquiry.settled), col(Inquiry.due_at), col(Inquiry.inquiry_id))
    query = select(Inquiry, Appeal).join(Appeal, _OF_APPEAL).where(*predicate).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [(inquiry, appeal) for inquiry, appeal in (await session.execute(query)).all()], total


async def inquiry(session: AsyncSession, inquiry_id: UUID, scope: Scope, *, lock: bool = False) -> tuple[Inquiry, Appeal] | None:
    """Return an inquiry in scope with its appeal."""
    query = select(Inquiry, Appeal).join(Appeal, _OF_APPEAL).where(col(Inquiry.inquiry_id) == inquiry_id, _inquiry_in(scope))
    row = (await session.execute(query.with_for_update(of=Inquiry) if lock else query)).one_or_none()
    return (row[0], row[1]) if row else None


async def inquiries_of(session: AsyncSession, appeal_ids: Sequence[UUID]) -> Mapping[UUID, list[Inquiry]]:
    """Return the inquiries of appeals by appeal id, oldest first."""
    query = select(Inquiry).where(among(session, Inquiry.appeal_id, appeal_ids)).order_by(col(Inquiry.sent_at), col(Inquiry.inquiry_id))
    found: dict[UUID, list[Inquiry]] = {}
    for inquiry in (await session.execute(query)).scalars():
        found.setdefault(inquiry.appeal_id, []).append(inquiry)
    return found


async def newly_overdue_inquiries(session: AsyncSession, now: datetime, limit: int) -> Sequence[Inquiry]:
    """Return inquiries past their due date that are not flagged yet, oldest due date first. Locks them, and skips rows locked elsewhere."""
    late = and_(col(Inquiry.settled).is_(False), col(Inquiry.overdue).is_(False), col(Inquiry.due_at) < now)
    query = select(Inquiry).where(late).order_by(col(Inquiry.due_at)).limit(limit).with_for_update(skip_locked=True)
    return (await session.execute(query)).scalars().all()


async def flag_overdue(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> None:
    """Set the overdue flag of these inquiries."""
    await session.execute(
        update(Inquiry)
        .where(among(session, Inquiry.inquiry_id, inquiry_ids))
        .values(overdue=True)
        .execution_options(synchronize_session=False)
    )


async def responses(session: AsyncSession, response_ids: Sequence[UUID]) -> dict[UUID, ProviderResponse]:
    """Return providers' answers by id; unknown ids are left out."""
    query = select(ProviderResponse).where(among(session, ProviderResponse.response_id, response_ids))
    return {response.response_id: response for response in (await session.execute(query)).scalars()}


def _inquiry_in(scope: Scope) -> ColumnElement[bool]:
    return scope.where(col(Appeal.region), col(Appeal.tier), col(Inquiry.provider_id))


def _appeal_in(scope: Scope) -> ColumnElement[bool]:
    return scope.where(col(Appeal.region), col(Appeal.tier), col(Appeal.provider_id))


def _filters(wanted: InquiryFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (col(Inquiry.status), wanted.status),
        (col(Appeal.region), wanted.region),
        (col(Inquiry.provider_id), wanted.provider_id),
        (col(Inquiry.overdue), wanted.overdue),
    )
    return [column == value for column, value in pairs if value is not None]

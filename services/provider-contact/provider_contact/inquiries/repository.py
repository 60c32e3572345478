"""Every query on appeals and inquiries."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Subquery, and_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.models import (
    Appeal,
    AppealChange,
    AppealRow,
    EntryRow,
    Inquiry,
    InquiryEntry,
    InquiryRow,
    ProviderResponse,
    StepChange,
)
from provider_contact.inquiries.schemas import ClosedAppeal
from shared.database import among
from shared.fast.bulk import insert_new_rows, insert_rows, update_rows
from shared.rows import table_of
from shared.visibility import Scope

PROVIDERS_PER_QUERY = 1_000  # engines limit the parameters of a statement
_OF_APPEAL = col(Inquiry.appeal_id) == col(Appeal.appeal_id)
_OF_INQUIRY = col(ProviderResponse.inquiry_id) == col(Inquiry.inquiry_id)


class InquiryFilter(NamedTuple):
    """What a list of inquiries is narrowed to; None does not narrow."""

    status: InquiryStatus | None = None
    region: str | None = None
    provider_id: UUID | None = None
    overdue: bool | None = None


class RefusalFilter(NamedTuple):
    """What the list of refusals is narrowed to; None does not narrow."""

    provider_id: UUID | None = None
    lawful: bool | None = None


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
    protection: str | None = None
    asked_by_rule: bool = True


# appeals


async def insert_appeals(session: AsyncSession, rows: Sequence[AppealRow]) -> None:
    """Insert appeals; one that is stored already stays as it is."""
    await insert_new_rows(session, Appeal, rows, returning="appeal_id")


async def appeals_for_update(session: AsyncSession, appeal_ids: Iterable[UUID]) -> dict[UUID, AppealState]:
    """Return these appeals and lock their rows, in one order so that two batches never wait for each other."""
    columns = (table_of(Appeal).c[name] for name in AppealState._fields)
    query = select(*columns).where(among(session, Appeal.appeal_id, list(appeal_ids))).order_by(col(Appeal.appeal_id)).with_for_update()
    return {row.appeal_id: AppealState(*row) for row in await session.execute(query)}


async def known_providers(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """Return the appeals of these that are stored, each with its provider."""
    query = select(col(Appeal.appeal_id), col(Appeal.provider_id)).where(among(session, Appeal.appeal_id, list(appeal_ids)))
    return {row[0]: row[1] for row in await session.execute(query)}


async def update_appeals(session: AsyncSession, changes: Mapping[UUID, AppealChange]) -> None:
    """Set the same columns of several appeals; an appeal that is not stored (an imported one) is skipped."""
    await update_rows(session, Appeal, [{"appeal_id": appeal_id, **values} for appeal_id, values in changes.items()], key=("appeal_id",))


async def close_appeals(session: AsyncSession, appeal_ids: Sequence[UUID], at: datetime) -> dict[UUID, ClosedAppeal]:
    """Close those of the appeals that are open, and their open inquiries; return them.

    An appeal that is not stored (it has no provider) is skipped.
    """
    is_open = and_(among(session, Appeal.appeal_id, appeal_ids), col(Appeal.closed).is_(False))
    columns = (col(Appeal.appeal_id), col(Appeal.provider_id), col(Appeal.received_at))
    query = update(Appeal).where(is_open).values(closed=True).returning(*columns).execution_options(synchronize_session=False)
    closed = {row[0]: ClosedAppeal(row[1], row[2]) for row in await session.execute(query)}
    if not closed:
        return closed
    open_inquiries = and_(among(session, Inquiry.appeal_id, list(closed)), col(Inquiry.closed_at).is_(None))
    await session.execute(
        update(Inquiry)
        .where(open_inquiries)
        .values(closed_at=at, settled=True, version=Inquiry.version + 1)
        .execution_options(synchronize_session=False)
    )
    return closed


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
    """Return those of the appeals that have an inquiry."""
    query = select(col(Inquiry.appeal_id)).where(among(session, Inquiry.appeal_id, list(appeal_ids)))
    return set((await session.execute(query)).scalars())


async def disclosing_inquiries(session: AsyncSession, appeal_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Return the inquiries about these appeals whose provider may know the applicant by the applicant's consent."""
    query = select(col(Inquiry.inquiry_id)).where(among(session, Inquiry.appeal_id, appeal_ids), col(Inquiry.discloses).is_(True))
    return (await session.execute(query.order_by(col(Inquiry.inquiry_id)))).scalars().all()


async def known_inquiries(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the inquiries that are stored already."""
    query = select(col(Inquiry.inquiry_id)).where(among(session, Inquiry.inquiry_id, inquiry_ids))
    return set((await session.execute(query)).scalars())


async def insert_inquiries(session: AsyncSession, rows: Sequence[InquiryRow]) -> None:
    """Insert new inquiries. Raises IntegrityError for an id that is stored already."""
    await insert_rows(session, Inquiry, rows)


async def inquiries(
    session: AsyncSession, scope: Scope, wanted: InquiryFilter, after: tuple[bool, datetime, UUID] | None, limit: int
) -> tuple[list[tuple[Inquiry, Appeal]], int]:
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


async def inquiries_of(session: AsyncSession, appeal_ids: Sequence[UUID]) -> Mapping[UUID, list[tuple[Inquiry, Appeal]]]:
    """Return the inquiries of appeals, each with its appeal, by appeal id, oldest first."""
    query = select(Inquiry, Appeal).join(Appeal, _OF_APPEAL).where(among(session, Inquiry.appeal_id, appeal_ids))
    found: dict[UUID, list[tuple[Inquiry, Appeal]]] = {}
    for inquiry, appeal in await session.execute(query.order_by(col(Inquiry.sent_at), col(Inquiry.inquiry_id))):
        found.setdefault(appeal.appeal_id, []).append((inquiry, appeal))
    return found


async def inquiry_for_update(session: AsyncSession, inquiry_id: UUID) -> tuple[Inquiry, Appeal] | None:
    """Return an inquiry with its appeal and lock it: for a sender without a scope, who is known by a link or a signature, and for jobs."""
    query = select(Inquiry, Appeal).join(Appeal, _OF_APPEAL).where(col(Inquiry.inquiry_id) == inquiry_id).with_for_update(of=Inquiry)
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def lock_inquiries(session: AsyncSession, inquiry_ids: Collection[UUID], *, skip_locked: bool) -> dict[UUID, Inquiry]:
    """Return these inquiries and lock their rows in one order; `skip_locked` leaves out those that are locked elsewhere."""
    query = select(Inquiry).where(among(session, Inquiry.inquiry_id, list(inquiry_ids))).order_by(col(Inquiry.inquiry_id))
    rows = (await session.execute(query.with_for_update(skip_locked=skip_locked))).scalars()
    return {inquiry.inquiry_id: inquiry for inquiry in rows}


async def due_inquiries(session: AsyncSession, now: datetime, limit: int) -> Sequence[tuple[Inquiry, str]]:
    """Return unsettled inquiries whose next step is due, with their regions, longest due first. Locks them, and skips locked rows."""
    due = and_(col(Inquiry.settled).is_(False), col(Inquiry.next_step_at) < now)
    query = select(Inquiry, col(Appeal.region)).join(Appeal, _OF_APPEAL).where(due).order_by(col(Inquiry.next_step_at)).limit(limit)
    return [(row[0], row[1]) for row in await session.execute(query.with_for_update(of=Inquiry, skip_locked=True))]


async def change_steps(session: AsyncSession, changes: Sequence[StepChange]) -> None:
    """Store the steps of locked inquiries."""
    await update_rows(session, Inquiry, changes, key=("inquiry_id",))


# entries and answers


async def insert_entries(session: AsyncSession, rows: Sequence[EntryRow]) -> None:
    """Insert what happened to inquiries."""
    await insert_rows(session, InquiryEntry, rows)


async def entries_of(session: AsyncSession, inquiry_id: UUID) -> Sequence[InquiryEntry]:
    """Return what happened to an inquiry, oldest first."""
    order = (col(InquiryEntry.at), col(InquiryEntry.entry_id))
    return (await session.execute(select(InquiryEntry).where(col(InquiryEntry.inquiry_id) == inquiry_id).order_by(*order))).scalars().all()


async def responses_of(session: AsyncSession, inquiry_id: UUID) -> Sequence[ProviderResponse]:
    """Return the answers to an inquiry, oldest first."""
    order = (col(ProviderResponse.at), col(ProviderResponse.response_id))
    query = select(ProviderResponse).where(col(ProviderResponse.inquiry_id) == inquiry_id).order_by(*order)
    return (await session.execute(query)).scalars().all()


async def refusals(
    session: AsyncSession, scope: Scope, wanted: RefusalFilter, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[tuple[ProviderResponse, Inquiry, Appeal]], int]:
    """Return the answers in scope that name a refusal of care, newest first, and their total number."""
    predicate = [
        col(ProviderResponse.refusal_reason).is_not(None),
        _inquiry_in(scope),
        *([] if wanted.provider_id is None else [col(Inquiry.provider_id) == wanted.provider_id]),
        *([] if wanted.lawful is None else [col(ProviderResponse.refusal_lawful).is_(wanted.lawful)]),
    ]
    source = table_of(ProviderResponse).join(table_of(Inquiry), _OF_INQUIRY).join(table_of(Appeal), _OF_APPEAL)
    total = (await session.execute(select(func.count()).select_from(source).where(*predicate))).scalar_one()
    order = (col(ProviderResponse.at), col(ProviderResponse.response_id))
    query = select(ProviderResponse, Inquiry, Appeal).select_from(source).where(*predicate)
    if after is not None:
        query = query.where(tuple_(*order) < after)
    rows = await session.execute(query.order_by(*(column.desc() for column in order)).limit(limit))
    return [(row[0], row[1], row[2]) for row in rows], total


async def answer_of_round(session: AsyncSession, inquiry_id: UUID, round_: int) -> ProviderResponse:
    """Return the answer that settled a round. Raises NoResultFound if there is none."""
    is_answer = (col(ProviderResponse.round) == round_, col(ProviderResponse.counts))
    query = select(ProviderResponse).where(col(ProviderResponse.inquiry_id) == inquiry_id, *is_answer)
    return (await session.execute(query)).scalar_one()


async def responses(session: AsyncSession, response_ids: Sequence[UUID]) -> dict[UUID, ProviderResponse]:
    """Return providers' answers by id; unknown ids are left out."""
    query = select(ProviderResponse).where(among(session, ProviderResponse.response_id, response_ids))
    return {response.response_id: response for response in (await session.execute(query)).scalars()}


def _inquiry_in(scope: Scope) -> ColumnElement[bool]:
    return scope.where(col(Appeal.region), col(Appeal.tier), col(Inquiry.provider_id), col(Appeal.protection))


def _appeal_in(scope: Scope) -> ColumnElement[bool]:
    return scope.where(col(Appeal.region), col(Appeal.tier), col(Appeal.provider_id), col(Appeal.protection))


def _filters(wanted: InquiryFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (col(Inquiry.status), wanted.status),
        (col(Appeal.region), wanted.region),
        (col(Inquiry.provider_id), wanted.provider_id),
        (col(Inquiry.overdue), wanted.overdue),
    )
    return [column == value for column, value in pairs if value is not None]


async def providers_in_use(session: AsyncSession, provider_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these providers an appeal or an inquiry names."""
    found: set[UUID] = set()
    for start in range(0, len(provider_ids), PROVIDERS_PER_QUERY):
        some = provider_ids[start : start + PROVIDERS_PER_QUERY]
        for column in (col(Appeal.provider_id), col(Inquiry.provider_id)):
            rows = await session.execute(select(column).where(column.in_(some)).distinct())
            found.update(provider_id for provider_id in rows.scalars() if provider_id is not None)
    return found

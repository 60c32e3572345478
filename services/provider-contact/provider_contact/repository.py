"""Every query of this service, as named questions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.models import Appeal, Delivery, DirectoryVersion, Inquiry, NameMatch, Provider, Response
from shared.bulk import Rows, insert_new_rows, insert_rows, update_rows
from shared.database import among, table_of
from shared.messaging.inbox import upserting
from shared.visibility import Scope

DIRECTORY = 1  # the one row of directory_version
BIN_KEYS_AT_ONCE = 1_000  # engines limit the parameters of a statement

_MATCHED = col(NameMatch.appeal_id) == col(Appeal.appeal_id)
_ASKED = col(Inquiry.appeal_id) == col(Appeal.appeal_id)


class InquiryFilter(NamedTuple):
    status: str | None = None
    region: str | None = None
    provider_id: UUID | None = None
    overdue: bool | None = None


# the directory


async def directory_version(session: AsyncSession) -> int:
    return (await session.execute(select(col(DirectoryVersion.version)))).scalar_one_or_none() or 0


async def lock_directory(session: AsyncSession) -> int:
    """The directory's version, its row locked until the transaction ends: one import at a time."""
    await session.execute(upserting(session)(DirectoryVersion).on_conflict_do_nothing(), [{"id": DIRECTORY, "version": 0}])
    return (await session.execute(select(col(DirectoryVersion.version)).with_for_update())).scalar_one()


async def move_directory(session: AsyncSession, version: int) -> None:
    await session.execute(update(DirectoryVersion).where(col(DirectoryVersion.id) == DIRECTORY).values(version=version))


async def valid_providers(session: AsyncSession, day: date) -> Sequence[Provider]:
    """Providers in force on a day."""
    valid = and_(col(Provider.valid_from) <= day, or_(col(Provider.valid_to).is_(None), col(Provider.valid_to) >= day))
    return (await session.execute(select(Provider).where(valid))).scalars().all()


async def known_providers(session: AsyncSession, bin_keys: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    """By BIN key: id, fingerprint and validity of the providers that the directory has."""
    validity = (col(Provider.valid_from), col(Provider.valid_to))
    columns = (col(Provider.bin_key), col(Provider.provider_id), col(Provider.fingerprint), *validity)
    found: dict[bytes, Row[Any]] = {}
    for start in range(0, len(bin_keys), BIN_KEYS_AT_ONCE):
        some = bin_keys[start : start + BIN_KEYS_AT_ONCE]
        rows = (await session.execute(select(*columns).where(col(Provider.bin_key).in_(some)))).all()
        found.update({row.bin_key: row for row in rows})
    return found


async def add_providers(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_rows(session, Provider, rows, sliced=True)


async def change_providers(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await update_rows(session, Provider, rows, key=("provider_id",))


# appeals and names to match


async def add_appeals(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_new_rows(session, Appeal, rows, returning="appeal_id")


class Asked(NamedTuple):
    """What decides whether an appeal's provider is asked. Not the model: making one of those costs as much as the whole event does."""

    appeal_id: UUID
    region: str
    tier: int | None
    kind: str | None
    category: str | None
    provider_id: UUID | None
    discloses: bool
    closed: bool


async def appeals_for_update(session: AsyncSession, appeal_ids: Iterable[UUID]) -> dict[UUID, Asked]:
    """These appeals, their rows locked in one order so that two batches never wait for each other."""
    columns = (table_of(Appeal).c[name] for name in Asked._fields)
    query = select(*columns).where(among(session, Appeal.appeal_id, list(appeal_ids))).order_by(col(Appeal.appeal_id)).with_for_update()
    return {row.appeal_id: Asked(*row) for row in await session.execute(query)}


async def change_appeals(session: AsyncSession, changes: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Set the same columns of several appeals; one that is not known here (an imported one) is passed over."""
    await update_rows(session, Appeal, [{"appeal_id": key, **values} for key, values in changes.items()], key=("appeal_id",))


async def close_appeals(session: AsyncSession, appeal_ids: Sequence[UUID], at: datetime) -> None:
    """The appeals end here: open inquiries close with them, and nobody has to choose a provider any more."""
    await session.execute(
        update(Appeal).where(among(session, Appeal.appeal_id, appeal_ids)).values(closed=True).execution_options(synchronize_session=False)
    )
    open_inquiries = and_(among(session, Inquiry.appeal_id, appeal_ids), col(Inquiry.closed_at).is_(None))
    await session.execute(
        update(Inquiry)
        .where(open_inquiries)
        .values(closed_at=at, settled=True, version=Inquiry.version + 1)
        .execution_options(synchronize_session=False)
    )
    await forget_matches(session, appeal_ids)


async def add_matches(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await insert_new_rows(session, NameMatch, rows, returning="appeal_id")


async def forget_matches(session: AsyncSession, appeal_ids: Sequence[UUID]) -> None:
    query = delete(NameMatch).where(among(session, NameMatch.appeal_id, appeal_ids)).execution_options(synchronize_session=False)
    await session.execute(query)


async def match_for_update(session: AsyncSession, appeal_id: UUID) -> NameMatch | None:
    query = select(NameMatch).where(col(NameMatch.appeal_id) == appeal_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def appeal_seen(session: AsyncSession, appeal_id: UUID, scope: Scope) -> Appeal | None:
    """An appeal in scope, locked."""
    query = select(Appeal).where(col(Appeal.appeal_id) == appeal_id, _seen_appeal(scope)).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def matches(
    session: AsyncSession, scope: Scope, region: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[tuple[NameMatch, Appeal]], int]:
    """Names that wait for a clerk, the longest waiting first, and how many there are."""
    predicate = [_seen_appeal(scope)]
    if region is not None:
        predicate.append(col(Appeal.region) == region)
    total = (await session.execute(select(func.count()).select_from(NameMatch).join(Appeal, _MATCHED).where(*predicate))).scalar_one()
    order = (col(NameMatch.noted_at), col(NameMatch.appeal_id))
    query = select(NameMatch, Appeal).join(Appeal, _MATCHED).where(*predicate).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [(match, appeal) for match, appeal in (await session.execute(query)).all()], total


# inquiries


async def appeals_with_inquiry(session: AsyncSession, appeal_ids: Iterable[UUID]) -> set[UUID]:
    query = select(col(Inquiry.appeal_id)).where(among(session, Inquiry.appeal_id, list(appeal_ids)))
    return set((await session.execute(query)).scalars())


async def add_inquiries(session: AsyncSession, inquiries: Rows, deliveries: Rows) -> None:
    await insert_rows(session, Inquiry, inquiries)
    await insert_rows(session, Delivery, deliveries)


async def inquiries(
    session: AsyncSession, scope: Scope, wanted: InquiryFilter, after: tuple[bool, datetime, UUID] | None, limit: int
) -> tuple[list[tuple[Inquiry, Appeal]], int]:
    """Inquiries in scope, those that await the provider first and by due date, and how many there are."""
    predicate = [_seen(scope), *_filters(wanted)]
    total = (await session.execute(select(func.count()).select_from(Inquiry).join(Appeal, _ASKED).where(*predicate))).scalar_one()
    order = (col(Inquiry.settled), col(Inquiry.due_at), col(Inquiry.inquiry_id))
    query = select(Inquiry, Appeal).join(Appeal, _ASKED).where(*predicate).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return [(inquiry, appeal) for inquiry, appeal in (await session.execute(query)).all()], total


async def inquiry(session: AsyncSession, inquiry_id: UUID, scope: Scope, *, lock: bool = False) -> tuple[Inquiry, Appeal] | None:
    """An inquiry in scope with its appeal."""
    query = select(Inquiry, Appeal).join(Appeal, _ASKED).where(col(Inquiry.inquiry_id) == inquiry_id, _seen(scope))
    row = (await session.execute(query.with_for_update(of=Inquiry) if lock else query)).one_or_none()
    return (row[0], row[1]) if row else None


async def late_inquiries(session: AsyncSession, now: datetime, limit: int) -> Sequence[Inquiry]:
    """Inquiries past their due date that nobody was told of, the oldest due first; locked, and those locked elsewhere left out."""
    late = and_(col(Inquiry.settled).is_(False), col(Inquiry.overdue).is_(False), col(Inquiry.due_at) < now)
    query = select(Inquiry).where(late).order_by(col(Inquiry.due_at)).limit(limit).with_for_update(skip_locked=True)
    return (await session.execute(query)).scalars().all()


async def mark_overdue(session: AsyncSession, inquiry_ids: Sequence[UUID]) -> None:
    await session.execute(
        update(Inquiry)
        .where(among(session, Inquiry.inquiry_id, inquiry_ids))
        .values(overdue=True)
        .execution_options(synchronize_session=False)
    )


async def responses(session: AsyncSession, response_ids: Sequence[UUID]) -> dict[UUID, Response]:
    query = select(Response).where(among(session, Response.response_id, response_ids))
    return {one.response_id: one for one in (await session.execute(query)).scalars()}


def _seen(scope: Scope) -> ColumnElement[bool]:
    return scope.where(col(Appeal.region), col(Appeal.tier), col(Inquiry.provider_id))


def _seen_appeal(scope: Scope) -> ColumnElement[bool]:
    return scope.where(col(Appeal.region), col(Appeal.tier), col(Appeal.provider_id))


def _filters(wanted: InquiryFilter) -> list[ColumnElement[bool]]:
    pairs = (
        (col(Inquiry.status), wanted.status),
        (col(Appeal.region), wanted.region),
        (col(Inquiry.provider_id), wanted.provider_id),
        (col(Inquiry.overdue), wanted.overdue),
    )
    return [column == value for column, value in pairs if value is not None]

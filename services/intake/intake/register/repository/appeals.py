"""Queries about appeals, their tracking and timeline, and the replica of the provider directory."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

from sqlalchemy import or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.models import LAST_SEQUENCE, Appeal, Provider, RegisterCounter, Timeline, Tracking, without_content
from intake.register.schemas.rows import NewAppealRow, NewTrackingRow, ProviderRow, TimelineRow, TrackingRow
from shared.contracts import AppealRouted, ClassificationCorrected
from shared.database import among
from shared.fast.bulk import insert_later, insert_new_rows, insert_rows, select_rows, update_rows
from shared.rows import table_of, upsert

DRAWN_AHEAD: Final = 256  # one round trip in some ten groups of appeals
_TRACKING: Final = tuple(table_of(Tracking).c)
_TRACKING_NAMES: Final = tuple(column.name for column in _TRACKING)
_DRAWING: Final = text("SELECT nextval('register_sequence') FROM generate_series(1, :n)")


@dataclass(frozen=True, slots=True)
class SealedContent:
    """The sealed fields of an appeal that were read, and the consents that say who may read them."""

    id: UUID
    text: bytes | None = None
    applicant: bytes | None = None
    provider_name: bytes | None = None
    provider_bin: bytes | None = None
    particulars: bytes | None = None
    consents: Sequence[str] = ()


async def next_sequences(session: AsyncSession, n: int) -> list[int]:
    """Return `n` unused sequence numbers, from 1 to 9 999 999 and then from 1 again. Gaps are allowed."""
    if not n:
        return []
    if session.get_bind().dialect.supports_sequences:
        return list((await session.execute(_DRAWING, {"n": n})).scalars())
    following = (RegisterCounter.value + n - 1) % LAST_SEQUENCE + 1  # safe: this transaction holds SQLite's writer lock
    last = (await session.execute(update(RegisterCounter).values(value=following).returning(col(RegisterCounter.value)))).scalar_one()
    return [(last - n + step) % LAST_SEQUENCE + 1 for step in range(n)]


class Sequences:
    """Sequence numbers, drawn ahead on PostgreSQL. A rollback or the end of the process leaves a gap."""

    def __init__(self) -> None:
        self._drawn: deque[int] = deque()

    async def draw(self, session: AsyncSession, n: int) -> list[int]:
        if not session.get_bind().dialect.supports_sequences:
            return await next_sequences(session, n)
        if len(self._drawn) < n:
            self._drawn.extend(await next_sequences(session, n + DRAWN_AHEAD))
        return [self._drawn.popleft() for _ in range(n)]


async def known_providers(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Return those of the ids that the replica of the directory holds."""
    key = table_of(Provider).c.id
    return {found for (found,) in await select_rows(session, [key], key, list(ids))}


async def active_providers(session: AsyncSession, region: str | None) -> Sequence[Provider]:
    """Return the active organisations of a region, or of all, ordered by their Russian names."""
    query = select(Provider).where(col(Provider.active).is_(True))
    if region is not None:
        query = query.where(col(Provider.region) == region)
    found = (await session.execute(query)).scalars()
    return sorted(found, key=lambda provider: (provider.name_ru, provider.id))  # not in SQL: each engine orders letters its own way


def add_appeals(session: AsyncSession, appeals: Sequence[NewAppealRow], trackings: Sequence[NewTrackingRow]) -> None:
    """Insert at the end of the transaction. The rows of one statement have the same columns: rarely filled ones are added where needed."""
    if any("particulars" in row for row in appeals):
        appeals = [{"particulars": None, "answer_by": None, "follows": None, **row} for row in appeals]
    if any("iin_key" in row for row in appeals):
        appeals = [{"iin_key": None, **row} for row in appeals]
    insert_later(session, Appeal, appeals)
    insert_later(session, Tracking, trackings)


async def appeal_by_number(session: AsyncSession, number: str) -> tuple[Appeal, Tracking] | None:
    """Return an appeal without its content: fetching a long text takes longer and would reveal that the number exists."""
    query = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).where(col(Appeal.number) == number)
    row = (await session.execute(query.options(*without_content()))).one_or_none()
    return None if row is None else (row[0], row[1])


async def timeline(session: AsyncSession, appeal_id: UUID) -> Sequence[Timeline]:
    """Return the timeline of an appeal, oldest entry first."""
    query = select(Timeline).where(col(Timeline.appeal_id) == appeal_id).order_by(col(Timeline.at), col(Timeline.event_id))
    return (await session.execute(query)).scalars().all()


async def provider_names(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """Return the Kazakh and Russian names of providers by id."""
    columns = table_of(Provider).c
    rows = await select_rows(session, [columns.id, columns.name_kk, columns.name_ru], columns.id, list(ids))
    return {row[0]: (row[1], row[2]) for row in rows}


async def sealed_contents(session: AsyncSession, ids: Sequence[UUID], fields: Sequence[str]) -> Mapping[UUID, SealedContent]:
    """Return `fields` of appeals by appeal id: columns that SealedContent has."""
    columns = table_of(Appeal).c
    rows = await select_rows(session, [columns.id, *(columns[field] for field in fields)], columns.id, ids)
    return {row[0]: SealedContent(row[0], **dict(zip(fields, row[1:], strict=True))) for row in rows}


async def appeals_with(
    session: AsyncSession, *, phone_key: bytes | None = None, iin_key: bytes | None = None, limit: int
) -> Sequence[UUID]:
    """Return the ids of the appeals with one of the keys, latest first, at most `limit`; none without a key."""
    given = ((col(Appeal.phone_key), phone_key), (col(Appeal.iin_key), iin_key))
    same = [column == key for column, key in given if key is not None]
    if not same:
        return []
    query = select(col(Appeal.id)).where(or_(*same)).order_by(col(Appeal.received_at).desc(), col(Appeal.id)).limit(limit)
    return (await session.execute(query)).scalars().all()


async def applicant_keys(session: AsyncSession, appeal_id: UUID) -> tuple[bytes | None, bytes | None]:
    """Return the keys of the phone and the IIN under which an appeal was filed; None for one that is not known."""
    row = (await session.execute(select(col(Appeal.phone_key), col(Appeal.iin_key)).where(col(Appeal.id) == appeal_id))).one_or_none()
    return (row[0], row[1]) if row is not None else (None, None)


async def lock_trackings(session: AsyncSession, appeal_ids: Sequence[UUID]) -> Mapping[UUID, TrackingRow]:
    """Return tracking rows by appeal id, locked until the transaction ends."""
    rows = await select_rows(session, _TRACKING, table_of(Tracking).c.appeal_id, appeal_ids, lock=True)
    found = [cast("TrackingRow", dict(zip(_TRACKING_NAMES, row, strict=True))) for row in rows]
    return {row["appeal_id"]: row for row in found}


async def update_trackings(session: AsyncSession, rows: Sequence[TrackingRow]) -> None:
    """Replace whole tracking rows. Lock them first."""
    await update_rows(session, Tracking, rows, key=("appeal_id",))


async def unsorted_appeals(session: AsyncSession, appeal_ids: Collection[UUID]) -> set[UUID]:
    """Return those of these appeals whose timeline says that nobody has sorted them yet."""
    routed, sorted_by = AppealRouted.FACT, ClassificationCorrected.FACT
    query = select(col(Timeline.appeal_id), col(Timeline.type), col(Timeline.data))
    query = query.where(among(session, Timeline.appeal_id, appeal_ids), col(Timeline.type).in_((routed, sorted_by)))
    rows = (await session.execute(query)).all()
    known = {row.appeal_id for row in rows if row.type == sorted_by}
    return {row.appeal_id for row in rows if row.type == routed and "tier" not in row.data} - known


async def add_timeline(session: AsyncSession, rows: Sequence[TimelineRow]) -> None:
    """Insert timeline entries; an entry whose event id is stored already is skipped."""
    await insert_new_rows(session, Timeline, rows, unique=("event_id",), returning="event_id")


async def upsert_providers(session: AsyncSession, rows: Sequence[ProviderRow]) -> None:
    """Insert providers, or replace those with the same id."""
    statement = upsert(session, Provider)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows)


async def active_provider(session: AsyncSession, provider_id: UUID) -> Provider | None:
    query = select(Provider).where(col(Provider.id) == provider_id, col(Provider.active).is_(True))
    return (await session.execute(query)).scalar_one_or_none()


async def add_imported(
    session: AsyncSession, appeals: Sequence[NewAppealRow], trackings: Sequence[NewTrackingRow], timeline: Sequence[TimelineRow]
) -> None:
    """Insert imported appeals, the register first: a concurrent import of the same lines waits there and holds no other lock."""
    await insert_rows(session, Appeal, appeals, sliced=True)
    await insert_rows(session, Tracking, trackings, sliced=True)
    await add_timeline(session, timeline)


async def imported_appeals(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, tuple[bytes | None, str]]:
    """Return fingerprint and channel of imported appeals by id."""
    rows = await session.execute(select(col(Appeal.id), col(Appeal.fingerprint), col(Appeal.channel)).where(among(session, Appeal.id, ids)))
    return {row[0]: (row[1], row[2]) for row in rows}

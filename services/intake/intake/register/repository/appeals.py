"""The questions about the register, its tracking and timeline, and the directory's replica."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlmodel import col

from intake.register.models import LAST_SEQUENCE, Appeal, ContentRead, Provider, RegisterCounter, Timeline, Tracking
from shared.bulk import fetch, insert_later, insert_new_rows, insert_rows, update_rows
from shared.database import among, table_of
from shared.upserts import upsert

Rows = Sequence[dict[str, Any]]
SELDOM = ("particulars", "answer_by", "follows")
DRAWN_AHEAD = 256  # one round trip in some ten groups of appeals
_WORDS: tuple[Any, ...] = (Appeal.text, Appeal.applicant, Appeal.provider_name, Appeal.particulars)


async def next_sequences(session: AsyncSession, n: int) -> list[int]:
    """`n` sequence numbers that nobody else gets, from 1 to 9 999 999 and round again; gaps are allowed."""
    if not n:
        return []
    if session.get_bind().dialect.supports_sequences:
        drawing = "SELECT nextval('register_sequence') FROM generate_series(1, $1)"
        return [row[0] for row in await fetch(session, drawing, n)]
    following = (RegisterCounter.value + n - 1) % LAST_SEQUENCE + 1  # a single writer: SQLite's lock is ours already
    last = (await session.execute(update(RegisterCounter).values(value=following).returning(col(RegisterCounter.value)))).scalar_one()
    return [(last - n + step) % LAST_SEQUENCE + 1 for step in range(n)]


class Sequences:
    """Sequence numbers, on PostgreSQL drawn ahead: a rollback does not give them out again, and whoever ends leaves a gap."""

    def __init__(self) -> None:
        self._drawn: deque[int] = deque()

    async def take(self, session: AsyncSession, n: int) -> list[int]:
        if not session.get_bind().dialect.supports_sequences:
            return await next_sequences(session, n)
        if len(self._drawn) < n:
            self._drawn.extend(await next_sequences(session, n + DRAWN_AHEAD))
        return [self._drawn.popleft() for _ in range(n)]


async def known_providers(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """Which of these the directory's replica holds."""
    if not ids:
        return set()
    return set((await session.execute(select(col(Provider.id)).where(among(session, Provider.id, ids)))).scalars())


async def active_providers(session: AsyncSession, region: str) -> Sequence[Provider]:
    """A region's organisations that can be chosen, by their Russian names."""
    query = select(Provider).where(col(Provider.region) == region, col(Provider.active).is_(True))
    found = (await session.execute(query)).scalars()
    return sorted(found, key=lambda one: (one.name_ru, one.id))  # here, as each engine has an order of letters of its own


def add_appeals(session: AsyncSession, appeals: Rows, trackings: Rows) -> None:
    """At the end of the transaction. Where one appeal of the group has the columns that are SELDOM filled, all get them."""
    if any(SELDOM[0] in row for row in appeals):
        appeals = [dict.fromkeys(SELDOM) | row for row in appeals]
    insert_later(session, Appeal, appeals)
    insert_later(session, Tracking, trackings)


async def appeal_by_number(session: AsyncSession, number: str) -> tuple[Appeal, Tracking] | None:
    """Without the appeal's words: a long text would take longer to fetch, and so tell that the number exists."""
    query = select(Appeal, Tracking).join(Tracking, col(Tracking.appeal_id) == col(Appeal.id)).where(col(Appeal.number) == number)
    row = (await session.execute(query.options(*(defer(one, raiseload=True) for one in _WORDS)))).one_or_none()
    return None if row is None else (row[0], row[1])


async def timeline(session: AsyncSession, appeal_id: UUID) -> Sequence[Timeline]:
    """What happened, in the order of time."""
    query = select(Timeline).where(col(Timeline.appeal_id) == appeal_id).order_by(col(Timeline.at), col(Timeline.event_id))
    return (await session.execute(query)).scalars().all()


async def provider_names(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, tuple[str, str]]:
    """Kazakh and Russian names by id."""
    if not ids:
        return {}
    query = select(col(Provider.id), col(Provider.name_kk), col(Provider.name_ru)).where(among(session, Provider.id, ids))
    return {row[0]: (row[1], row[2]) for row in await session.execute(query)}


async def sealed_contents(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, Row[Any]]:
    """The sealed columns, and the consents, by appeal id."""
    columns = Appeal.__table__.c  # type: ignore[attr-defined]
    wanted = (columns[name] for name in ("id", "text", "applicant", "provider_name", "provider_bin", "particulars", "consents"))
    rows = await session.execute(select(*wanted).where(among(session, columns.id, ids)))
    return {row.id: row for row in rows}


async def add_content_read(session: AsyncSession, row: dict[str, Any]) -> None:
    await session.execute(insert(ContentRead), [row])


async def trackings(session: AsyncSession, appeal_ids: Sequence[UUID]) -> Mapping[UUID, dict[str, Any]]:
    """The projection's rows, locked until the transaction ends, by appeal id."""
    table = table_of(Tracking)
    query = select(table).where(among(session, table.c.appeal_id, appeal_ids)).order_by(table.c.appeal_id).with_for_update()
    return {row.appeal_id: row._asdict() for row in await session.execute(query)}


async def put_trackings(session: AsyncSession, rows: Rows) -> None:
    """Replace whole rows of the projection."""
    await update_rows(session, Tracking, rows, key=("appeal_id",))


async def add_timeline(session: AsyncSession, rows: Rows) -> None:
    await insert_new_rows(session, Timeline, rows, unique=("event_id",), returning="event_id")


async def put_providers(session: AsyncSession, rows: Rows) -> None:
    statement = upsert(session, Provider)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows)


async def active_provider(session: AsyncSession, provider_id: UUID) -> Provider | None:
    query = select(Provider).where(col(Provider.id) == provider_id, col(Provider.active).is_(True))
    return (await session.execute(query)).scalar_one_or_none()


async def add_imported(session: AsyncSession, appeals: Rows, trackings: Rows, timeline: Rows) -> None:
    """At once and the register first: of two imports of the same lines one waits here, before it holds anything the other may want."""
    await insert_rows(session, Appeal, appeals, sliced=True)
    await insert_rows(session, Tracking, trackings, sliced=True)
    await add_timeline(session, timeline)


async def imported(session: AsyncSession, ids: Sequence[UUID]) -> Mapping[UUID, tuple[bytes | None, str]]:
    """Fingerprint and channel of imported appeals, by id."""
    columns = (col(Appeal.id), col(Appeal.fingerprint), col(Appeal.channel))
    rows = await session.execute(select(*columns).where(among(session, Appeal.id, ids)))
    return {row[0]: (row[1], row[2]) for row in rows}

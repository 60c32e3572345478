"""Every question put to this service's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.models import call_fact, fact, provider, transition
from analytics.periods import Period
from shared.bulk import insert_new_rows, update_rows
from shared.database import among
from shared.domain.labels import Label
from shared.messaging.inbox import upserting

Rows = Sequence[dict[str, Any]]

_COLUMNS: Mapping[str, ColumnElement[Any]] = {
    "channel": fact.c.channel,
    "kind": fact.c.kind,
    "region": fact.c.region,
    "tier": fact.c.tier,
    "category": fact.c.category,
    "provider": fact.c.provider_id,
    "topic": fact.c.topic,
    "outcome": fact.c.outcome,
}
# A long count is made along an index: what stands in it up to the column is grouped first, so that nothing has to be sorted
# (474 708 facts by region: 35 ms in place of 93).
_ALONG: Mapping[str, Sequence[str]] = {
    "channel": ("received_on", "channel"),
    "kind": ("received_on", "channel", "kind"),
    "region": ("received_on", "region"),
    "outcome": ("received_on", "region", "outcome"),
    "tier": ("received_on", "region", "outcome", "tier"),
    "topic": ("received_on", "topic"),
}
_MOVABLE = (
    "appeal_id", "language", "kind", "category", "topic", "tier", "urgency", "provider_id", "status", "outcome", "due_at", "routed_at",
    "answered_at", "closed_at", "moved_at", "confirmed", "score",
)  # fmt: skip


# -- writing the grains --


async def add_facts(session: AsyncSession, rows: Rows) -> None:
    await insert_new_rows(session, fact, rows, returning="appeal_id")


async def add_transitions(session: AsyncSession, rows: Rows) -> None:
    await insert_new_rows(session, transition, rows, returning="event_id")


async def add_calls(session: AsyncSession, rows: Rows) -> None:
    await insert_new_rows(session, call_fact, rows, returning="call_id")


async def facts(session: AsyncSession, appeal_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """What an appeal's later events may change or look at, by appeal."""
    found = await session.execute(select(*(fact.c[name] for name in _MOVABLE)).where(among(session, fact.c.appeal_id, appeal_ids)))
    return {row[0]: dict(zip(_MOVABLE, row, strict=True)) for row in found}


async def update_facts(session: AsyncSession, rows: Rows) -> None:
    """Change facts by their `appeal_id`; all rows name the same columns."""
    await update_rows(session, fact, rows, key=("appeal_id",))


async def name_providers(session: AsyncSession, rows: Rows) -> None:
    statement = upserting(session)(provider)
    changed = {name: statement.excluded[name] for name in ("name_kk", "name_ru", "region")}
    await session.execute(statement.on_conflict_do_update(index_elements=["provider_id"], set_=changed), rows)


# -- figures --


@dataclass(frozen=True, slots=True)
class Cohort:
    """First-time appeals received in a period, by the local day of their region; of one region, kind or outcome where given.

    An appeal that goes on with an earlier one is not counted again.
    """

    period: Period
    region: str | None = None
    kind: str | None = None
    outcome: str | None = None

    def where(self) -> ColumnElement[bool]:
        terms: list[ColumnElement[bool]] = [fact.c.received_on.between(self.period.first, self.period.last), fact.c.follows.is_(None)]
        for column, value in ((fact.c.region, self.region), (fact.c.kind, self.kind), (fact.c.outcome, self.outcome)):
            if value is not None:
                terms.append(column == value)
        return and_(*terms)


async def count(session: AsyncSession, cohort: Cohort) -> int:
    return (await session.execute(select(func.count()).select_from(fact).where(cohort.where()))).scalar_one()


async def count_by(session: AsyncSession, group: str, cohort: Cohort) -> dict[str | None, int]:
    """Appeals of a cohort by code; None stands for those without one."""
    column = _COLUMNS[group]
    query = select(column.label("code"), func.count().label("number")).where(cohort.where())
    if group in _ALONG:
        steps = query.group_by(*(fact.c[name] for name in _ALONG[group])).subquery()
        query = select(steps.c.code, func.sum(steps.c.number)).group_by(steps.c.code)
    else:
        query = query.group_by(column)
    rows = (await session.execute(query)).all()
    return {None if code is None else str(code): int(number) for code, number in rows}


async def count_cells(session: AsyncSession, cohort: Cohort, *groups: str) -> list[tuple[str, tuple[str | None, ...], int]]:
    """Appeals of a cohort by region and the codes of these groups."""
    columns = [_COLUMNS[group] for group in groups]
    query = select(fact.c.region, *columns, func.count()).where(cohort.where()).group_by(fact.c.region, *columns)
    return [(row[0], tuple(row[1:-1]), row[-1]) for row in (await session.execute(query)).all()]


async def scores(session: AsyncSession, period: Period, region: str | None, kind: str | None) -> tuple[int, int]:
    """The sum of the applicants' ratings and their number; of every appeal received in the period, repeated ones too."""
    terms: list[ColumnElement[bool]] = [fact.c.received_on.between(period.first, period.last), fact.c.score.is_not(None)]
    terms += [column == value for column, value in ((fact.c.region, region), (fact.c.kind, kind)) if value is not None]
    row = (await session.execute(select(func.coalesce(func.sum(fact.c.score), 0), func.count()).where(*terms))).one()
    return int(row[0]), int(row[1])


@dataclass(frozen=True, slots=True)
class Calls:
    """The centre's calls of a period, in numbers and seconds; calls after hours and those the machine served are not offered to anybody."""

    answered: int
    abandoned: int
    abandoned_at_once: int
    answered_in_time: int
    waited: int
    """Seconds that the answered calls had waited, in all."""
    talked: int


async def calls(session: AsyncSession, period: Period, region: str | None, *, in_time: int, at_once: int) -> Calls:
    """`in_time`: seconds within which an answer is counted as such; `at_once`: who hangs up before that many seconds is counted apart."""
    answered, waited = call_fact.c.outcome == "ANSWERED", call_fact.c.waited_seconds
    abandoned = call_fact.c.outcome == "ABANDONED"
    counted = (
        func.count(case((answered, 1))),
        func.count(case((and_(abandoned, waited >= at_once), 1))),
        func.count(case((and_(abandoned, waited < at_once), 1))),
        func.count(case((and_(answered, waited <= in_time), 1))),
        func.coalesce(func.sum(case((answered, waited))), 0),
        func.coalesce(func.sum(case((answered, call_fact.c.talked_seconds))), 0),
    )
    query = select(*counted).where(call_fact.c.offered_on.between(period.first, period.last))
    if region is not None:
        query = query.where(call_fact.c.region == region)
    return Calls(*(int(number) for number in (await session.execute(query)).one()))


async def provider_names(session: AsyncSession, provider_ids: Sequence[str]) -> dict[str, Label]:
    """The names of those that are known here. A provider's Russian name serves as its English one."""
    query = select(provider).where(provider.c.provider_id.in_([UUID(one) for one in provider_ids]))
    return {str(row.provider_id): Label(row.name_kk, row.name_ru, row.name_ru) for row in (await session.execute(query)).all()}


async def applied_until(session: AsyncSession) -> datetime | None:
    """When the newest event that is part of the figures happened; None before the first."""
    moment: datetime | None = (await session.execute(select(func.max(transition.c.at)))).scalar_one()
    return moment


# -- how things stand now --


async def received_between(session: AsyncSession, days: tuple[date, date], since: datetime, until: datetime) -> int:
    """Appeals received from `since` to before `until`; `days` are the local days, anywhere, that can hold them."""
    at = fact.c.received_at
    query = select(func.count()).select_from(fact).where(fact.c.received_on.between(*days), at >= since, at < until)
    return (await session.execute(query)).scalar_one()


async def answered_since(session: AsyncSession, since: datetime) -> tuple[int, int]:
    """How many appeals got their first answer since then, and how many of them by the end of their term."""
    in_time = func.count(case((fact.c.answered_at <= fact.c.due_at, 1)))
    row = (await session.execute(select(func.count(), in_time).where(fact.c.answered_at >= since))).one()
    return row[0], row[1]


async def in_statuses(session: AsyncSession, statuses: Sequence[str]) -> tuple[int, int]:
    """How many appeals have one of these statuses, and how many of them are urgent."""
    urgent = func.count(case((fact.c.urgency == "URGENT", 1)))
    row = (await session.execute(select(func.count(), urgent).where(fact.c.status.in_(statuses)))).one()
    return row[0], row[1]

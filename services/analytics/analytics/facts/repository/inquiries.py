"""Inquiries to providers and their promises: counts, and percentiles of the time to the first answer."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import commitment_fact, inquiry_fact
from analytics.facts.repository.conditions import epoch_of
from analytics.facts.repository.figures import Tallies, coded, narrowed, split, text_of
from analytics.facts.repository.percentiles import percentiles
from analytics.facts.schemas import Cohort, CommitmentResult, Group, Quantile, Tally


async def overdue_inquiries(session: AsyncSession, cohort: Cohort, group: Group | None, now: datetime) -> Tallies:
    """Return by code how many inquiries were sent, and how many of them were answered late or wait past their due date."""
    table = inquiry_fact.c
    is_waiting = and_(table.answered_at.is_(None), table.cancelled.is_(False), table.due_at < now)
    total = func.count(case((or_(table.late.is_(True), is_waiting), 1)))
    query = select(coded(session, group, table.sent_on, inquiry_fact), total, func.count())
    return await _tallies(session, group, query.where(*narrowed(table.sent_on, inquiry_fact, cohort)))


async def lawful_refusals(session: AsyncSession, cohort: Cohort, group: Group | None) -> Tallies:
    """Return by code how many refusals of care a clerk has judged, and how many of them were found lawful."""
    table = inquiry_fact.c
    query = select(coded(session, group, table.sent_on, inquiry_fact), func.count(case((table.refusal_lawful.is_(True), 1))), func.count())
    is_judged = table.refusal_lawful.is_not(None)
    return await _tallies(session, group, query.where(*narrowed(table.sent_on, inquiry_fact, cohort), is_judged))


async def fulfilled_commitments(session: AsyncSession, cohort: Cohort, group: Group | None, today: date) -> Tallies:
    """Return by code how many promises were due before `today` or have a result, and how many of them were fulfilled.

    A promise that was excused counts in neither.
    """
    table = commitment_fact.c
    is_due = or_(table.due_on < today, table.result.is_not(None))
    is_counted = or_(table.result.is_(None), table.result != CommitmentResult.EXCUSED)
    fulfilled = func.count(case((table.result == CommitmentResult.KEPT, 1)))
    query = select(coded(session, group, table.due_on, commitment_fact), fulfilled, func.count())
    return await _tallies(session, group, query.where(*narrowed(table.due_on, commitment_fact, cohort), is_due, is_counted))


async def reply_times(session: AsyncSession, cohort: Cohort, group: Group | None, per_cent: int) -> dict[str | None, Quantile]:
    """Return the percentile of the seconds from sending an inquiry to its first answer, by code."""
    table, epoch = inquiry_fact.c, epoch_of(session)
    seconds = (epoch(table.answered_at) - epoch(table.sent_at)).label("seconds")
    query = select(coded(session, group, table.sent_on, inquiry_fact), seconds)
    is_answered = table.answered_at.is_not(None)
    return await percentiles(session, query.where(*narrowed(table.sent_on, inquiry_fact, cohort), is_answered), per_cent)


async def _tallies(session: AsyncSession, group: Group | None, query: Any) -> Tallies:
    rows = (await session.execute(split(group, query))).all()
    return {text_of(code): Tally(total, n) for code, total, n in rows}

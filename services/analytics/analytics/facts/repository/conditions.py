"""Conditions on facts that figures and rollups share."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, and_, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.models import fact
from shared.domain.taxonomy import LOWEST_TIER
from shared.rows import is_sqlite

Epoch = Callable[[ColumnElement[Any]], ColumnElement[int]]
"""Returns the whole seconds of a time column since 1970."""

IS_FIRST: Final = fact.c.follows.is_(None)
IS_ANSWERED: Final = fact.c.answered_at.is_not(None)
IS_OURS: Final = fact.c.imported.is_(False)
"""An imported appeal says nothing of when it was answered."""
IS_IN_TIME: Final = fact.c.answered_at <= fact.c.due_at
IS_LATE: Final = fact.c.answered_at > fact.c.due_at
IS_OF_FIRST_TIER: Final = func.coalesce(fact.c.tier, LOWEST_TIER) == LOWEST_TIER


def is_settled_at_once() -> ColumnElement[bool]:
    """Return whether an appeal was answered in the contact itself, was not reopened, and was not continued by another appeal."""
    later = fact.alias()
    continued = select(later.c.follows).where(later.c.follows == fact.c.appeal_id).exists()
    return and_(fact.c.answered_at == fact.c.registered_at, fact.c.reopened.is_(False), ~continued)


def is_leaked(epoch: Epoch, leakage_seconds: int) -> ColumnElement[bool]:
    """Return whether a complaint continues an answered appeal soon. An appeal that continues another one is about the same subject."""
    later = fact.alias()
    soon = epoch(later.c.received_at) - epoch(fact.c.answered_at) <= leakage_seconds
    return select(later.c.appeal_id).where(later.c.follows == fact.c.appeal_id, later.c.kind == "COMPLAINT", soon).exists()


def answer_seconds(epoch: Epoch) -> ColumnElement[int]:
    """Return the seconds from receipt to the first answer."""
    return epoch(fact.c.answered_at) - epoch(fact.c.received_at)


def epoch_of(session: AsyncSession) -> Epoch:
    """Return the function of the session's engine."""
    return epoch_on(is_sqlite=is_sqlite(session))


def epoch_on(*, is_sqlite: bool) -> Epoch:
    """Return the function of SQLite or of PostgreSQL."""
    return partial(_epoch, is_sqlite=is_sqlite)


def _epoch(column: ColumnElement[Any], *, is_sqlite: bool) -> ColumnElement[int]:
    return sql_cast(func.unixepoch(column) if is_sqlite else func.floor(func.extract("epoch", column)), Integer)

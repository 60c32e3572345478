"""Results that are read once in a session, because several figures need them: a session that reads sees one snapshot."""

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")


async def read_once(session: AsyncSession, key: Hashable, query: Callable[[], Awaitable[T]]) -> T:
    """Return what the query found in this session before, or run it. For sessions that only read: what they see does not change."""
    if key not in session.info:
        session.info[key] = await query()
    found: T = session.info[key]
    return found

"""The queries of the replica of the provider directory."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import Provider
from routing.cases.schemas.rows import ProviderRow, ProviderView
from shared.database import among
from shared.rows import columns_of, upsert


async def upsert_providers(session: AsyncSession, rows: Sequence[ProviderRow]) -> None:
    """Insert providers, or replace those with the same id."""
    statement = upsert(session, Provider)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "provider_id"}
    await session.execute(statement.on_conflict_do_update(index_elements=["provider_id"], set_=changed), rows)


async def providers_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, ProviderView]:
    """Return these providers by id, active or not; an unknown id is left out."""
    if not ids:
        return {}
    query = select(*columns_of(Provider, ProviderView)).where(among(session, Provider.provider_id, ids))
    return {row[0]: ProviderView(*row) for row in await session.execute(query)}


async def active_providers(session: AsyncSession, region: str) -> list[ProviderView]:
    """Return the active providers of a region by their Kazakh names."""
    query = select(*columns_of(Provider, ProviderView)).where(col(Provider.region) == region, col(Provider.active).is_(True))
    return [ProviderView(*row) for row in await session.execute(query.order_by(col(Provider.name_kk), col(Provider.provider_id)))]

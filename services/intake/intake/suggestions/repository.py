"""The queries of suggestions."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.suggestions.models import Article, SelfService, ShownArticles
from intake.suggestions.schemas import ArticleRow, OfferedArticle, ReplicaState, SelfServiceRow, ShownRow
from shared.database import among
from shared.rows import insert_new_rows, insert_rows, upsert


async def upsert_articles(session: AsyncSession, rows: Sequence[ArticleRow]) -> None:
    """Insert articles, or replace those with the same id. `rows`: at least one."""
    statement = upsert(session, Article)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows)


async def delete_articles(session: AsyncSession, article_ids: Sequence[UUID]) -> None:
    await session.execute(delete(Article).where(col(Article.id).in_(article_ids)))


async def replica_state(session: AsyncSession) -> ReplicaState:
    """Return what changes whenever the replica does."""
    found = (await session.execute(select(func.count(), func.max(col(Article.published_at))))).one()
    return ReplicaState(*found)


async def offered_articles(session: AsyncSession) -> Sequence[OfferedArticle]:
    """Return the articles about a topic, valid today or not. Articles about complaints are for the desk alone."""
    rows = (await session.execute(select(Article).where(col(Article.topic).is_not(None)).order_by(col(Article.code)))).scalars()
    return [
        OfferedArticle(row.id, row.topic or "", row.questions, row.answers, row.synonyms, row.valid_from, row.valid_to, row.source)
        for row in rows
    ]


async def add_self_service(session: AsyncSession, row: SelfServiceRow) -> bool:
    """Insert an answered question. Return False if it is counted already; a concurrent one is waited for."""
    return bool(await insert_new_rows(session, SelfService, [row], unique=("id",), returning="id"))


async def purge_self_service(session: AsyncSession, before: date) -> None:
    """Delete the answered questions of days before a day."""
    await session.execute(delete(SelfService).where(col(SelfService.day) < before))


async def shown_articles(session: AsyncSession, appeal_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the ids of the articles that were shown before filing, by appeal."""
    query = select(col(ShownArticles.appeal_id), col(ShownArticles.article_ids)).where(among(session, ShownArticles.appeal_id, appeal_ids))
    return {row.appeal_id: row.article_ids for row in await session.execute(query)}


async def add_shown(session: AsyncSession, row: ShownRow) -> None:
    await insert_rows(session, ShownArticles, [row])

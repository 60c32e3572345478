"""The queries of the articles."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.knowledge.codes import ArticleState
from routing.knowledge.models import ArticleRow, ArticleVersion
from routing.knowledge.schemas import StoredVersion
from shared.database import among
from shared.rows import Rows, insert_new_rows, insert_rows, table_of

_OF_ARTICLE = ("article_id", "code", "topic", "category", "revision", "seed")
_OF_VERSION = (
    "number", "state", "content", "authors", "published_by", "note", "changed_at", "published_at", "retired_at", "published_digest",
)  # fmt: skip


async def versions_in(
    session: AsyncSession, states: Collection[ArticleState], subjects: Collection[str] | None = None
) -> list[StoredVersion]:
    """Return the versions that are in these states, by the code of the article, the newest first.

    `subjects`: only of articles on one of these topics and categories.
    """
    query = _versions().where(col(ArticleVersion.state).in_(states))
    if subjects is not None:
        query = query.where(or_(col(ArticleRow.topic).in_(subjects), col(ArticleRow.category).in_(subjects)))
    return await _read(session, query)


async def all_versions(session: AsyncSession) -> list[StoredVersion]:
    """Return every version of every article, by the code of the article, the newest first."""
    return await _read(session, _versions())


async def versions_of(session: AsyncSession, article_id: UUID) -> list[StoredVersion]:
    """Return the versions of an article, the newest first; none for an unknown article."""
    return await _read(session, _versions().where(col(ArticleRow.article_id) == article_id))


async def published_ever(session: AsyncSession, article_ids: Collection[UUID]) -> list[StoredVersion]:
    """Return the versions of these articles that are or were published, the newest of each article first."""
    wanted = _versions().where(among(session, ArticleRow.article_id, article_ids), col(ArticleVersion.published_at).is_not(None))
    return await _read(session, wanted)


async def lock_article(session: AsyncSession, article_id: UUID) -> None:
    """Lock an article until the transaction ends."""
    await session.execute(select(col(ArticleRow.revision)).where(col(ArticleRow.article_id) == article_id).with_for_update())


async def seeds_of(session: AsyncSession) -> Mapping[UUID, str | None]:
    """Return the digest of the file's article that each article was made from; None once a person has changed it."""
    rows = await session.execute(select(col(ArticleRow.article_id), col(ArticleRow.seed)))
    return {row.article_id: row.seed for row in rows}


async def codes_beginning(session: AsyncSession, beginning: str) -> set[str]:
    """Return the codes of articles that begin so."""
    rows = await session.execute(select(col(ArticleRow.code)).where(col(ArticleRow.code).startswith(beginning, autoescape=True)))
    return set(rows.scalars())


async def add_articles(session: AsyncSession, rows: Rows) -> set[UUID]:
    """Insert articles that are not there yet, and return the ids of the inserted ones."""
    return await insert_new_rows(session, ArticleRow, rows, returning="article_id")


async def add_versions(session: AsyncSession, rows: Rows) -> None:
    await insert_rows(session, ArticleVersion, rows)


async def change_article(session: AsyncSession, article_id: UUID, **values: Any) -> None:
    """Set columns of an article and count the change."""
    table = table_of(ArticleRow)
    await session.execute(update(table).where(table.c.article_id == article_id).values(revision=table.c.revision + 1, **values))


async def change_version(session: AsyncSession, article_id: UUID, number: int, **values: Any) -> None:
    table = table_of(ArticleVersion)
    await session.execute(update(table).where(table.c.article_id == article_id, table.c.number == number).values(**values))


async def delete_version(session: AsyncSession, article_id: UUID, number: int) -> None:
    table = table_of(ArticleVersion)
    await session.execute(delete(table).where(table.c.article_id == article_id, table.c.number == number))


async def delete_article(session: AsyncSession, article_id: UUID) -> None:
    table = table_of(ArticleRow)
    await session.execute(delete(table).where(table.c.article_id == article_id))


def _versions() -> Select[Any]:
    article, version = table_of(ArticleRow), table_of(ArticleVersion)
    wanted = [*(article.c[name] for name in _OF_ARTICLE), *(version.c[name] for name in _OF_VERSION)]
    query = select(*wanted).join(version, version.c.article_id == article.c.article_id)
    return query.order_by(article.c.code, version.c.number.desc())


async def _read(session: AsyncSession, query: Select[Any]) -> list[StoredVersion]:
    return [StoredVersion(**row) for row in (await session.execute(query)).mappings()]

"""Alembic, as every service uses it: its own folder of revisions, run by `migrate`, by the one-machine suite at start, and by tests.

A revision's id is its file's number (`0001_initial.py` is `0001`), so whether a database is up to date is known without Alembic,
whose import alone takes a fifth of the suite's start.
"""

import importlib
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, inspect, text

from shared.database import Database
from shared.messaging import tables


class NotMigrated(RuntimeError):
    """The database is not at the revision this code needs; `migrate` brings it there."""


def folder(package: str) -> Path:
    """A service's revisions: beside its package in the source tree, inside it when installed."""
    inside = Path(str(importlib.import_module(package).__file__)).parent
    return next(place for place in (inside.parent / "migrations", inside / "migrations") if place.is_dir())


def head(package: str) -> str:
    """The newest revision that this code brings."""
    return max(path.name.partition("_")[0] for path in (folder(package) / "versions").glob("[0-9]*_*.py"))


async def migrate(database: Database, package: str) -> None:
    """Bring the database to the newest revision."""
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder(package)).replace("%", "%%"))

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade)


async def is_migrated(database: Database, package: str) -> bool:
    async with database.engine.connect() as connection:
        return await connection.run_sync(_revision) == head(package)


def run_environment(service_metadata: MetaData) -> None:
    """What a service's `env.py` consists of."""
    from alembic import context  # noqa: PLC0415 - see above

    connection: Any = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=[service_metadata, tables.metadata], render_as_batch=True)
    context.run_migrations()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

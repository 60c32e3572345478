"""Alembic, as every service uses it: its own folder of revisions, run by `migrate`, by the one-machine suite at start, and by tests."""

import importlib
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

from shared.database import Database
from shared.messaging import tables


class NotMigrated(RuntimeError):
    """The database is not at the revision this code needs; `migrate` brings it there."""


def folder(package: str) -> Path:
    """A service's revisions: beside its package in the source tree, inside it when installed."""
    inside = Path(str(importlib.import_module(package).__file__)).parent
    return next(place for place in (inside.parent / "migrations", inside / "migrations") if place.is_dir())


async def migrate(database: Database, package: str) -> None:
    """Bring the database to the newest revision."""
    config = _config(package)

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with database.engine.begin() as connection:
        await connection.run_sync(upgrade)


async def is_migrated(database: Database, package: str) -> bool:
    head = ScriptDirectory.from_config(_config(package)).get_current_head()
    async with database.engine.connect() as connection:
        current = await connection.run_sync(lambda plain: MigrationContext.configure(plain).get_current_revision())
    return current == head


def run_environment(service_metadata: MetaData) -> None:
    """What a service's `env.py` consists of."""
    connection: Any = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=[service_metadata, tables.metadata], render_as_batch=True)
    context.run_migrations()


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder(package)).replace("%", "%%"))
    return config

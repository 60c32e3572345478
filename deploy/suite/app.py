"""The suite: all four services and the home pages in one process. The first segment of a path selects the service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from shared import migrations
from shared.clock import Clock
from shared.database_start import is_migrated
from shared.ids import Ids
from shared.logging import configure_logging
from shared.service import SUITE, Foundation
from shared.tracing import export_spans
from suite.home import create_home
from suite.lock import locked
from suite.members import Member, members


class Suite:
    """The ASGI application of the suite. Serve it inside `running()`."""

    def __init__(self, foundation: Foundation, services: tuple[Member, ...]) -> None:
        self.foundation = foundation
        self.settings = services[0].settings
        """The settings common to all services."""
        self._members = services
        self._apps: dict[str, FastAPI] = {each.service.name: each.create_app(each.settings, foundation) for each in services}
        self._home: ASGIApp = create_home(services[0].settings, foundation, list(self._apps))
        foundation.local_apps.update(self._apps)  # before any loop starts: services call each other from the first event on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        await self._apps.get(first, self._home)(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Migrate and start all services, and stop them in reverse order. Raises FolderInUse if another suite uses the data folder."""
        with locked(self._members[0].settings.data):
            await migrate(self.foundation, self._members)
            await self.foundation.start()
            async with AsyncExitStack() as running:
                running.push_async_callback(self.foundation.stop)
                for app in self._apps.values():
                    await running.enter_async_context(app.router.lifespan_context(app))
                yield


def create_suite(data: Path, *, clock: Clock | None = None, ids: Ids | None = None, **given: Any) -> Suite:
    """Create the suite over one data folder. `given` overrides settings of all services.

    Raises LocalIssuerForbidden when ARYZ_ENV is `production` and no OIDC provider is set.
    """
    services = members(data, **given)
    configure_logging(services[0].settings.log_level, service=SUITE)
    export_spans(services[0].settings, SUITE)
    return Suite(Foundation.build(services[0].settings, clock=clock, ids=ids), services)


async def migrate(foundation: Foundation, services: tuple[Member, ...]) -> list[str]:
    """Migrate the stores one after another, because Alembic's context is global. Returns the names of those that changed.

    Raises DatabaseUnreachable, and NoDatabase where an administrator has to create one.
    """
    moved = []
    for each in services:
        database = each.database(foundation)
        try:
            if not await is_migrated(each.service, database):
                await migrations.migrate(database, each.service.package)
                moved.append(each.service.name)
        finally:
            await database.close()
    return moved

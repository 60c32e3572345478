"""Commands over a data folder: `migrate`, `replay`, `rotate-keys`, `rebuild`."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from shared.database_start import is_migrated
from shared.logging import configure_logging
from shared.messaging import inbox
from shared.migrations import NotMigrated
from shared.sealing import add_key
from shared.service import SUITE, Foundation, build_parts, consumer
from suite import app
from suite.members import members


class UnknownService(ValueError):
    """There is no service of that name."""


def migrate(data: Path) -> list[str]:
    """Migrate the stores and return the names of the services that were not up to date."""
    services = members(data)
    configure_logging(services[0].settings.log_level, service=SUITE)
    return asyncio.run(app.migrate(Foundation.build(services[0].settings), services))


def rotate_keys(data: Path) -> str:
    """Add a sealing key and return its id."""
    return add_key(data / "keys").ring.active_id


def replay(data: Path, *, service: str | None, key: str | None) -> dict[str, tuple[int, int]]:
    """Apply parked events. Returns for each service the numbers of events applied and still parked. Raises UnknownService."""
    return asyncio.run(_replay(data, service, key))


async def _replay(data: Path, service: str | None, key: str | None) -> dict[str, tuple[int, int]]:
    services = members(data, worker=False)  # they answer each other's reads here; the loops belong to a running suite
    chosen = [each for each in services if service in (None, each.service.name)]
    if not chosen:
        raise UnknownService(f"there is no service {service}; known: {', '.join(each.service.name for each in services)}")
    configure_logging(services[0].settings.log_level, service=SUITE)
    foundation = Foundation.build(services[0].settings)
    apps = {each.service.name: each.create_app(each.settings, foundation) for each in services}
    foundation.local_apps.update(apps)
    await foundation.start()
    results = {}
    async with AsyncExitStack() as running:
        running.push_async_callback(foundation.stop)
        for one in apps.values():
            await running.enter_async_context(one.router.lifespan_context(one))
        for each in chosen:
            parts = apps[each.service.name].state.parts
            applied = await consumer(each.service, parts).replay(key)
            async with parts.database.read() as session:
                results[each.service.name] = (applied, await inbox.dead_letters(session))
    return results


def rebuild(data: Path) -> Sequence[str]:
    """Build the facts of analytics again with a progress bar; return what differs, as lines. Raises RebuildRefused."""
    return asyncio.run(_rebuild(data))


async def _rebuild(data: Path) -> Sequence[str]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    from analytics import app as analytics  # noqa: PLC0415 - the other commands have no use for them
    from analytics.facts import jobs  # noqa: PLC0415
    from analytics.settings import Settings  # noqa: PLC0415

    settings = Settings(data=data, worker=False)
    configure_logging(settings.log_level, service=SUITE)
    foundation = Foundation.build(settings)
    parts = build_parts(analytics.SERVICE, settings, foundation)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        if not await is_migrated(analytics.SERVICE, parts.database):
            raise NotMigrated("the database is not at the newest revision; run `aryz migrate` first")
        await foundation.start()
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("")

            def show(stage: jobs.Stage, done: int, total: int) -> None:
                progress.update(bar, description=stage, completed=done, total=total)

            rebuilt = await analytics.rebuild(parts).run(show)
    finally:
        await parts.database.close()
        await foundation.stop()
    return jobs.summary(rebuilt)

"""`python -m <service> api|worker|migrate|replay`: the same four verbs in every service."""

import argparse
import asyncio
from collections.abc import Callable
from typing import TypeVar

import uvicorn
from fastapi import FastAPI

from shared import migrations
from shared.messaging.log import LogError
from shared.service import Foundation, MissingSetting, Parts, Service, build_parts, consumer, runtime
from shared.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


def main(service: Service, settings_class: Callable[[], S], create_app: Callable[[S], FastAPI]) -> None:
    """Read the verb from the command line and do it; exits 1 with a sentence when it cannot be done."""
    parser = argparse.ArgumentParser(prog=f"python -m {service.package}", description=service.title)
    verbs = parser.add_subparsers(dest="verb", required=True)
    api = verbs.add_parser("api", help="serve HTTP")
    api.add_argument("--host", default="127.0.0.1")
    api.add_argument("--port", type=int, default=8000)
    verbs.add_parser("worker", help="relay, consumer and jobs, without HTTP")
    verbs.add_parser("migrate", help="bring the database to the newest revision")
    replay = verbs.add_parser("replay", help="apply parked events again, in order")
    replay.add_argument("--key", help="one appeal's id; default: all")
    chosen = parser.parse_args()
    try:
        _do(chosen, service, settings_class(), create_app)
    except (migrations.NotMigrated, MissingSetting, LogError) as error:
        raise SystemExit(f"{service.package}: {error}") from None


def _do(chosen: argparse.Namespace, service: Service, settings: S, create_app: Callable[[S], FastAPI]) -> None:
    if chosen.verb == "api":
        uvicorn.run(
            create_app(settings),
            host=chosen.host,
            port=chosen.port,
            access_log=False,
            log_config=None,
            proxy_headers=False,
            ws="none",  # a refused web socket would be logged with its path and its client's address
        )
    elif chosen.verb == "worker":
        asyncio.run(_work(service, settings))
    elif chosen.verb == "migrate":
        asyncio.run(_migrate(service, settings))
        print(f"{service.name}: the database is at revision {migrations.head(service.package)}")  # noqa: T201 - the command's answer
    else:
        print(f"{asyncio.run(_replay(service, settings, chosen.key))} events applied")  # noqa: T201 - the command's answer


async def _work(service: Service, settings: ServiceSettings) -> None:
    foundation = Foundation.build(settings)
    await foundation.start()
    parts = build_parts(service, settings, foundation)
    try:
        await _check_migrated(service, parts)
        await runtime(service, parts, restart=False).run()
    finally:
        await parts.database.close()
        await foundation.stop()


async def _check_migrated(service: Service, parts: Parts) -> None:
    if not await migrations.is_migrated(parts.database, service.package):
        raise migrations.NotMigrated("the database is not at the newest revision; run `migrate` first")


async def _migrate(service: Service, settings: ServiceSettings) -> None:
    parts = build_parts(service, settings, Foundation.build(settings))
    await migrations.migrate(parts.database, service.package)
    await parts.database.close()


async def _replay(service: Service, settings: ServiceSettings, key: str | None) -> int:
    foundation = Foundation.build(settings)
    await foundation.start()
    parts = build_parts(service, settings, foundation)
    try:
        await _check_migrated(service, parts)
        return await consumer(service, parts).replay(key)
    finally:
        await parts.database.close()
        await foundation.stop()

"""Making a backup: one cut through all stores and the log, then the copies while the suite runs.

At the cut all databases are locked for some milliseconds, and the log's end is read last. So every event that a database has
applied is in the log below that end, and every event that it has published is in the log or in its outbox. Events published after
the cut are in neither. Objects are copied last.
"""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import make_url

from shared import sealing
from shared.clock import Clock
from shared.database import service_url
from shared.files.storage import FOLDER
from shared.messaging.kafka import KafkaLog
from shared.settings import ServiceSettings
from suite.backup import events, keys
from suite.backup.events import EmbeddedLogFile, KafkaRecords
from suite.backup.manifest import FORMAT, Advance, BackupFailed, Manifest, Objects, Part, seal_part, sync_folder, write_manifest
from suite.backup.objects import copy_objects
from suite.backup.postgres import PostgresDatabases
from suite.backup.sqlite import SqliteFiles
from suite.members import bucket, members

Progress = Callable[[str], Advance]
"""Starts a progress line of that name."""
PARTIAL = ".partial"  # suffix of the folder's name until the backup is complete


async def make(folder: Path, data: Path, *, with_keys: bool, clock: Clock, progress: Progress) -> Manifest:
    """Back up the suite of these settings into `folder`, an absolute path that does not exist yet. Raises BackupFailed."""
    if folder.exists():  # noqa: ASYNC240 - nothing else runs in this loop
        raise BackupFailed(f"{folder} is there already; name another folder")
    services = members(data)
    settings, names = services[0].settings, [each.service.name for each in services]
    material = keys.keys_of_data(settings, included=with_keys)
    partial = folder.with_name(folder.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)  # the remains of an interrupted backup
    partial.mkdir(mode=0o700, parents=True)
    try:
        async with _databases(settings, names) as databases, _log(settings) as log:
            async with databases.cut(), log.cut():
                made_at = clock.now()
            parts = await _copy(partial, databases, names, log, progress)
            if with_keys:
                parts += keys.copy_keys(data, partial)
            manifest = Manifest(
                format=FORMAT,
                made_at=made_at,
                databases="postgresql" if settings.database_url else "sqlite",
                log="kafka" if settings.kafka_bootstrap else "embedded",
                revisions={name: await databases.revision(name) for name in names},
                topics=await log.topics(),
                objects=Objects(bucket=bucket(services)),
                keys_included=with_keys,
                key_check=sealing.key_check(material),
                parts=parts,
            )
        if manifest.objects.bucket is None:
            copied, part = copy_objects(data, partial, progress(FOLDER))
            manifest = manifest.model_copy(update={"objects": copied, "parts": [*parts, part]})
        write_manifest(partial, manifest)
        sync_folder(partial)
        partial.rename(folder)
        sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def part_of(service: str, databases: str) -> str:
    """Return the file name of a service's part."""
    return f"{service.replace('-', '_')}.{'db' if databases == 'sqlite' else 'dump'}"


def urls(settings: ServiceSettings, names: Sequence[str]) -> Mapping[str, str]:
    """Return the database URLs of the services."""
    return {name: service_url(settings.database_url, settings.data, name, settings.prefix) for name in names}


async def _copy(
    folder: Path, databases: PostgresDatabases | SqliteFiles, names: Sequence[str], log: KafkaRecords | EmbeddedLogFile, progress: Progress
) -> list[Part]:  # fmt: skip
    parts = []
    for name in names:
        part = part_of(name, "sqlite" if isinstance(databases, SqliteFiles) else "postgresql")
        await databases.copy(name, folder / part, progress(name))
        parts.append(seal_part(folder / part, part))
    await log.copy(folder / events.PART, progress(events.LOG))
    return [*parts, seal_part(folder / events.PART, events.PART)]


@asynccontextmanager
async def _databases(settings: ServiceSettings, names: Sequence[str]) -> AsyncIterator[PostgresDatabases | SqliteFiles]:
    """Open the stores, all of which must exist. Raises BackupFailed."""
    databases: PostgresDatabases | SqliteFiles
    if settings.database_url:
        databases = PostgresDatabases(urls(settings, names))
        await databases.check_tool()
    else:
        databases = SqliteFiles({name: Path(str(make_url(url).database)) for name, url in urls(settings, names).items()})
    if absent := await databases.absent():
        raise BackupFailed(f"there is no {' nor '.join(absent)}: start the suite once, or name its folder with --data")
    try:
        yield databases
    finally:
        await databases.close()


@asynccontextmanager
async def _log(settings: ServiceSettings) -> AsyncIterator[KafkaRecords | EmbeddedLogFile]:
    log: KafkaRecords | EmbeddedLogFile
    if settings.kafka_bootstrap:
        kafka = KafkaLog.from_settings(settings)
        await kafka.start()
        log = KafkaRecords(kafka)
    else:
        log = EmbeddedLogFile(settings.data / events.PART)
        if absent := await log.absent():
            raise BackupFailed(f"there is no {absent[0]}: the stores without their log are no backup")
    try:
        yield log
    finally:
        await log.close()

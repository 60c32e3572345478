"""Restoring a backup: check all parts, load them next to the existing data, and move them into place when all are complete.

An interrupted restore leaves the folder `restoring` in the data folder. No suite starts there until another restore succeeds.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from intake.register.repository.appeals import next_sequences
from shared import migrations
from shared.clock import Clock
from shared.files.storage import FOLDER
from shared.messaging import tables
from shared.postgres import open_engine
from shared.settings import ServiceSettings
from suite.backup import events, keys, objects
from suite.backup.kafka import KafkaRestore
from suite.backup.making import Progress, part_of, urls
from suite.backup.manifest import Manifest, RestoreRefused, check_parts, read_manifest
from suite.backup.postgres import PostgresRestore
from suite.backup.sqlite import DataFolder, stage
from suite.lock import FolderInUse, locked
from suite.members import Member, bucket, members

CHECKING = "checking"
SKIPPED = 100_000  # registration numbers: more than a month's appeals (474 708 in half a year), of ten million


@dataclass(frozen=True)
class Restored:
    """The restored backup and the folder with the replaced data. None: there was none, or it was on engines."""

    manifest: Manifest
    former: Path | None


async def restore(folder: Path, data: Path, *, replace: bool, clock: Clock, progress: Progress) -> Restored:
    """Restore the backup in `folder` to the stores of the settings. Raises RestoreRefused."""
    services = members(data)
    settings = services[0].settings
    manifest = read_manifest(folder)
    _check_kind(manifest, services)
    parts = chain(manifest.parts, objects.listed_objects(folder, manifest))  # the list is checked before it is read
    total = sum(part.size for part in manifest.parts) + manifest.objects.size
    check_parts(folder, parts, total, progress(CHECKING))
    with_keys = keys.needs_its_keys(manifest, settings, replace=replace)
    try:
        with locked(data, restoring=True):
            return await _Restore(folder, manifest, settings, clock, progress).run(replace=replace, with_keys=with_keys)
    except FolderInUse as refusal:
        raise RestoreRefused(str(refusal)) from None


class _Restore:
    """The steps of one restore."""

    def __init__(self, folder: Path, manifest: Manifest, settings: ServiceSettings, clock: Clock, progress: Progress) -> None:
        self._folder = folder
        self._manifest = manifest
        self._settings = settings
        self._clock = clock
        self._progress = progress
        self._urls = urls(settings, list(manifest.revisions))
        self._target = DataFolder(settings.data, f"{clock.now():%Y%m%dT%H%M%SZ}")
        self._postgres = PostgresRestore(self._urls) if settings.database_url else None

    async def run(self, *, replace: bool, with_keys: bool) -> Restored:
        async with AsyncExitStack() as opened:
            if self._postgres:
                await self._postgres.check()
            kafka = await opened.enter_async_context(KafkaRestore(self._settings, self._clock)) if self._settings.kafka_bootstrap else None
            if (occupied := await self._occupied(kafka)) and not replace:
                raise RestoreRefused(f"there is data already: {', '.join(occupied)}. --replace puts the backup in its place")
            if self._manifest.objects.bucket is None:
                objects.check_replaceable(self._settings.data)
            staged = self._target.begin()
            await self._load(staged)
            await _skip_numbers(self._staged_url(staged, "intake"))
            if kafka:
                await self._fill(kafka, staged)
            if with_keys:
                keys.stage_keys(self._folder, staged)
            keys.note_keys(self._manifest, staged)
            if self._postgres:
                await self._postgres.put_in_place()
            former = self._target.put_in_place()
            self._target.end()
        return Restored(self._manifest, former)

    async def _occupied(self, kafka: KafkaRestore | None) -> Sequence[str]:
        folders = [FOLDER] if self._manifest.objects.bucket is None else []
        found = list(self._target.occupied([*self._files(), *folders]))
        if self._postgres:
            found += await self._postgres.occupied()
        if kafka:
            found += await kafka.occupied()
        return found

    def _files(self) -> Sequence[str]:
        """Return the parts that are files of the data folder."""
        stores = [] if self._postgres else [part_of(service, "sqlite") for service in self._urls]
        return stores if self._settings.kafka_bootstrap else [*stores, events.PART]

    async def _load(self, staged: Path) -> None:
        for name in self._files():
            stage(self._folder / name, staged / name, self._progress(name))
        if self._postgres:
            for service in self._urls:
                advance = self._progress(service)
                part = self._folder / part_of(service, "postgresql")
                await self._postgres.load(service, part)
                advance(1, 1)
        if self._manifest.objects.bucket is None:
            objects.stage_objects(self._folder, self._manifest, staged, self._progress(FOLDER))

    async def _fill(self, kafka: KafkaRestore, staged: Path) -> None:
        """Write the log and store the ids of the new topics in the services' databases."""
        if await kafka.occupied():
            await kafka.empty()
        topic_ids = await kafka.fill(self._folder / events.PART, self._manifest.topics, self._progress(events.LOG))
        for service in self._urls:
            await _note_topics(self._staged_url(staged, service), topic_ids)

    def _staged_url(self, staged: Path, service: str) -> str:
        """Return the URL of a service's store in its staging place."""
        return self._postgres.staging_url(service) if self._postgres else f"sqlite+aiosqlite:///{staged / part_of(service, 'sqlite')}"


def _check_kind(manifest: Manifest, services: Sequence[Member]) -> None:
    """Raise RestoreRefused unless these settings and this code can hold the backup."""
    settings = services[0].settings
    form = (manifest.databases, manifest.log, _kind_of_store(manifest.objects.bucket))
    wanted = (
        "postgresql" if settings.database_url else "sqlite",
        "kafka" if settings.kafka_bootstrap else "embedded",
        _kind_of_store(bucket(services)),
    )
    if wanted != form:
        raise RestoreRefused(
            "the backup is of {} stores with the {} log and files in a {}, the settings say {}, {} and {}:".format(*form, *wanted)
            + " a backup is restored into the form it was taken from (ARYZ_DATABASE_URL, ARYZ_KAFKA_BOOTSTRAP, ARYZ_OBJECTS_URL)"
        )
    for each in services:
        revision = manifest.revisions.get(each.service.name)
        if revision is None or revision > migrations.head(each.service.package):
            raise RestoreRefused(
                f"the backup holds {each.service.name} at revision {revision}, which this Aryz does not know; use a newer one"
            )


def _kind_of_store(bucket_url: str | None) -> str:
    return "folder" if bucket_url is None else "bucket"


def _engine(url: str) -> AsyncEngine:
    is_file = make_url(url).get_backend_name() == "sqlite"
    return create_async_engine(url, poolclass=NullPool) if is_file else open_engine(url, poolclass=NullPool)


async def _skip_numbers(url: str) -> None:
    """Skip the registration numbers assigned after the backup: they are on people's receipts and must not be assigned again."""
    engine = _engine(url)
    async with AsyncSession(engine) as session, session.begin():
        await next_sequences(session, SKIPPED)


async def _note_topics(url: str, topic_ids: Mapping[str, str]) -> None:
    """Store the new topic ids. All positions stay valid, because the new topics hold the same records."""
    engine = _engine(url)
    offset = tables.consumer_offset
    async with engine.begin() as connection:
        for topic, topic_id in topic_ids.items():
            await connection.execute(offset.update().where(offset.c.topic == topic).values(topic_id=topic_id))

"""Backups of the suite on Kafka and PostgreSQL."""

import asyncio
from collections.abc import Mapping
from contextlib import closing

import pytest
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.clock import SystemClock
from shared.contracts import APPEALS, PROVIDERS, TOPICS
from shared.database import service_url
from shared.messaging.envelope import type_of
from shared.messaging.kafka import KafkaLog
from shared.messaging.log import Record
from shared.settings import ServiceSettings
from suite import process
from suite.backup import RestoreRefused, backup, restore
from suite.backup.events import add_records, record_file
from suite.backup.kafka import OFFSET_KEPT, KafkaRestore
from suite.backup.manifest import Topic, read_manifest
from suite.verification import verify
from tests.kafka_logs import new_prefix
from tests.traffic import TEXT, appeal_with_document, under_traffic

QUIET = Console(quiet=True)


@pytest.fixture(scope="module")
def engines(kafka, postgres):
    return {"ARYZ_KAFKA_BOOTSTRAP": kafka.bootstrap, "ARYZ_DATABASE_URL": postgres.url}


@pytest.fixture(scope="module")
def names():
    """The prefix that the backup is from, and the one that it is restored to."""
    return new_prefix(), new_prefix()


@pytest.fixture(scope="module")
def taken(engines, names, tmp_path_factory):
    """A backup taken while appeals came in, and what was acknowledged before it: the numbers of appeals, and a document."""
    folder = tmp_path_factory.mktemp("taken")
    settings = {**engines, "ARYZ_PREFIX": names[0]}
    before: list[str] = []

    def make_backup(acknowledged: list[str]) -> None:
        before.extend(acknowledged)
        with pytest.MonkeyPatch.context() as environment:
            _set(environment, settings)
            backup(folder / "backup", folder / "data", with_keys=True, console=QUIET)

    with process.running(folder / "data", environment={**process.UNLIMITED, **settings}) as suite:
        document = appeal_with_document(suite, TEXT)
        under_traffic(suite, make_backup)
    return folder / "backup", before, document


@pytest.fixture
def under_new_prefix(monkeypatch, engines, names):
    settings = {**engines, "ARYZ_PREFIX": names[1]}
    _set(monkeypatch, settings)
    return settings


def _set(environment: pytest.MonkeyPatch, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        environment.setenv(name, value)


async def _numbers(settings, data):
    engine = create_async_engine(service_url(settings["ARYZ_DATABASE_URL"], data, "intake", settings["ARYZ_PREFIX"]))
    async with engine.connect() as connection:
        found = set((await connection.scalars(text("SELECT number FROM appeal"))).all())
    await engine.dispose()
    return found


async def _ends():
    log = KafkaLog.from_settings(ServiceSettings())
    await log.start()
    ends = {topic: dict(await log.end_offsets(topic)) for topic in TOPICS}
    await log.stop()
    return ends


class TestOutOfABusySuite:
    def test_a_restored_suite_continues_and_is_not_replaced_without_the_option(self, taken, under_new_prefix, tmp_path):
        folder, before, document = taken
        data = tmp_path / "data"
        restore(folder, data, replace=False, console=QUIET)
        assert set(before) <= asyncio.run(_numbers(under_new_prefix, data))
        assert asyncio.run(_ends()) == {name: dict(topic.ends) for name, topic in read_manifest(folder).topics.items()}
        with process.running(data, environment={**process.UNLIMITED, **under_new_prefix}) as suite:
            assert document.read(suite) == TEXT
            is_quiet, checks = asyncio.run(verify(data))
            assert is_quiet
            assert {check.name: check.wrong for check in checks if not check.holds} == {}
            with pytest.raises(RestoreRefused, match="is in use"):
                restore(folder, data, replace=True, console=QUIET)
            with pytest.raises(RestoreRefused, match="somebody is connected"):
                restore(folder, tmp_path / "elsewhere", replace=True, console=QUIET)
        with pytest.raises(RestoreRefused, match=r"database .*_aryz_intake.* topic .*aryz\.appeals\.v1.*--replace"):
            restore(folder, data, replace=False, console=QUIET)

    def test_a_restored_backup_replaces_what_is_there(self, taken, under_new_prefix, tmp_path):
        folder, _, _ = taken
        restore(folder, tmp_path, replace=True, console=QUIET)
        before = asyncio.run(_numbers(under_new_prefix, tmp_path))
        asyncio.run(self._change(under_new_prefix, tmp_path))
        restore(folder, tmp_path, replace=True, console=QUIET)
        assert asyncio.run(_numbers(under_new_prefix, tmp_path)) == before
        assert asyncio.run(_ends()) == {name: dict(topic.ends) for name, topic in read_manifest(folder).topics.items()}

    async def _change(self, settings, data):
        engine = create_async_engine(service_url(settings["ARYZ_DATABASE_URL"], data, "intake", settings["ARYZ_PREFIX"]))
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE appeal SET number = number || 'x'"))
        await engine.dispose()

    def test_a_missing_tool_is_reported_in_a_sentence(self, taken, under_new_prefix, monkeypatch, tmp_path):
        assert under_new_prefix
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(RestoreRefused, match="pg_restore is not installed"):
            restore(taken[0], tmp_path, replace=True, console=QUIET)


class TestACompactedTopic:
    async def test_every_record_stands_where_it_stood(self, kafka, tmp_path):
        """Compaction leaves gaps; the stores know their place by offsets, so that what follows a gap must not move up."""
        settings = ServiceSettings(kafka_bootstrap=kafka.bootstrap, prefix=new_prefix())
        records = [Record(PROVIDERS, 3, offset, f"provider-{offset}", (("ce_type", b"a.type"),), b"{}") for offset in (2, 5)]
        with closing(record_file(tmp_path / "events.db")) as file:
            add_records(file, records)
        topics = {PROVIDERS: Topic(id="former", ends={3: 7}), APPEALS: Topic(id="former", ends={})}
        async with KafkaRestore(settings, SystemClock()) as target:
            ids = await target.fill(tmp_path / "events.db", topics, lambda _done, _total: None)
        log = KafkaLog.from_settings(settings)
        await log.start()
        found = {record.offset: record async for page in log.scan(PROVIDERS) for record in page}
        assert [found[2], found[5]] == records
        assert {type_of(found[offset].headers) for offset in (0, 1, 3, 4, 6)} == {OFFSET_KEPT}
        assert ids[PROVIDERS] == await log.topic_id(PROVIDERS)
        await log.stop()

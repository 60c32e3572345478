import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import JSON, Column, DateTime, LargeBinary, MetaData, String, Table, Uuid, insert, select

from shared.clock import FakeClock
from shared.contracts import AnswerGiven, CaseClaimed
from shared.database import Database
from shared.errors import DomainError, NotFound
from shared.ids import RandomIds, derived
from shared.messaging import tables
from shared.messaging.envelope import Envelope
from shared.unit_of_work import NestedUnitOfWork, NoAuditLog, UnitsOfWork
from tests.desk import units_of_work

NOW = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
metadata = MetaData()
note = Table("note", metadata, Column("text", String, primary_key=True))
content_read = Table(
    "content_read",
    metadata,
    Column("content_read_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True)),
    Column("reader", String),
    Column("on_behalf_of", String),
    Column("purpose", String),
    Column("ids", JSON),
    Column("about", LargeBinary),
)


class WrongCode(DomainError):
    code, status, keeps_changes = "wrong-code", 409, True


@pytest.fixture
async def units(engine, tmp_path) -> AsyncIterator[UnitsOfWork]:
    clock = FakeClock(NOW)
    database = Database(engine.url(tmp_path, "shared"), service="routing", clock=clock, ids=RandomIds())
    await engine.create(database, tables.metadata, metadata)
    yield units_of_work(database, clock, content_read)
    await database.close()


def claimed() -> CaseClaimed:
    return CaseClaimed(appeal_id=uuid4(), actor_role="operator")


async def add(work, text="written"):
    await work.session.execute(insert(note), {"text": text})


async def stored(units, table):
    async with units.read() as work:
        return (await work.session.execute(select(table))).all()


class TestWrite:
    async def test_leaving_the_block_commits_state_and_events_together(self, units):
        event = claimed()
        async with units.write() as work:
            await add(work)
            event_id = work.publish(event)
            assert await stored(units, note) == []
        assert [row.text for row in await stored(units, note)] == ["written"]
        (row,) = await stored(units, tables.outbox)
        assert (row.event_id, row.type, row.key) == (event_id, event.TYPE, str(event.appeal_id))
        assert units.database.outbox_written.is_set()

    @pytest.mark.parametrize("error", [RuntimeError, NotFound])
    async def test_an_error_or_a_refusal_leaves_nothing(self, units, error):
        with pytest.raises(error):
            async with units.write() as work:
                await add(work)
                work.publish(claimed())
                raise error
        assert (await stored(units, note), await stored(units, tables.outbox)) == ([], [])

    async def test_a_refusal_that_keeps_changes_is_raised_after_the_commit(self, units):
        with pytest.raises(WrongCode):
            async with units.write() as work:
                await add(work, "a wrong code was tried")
                raise WrongCode
        assert [row.text for row in await stored(units, note)] == ["a wrong code was tried"]

    async def test_a_failing_commit_hides_the_refusal(self, units, monkeypatch):
        with pytest.raises(OSError, match="gone"):
            async with units.write() as work:
                monkeypatch.setattr(work.session, "flush", _gone)
                raise WrongCode

    async def test_a_transaction_that_need_not_be_durable_is_committed_too(self, units):
        async with units.write(durable=False) as work:
            await add(work)
        assert len(await stored(units, note)) == 1

    async def test_a_task_cannot_open_a_second_one_inside_its_own(self, units):
        with pytest.raises(NestedUnitOfWork):
            async with units.write(), units.write():
                pass
        async with units.write() as work:
            await add(work)
        assert len(await stored(units, note)) == 1

    async def test_several_tasks_write_at_the_same_time(self, units):
        async def write(text):
            async with units.write() as work:
                await add(work, text)

        await asyncio.gather(*(write(str(number)) for number in range(5)))
        assert len(await stored(units, note)) == 5

    async def test_an_event_with_a_cause_gets_the_same_id_again(self, units):
        cause = Envelope(uuid4(), "kz.aryz.intake.appeal-registered.v1", NOW, "key", uuid4(), None, None, b"")
        async with units.write() as work:
            first = work.publish(claimed(), cause=cause)
        assert first == derived(cause.id, CaseClaimed.TYPE, 0)

    async def test_an_event_of_another_service_is_refused(self, units):
        units.database.service = "intake"
        with pytest.raises(PermissionError):
            async with units.write() as work:
                work.publish(AnswerGiven(appeal_id=uuid4(), answer_id=uuid4(), language="kk", findings=[], actor_role="operator"))

    async def test_clock_ids_sealer_and_pepper_are_those_of_the_service(self, units):
        async with units.write() as work:
            assert work.clock.now() == NOW
            assert work.ids.new() != work.ids.new()
            row_id = work.ids.new()
            assert work.sealer.open("note", row_id, "text", work.sealer.seal("note", row_id, "text", "арыз".encode())).decode() == "арыз"
            assert len(work.pepper.keyed_hmac("note", b"text")) == 32


class TestRead:
    async def test_a_snapshot_does_not_see_what_is_committed_later(self, units):
        async with units.read() as work:
            assert (await work.session.execute(select(note))).all() == []
            async with units.write() as other:
                await add(other)
            assert (await work.session.execute(select(note))).all() == []

    async def test_a_snapshot_publishes_nothing(self, units):
        async with units.read() as work:
            with pytest.raises(RuntimeError):
                work.publish(claimed())


class TestAuditLog:
    async def test_a_read_is_recorded_with_its_reader_purpose_and_contents(self, units):
        content_id = uuid4()
        async with units.write() as work:
            await work.audit.record(reader="routing", purpose="desk", ids=[content_id], on_behalf_of="aigul")
        (row,) = await stored(units, content_read)
        assert (row.reader, row.purpose, row.ids, row.on_behalf_of, row.about) == ("routing", "desk", [str(content_id)], "aigul", None)
        assert row.at.replace(tzinfo=UTC) == NOW

    async def test_whose_record_another_register_was_asked_for_is_recorded(self, units):
        async with units.write() as work:
            await work.audit.record(reader="operator", purpose="insurance", ids=["call"], about=b"key")
        assert (await stored(units, content_read))[0].about == b"key"

    async def test_the_entry_of_a_transaction_that_fails_is_not_kept(self, units):
        with pytest.raises(NotFound):
            async with units.write() as work:
                await work.audit.record(reader="routing", purpose="desk", ids=[])
                raise NotFound
        assert await stored(units, content_read) == []

    async def test_a_service_without_an_audit_log_cannot_record(self, units):
        without = units_of_work(units.database, units.clock)
        with pytest.raises(NoAuditLog):
            async with without.write() as work:
                await work.audit.record(reader="routing", purpose="desk", ids=[])


async def _gone(*_args):
    raise OSError("gone")

from datetime import timedelta
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, MetaData, TableClause, Uuid, column, insert, select
from sqlalchemy.exc import InvalidRequestError
from sqlmodel.sql.sqltypes import UTCDateTime

from intake.base import IntakeModel
from intake.channels.telegram.models import BotLease
from intake.register.models import Appeal, without_content
from shared import migrations
from shared.leases import NamedLease
from shared.messaging import tables
from shared.rows import table_of

WORDS = ("Жүрек", "Азамат", "991231501014", "7010000000", "synaq@mail.example", "23 емхана", "Синтетика")


class TestMigrations:
    async def test_they_make_what_the_models_say(self, desk):
        whole = MetaData()
        for metadata in (IntakeModel.metadata, tables.metadata):
            for table in metadata.tables.values():
                table.to_metadata(whole)

        def difference(connection):
            return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), whole)

        async with desk.parts.database.engine.connect() as connection:
            found = await connection.run_sync(difference)
        assert [one for one in found if "alembic_version" not in str(one)] == []

    async def test_the_position_of_polling_survives_the_change_of_its_lease(self, desk):
        database, config = desk.parts.database, Config()
        config.set_main_option("script_location", str(migrations.folder("intake")))

        def move(connection, step, revision):
            config.attributes["connection"] = connection
            step(config, revision)

        columns = (column("holder", Uuid), column("until", UTCDateTime()), column("next_update", BigInteger))
        former = TableClause("bot_duty", column("name"), *columns)
        at = desk.clock.now()
        async with database.engine.begin() as connection:
            await connection.run_sync(move, command.downgrade, "0016")
            await connection.execute(insert(former), {"name": "poll", "holder": uuid4(), "until": at, "next_update": 7})
            await connection.run_sync(move, command.upgrade, "head")
        [lease] = await desk.rows(BotLease)
        assert (lease.name, lease.expires_at, lease.next_update) == ("poll", at, 7)
        assert await NamedLease(database, table_of(BotLease), "poll", clock=desk.clock, length=timedelta(seconds=20)).acquire()


class TestSealed:
    async def test_no_word_of_anybody_stands_in_the_database(self, desk):
        headers = {"Idempotency-Key": "k", **desk.token("operator", name="Синтетика Оператор")}
        told = (await desk.file(headers, provider={"name": "23 емхана"})).json()
        await desk.track(told["number"], told["pin"])
        await desk.client.post(
            "/intake/internal/v1/contents",
            json={"ids": [told["appeal_id"]], "purpose": "desk", "on_behalf_of": "s"},
            headers=desk.token("service"),
        )
        stored = await desk.engine.stored(desk.parts.database)
        assert told["number"].encode() in stored
        for word in (*WORDS, told["pin"]):
            assert word.encode() not in stored

    async def test_a_sealed_column_opens_only_in_its_own_row_and_field(self, desk):
        told = (await desk.file()).json()
        (row,) = await desk.rows(Appeal)
        assert desk.parts.sealer.open("appeal", told["appeal_id"], "text", row.text).decode().startswith("Жүрек")


class TestWithoutContent:
    async def test_only_the_mark_of_a_received_appeal_can_be_read(self, desk):
        """`received_by` stays readable: it shows that an employee wrote the appeal down."""
        await desk.file()
        async with desk.parts.database.read() as session:
            appeal = (await session.execute(select(Appeal).options(*without_content()))).scalar_one()
            assert appeal.number
            assert appeal.received_by is None
            for column in ("text", "applicant", "provider_name", "provider_bin", "particulars", "legacy_number"):
                with pytest.raises(InvalidRequestError):
                    getattr(appeal, column)

from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Table, insert, text

from provider_contact.app import SERVICE
from provider_contact.deliveries.models import Delivery
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.matching.models import NameMatch
from shared import migrations
from shared.rows import table_of
from tests.provider_contact.conftest import NOW, PROVIDER, appeal_id, sent_inquiry

MANY = 10_100  # more than a batch


def appeal(number: int, **changed):
    values = {"kind": "CONSULTATION", "category": None, "tier": 1, "provider_id": None, "discloses": False, "closed": False}
    identity = {"appeal_id": appeal_id(number), "number": f"2026-43-{number:07d}-0", "region": "KZ-43", "received_at": NOW}
    return identity | values | changed


async def add(world, table: type, *rows) -> None:
    async with world.parts.database.write() as session:
        target: Table = table_of(table)
        await session.execute(insert(target), list(rows))


async def downgrade(world) -> None:
    """Return the database with its rows to revision 0001."""
    await migrate_by(world, command.downgrade, "0001")


async def migrate_by(world, step, revision: str) -> None:
    """Move the database up or down to a revision."""
    config = Config()
    config.set_main_option("script_location", str(migrations.folder(SERVICE.package)))

    def move(connection):
        config.attributes["connection"] = connection
        step(config, revision)

    async with world.parts.database.engine.begin() as connection:
        await connection.run_sync(move)


class TestAppealsAboutProviders:
    """Revision 0002 deletes what earlier versions stored of appeals that concern no provider."""

    async def test_only_what_no_provider_and_no_clerk_is_concerned_with_is_deleted(self, world):
        await add(
            world,
            Appeal,
            appeal(1, provider_id=PROVIDER),
            appeal(2),
            appeal(3),
            appeal(4, kind=None, tier=None),
            *(appeal(number, closed=number % 2 == 0) for number in range(5, MANY)),
        )
        await add(world, NameMatch, {"appeal_id": appeal_id(2), "candidates": [], "noted_at": NOW})
        inquiry = {"provider_id": PROVIDER, "category": "WAITING", "status": "DELIVERED", "due_at": NOW, "sent_at": NOW, "closed_at": None}
        flags = {"discloses": False, "overdue": False, "settled": False, "version": 1}
        await add(world, Inquiry, {"inquiry_id": UUID(int=1), "appeal_id": appeal_id(3), **inquiry, **flags})
        await downgrade(world)
        await migrations.migrate(world.parts.database, SERVICE.package)
        assert await migrations.is_migrated(world.parts.database, SERVICE.package)
        left = {row.appeal_id for row in await world.rows(Appeal)}
        assert left == {appeal_id(number) for number in (1, 2, 3, 4)}, "the last is not routed yet"
        assert (len(await world.rows(NameMatch)), len(await world.rows(Inquiry))) == (1, 1)

    @pytest.mark.parametrize("engine", ["postgres"], indirect=True)
    async def test_nobody_waits_for_a_row_that_is_locked_elsewhere(self, world):
        await add(world, Appeal, appeal(1), appeal(2))
        await downgrade(world)
        async with world.parts.database.write() as session:
            await session.execute(text("SELECT 1 FROM appeal WHERE appeal_id = :id FOR UPDATE"), {"id": appeal_id(1)})
            await migrate_by(world, command.upgrade, "0002")  # later ones change the table, for which they wait
        await migrations.migrate(world.parts.database, SERVICE.package)
        assert [row.appeal_id for row in await world.rows(Appeal)] == [appeal_id(1)]


class TestDeliveries:
    """Revision 0007 adds columns to deliveries; an earlier version that still runs inserts rows without them."""

    async def test_a_delivery_of_an_earlier_version_is_a_delivered_inquiry_on_the_portal(self, world):
        inquiry_id = await sent_inquiry(world)
        columns = "inquiry_id, channel, attempts, delivered_at"
        old = f"INSERT INTO delivery (delivery_id, {columns}) SELECT :id, {columns} FROM delivery"
        async with world.parts.database.write() as session:
            await session.execute(text(old), {"id": UUID(int=77).hex if world.engine.is_sqlite else UUID(int=77)})
        [stored] = [row for row in await world.rows(Delivery) if row.delivery_id == UUID(int=77)]
        assert (stored.notice, stored.state, stored.route_id, stored.next_at) == ("INQUIRY", "DELIVERED", None, None)
        read = (await world.get(f"/v1/inquiries/{inquiry_id}", world.token("provider", provider_id=PROVIDER))).json()
        assert [entry["method"] for entry in read["deliveries"]] == ["PORTAL", "PORTAL"]

"""Queries of the inbox. `test_consumer` tests their use."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from shared.contracts import APPEALS, PROVIDERS
from shared.messaging import inbox, tables

IDS = {APPEALS: "a", PROVIDERS: "p"}


class TestLockedOffsets:
    async def test_a_partition_that_was_never_read_begins_at_its_first_record(self, desk):
        places = [(APPEALS, 0), (APPEALS, 1), (PROVIDERS, 0)]
        async with desk.database.write() as session:
            assert await inbox.locked_offsets(session, places, IDS) == dict.fromkeys(places, 0)

    @pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # SQLite has one writer at a time
    async def test_only_the_partitions_asked_for_are_locked(self, desk):
        """Another member of the group has the rest: it would wait for our whole batch."""
        async with desk.database.write() as session:
            await inbox.locked_offsets(session, [(APPEALS, 0), (APPEALS, 1), (PROVIDERS, 0)], IDS)
        async with desk.database.write() as session, desk.database.write() as another:
            await inbox.locked_offsets(session, [(APPEALS, 1), (PROVIDERS, 0)], IDS)
            assert await inbox.locked_offsets(another, [(APPEALS, 0)], IDS) == {(APPEALS, 0): 0}


class TestPurge:
    async def test_it_deletes_only_older_ids(self, desk):
        now, old, recent = desk.clock.now(), uuid4(), uuid4()
        async with desk.database.write() as session:
            await inbox.unseen(session, [old], now - timedelta(days=2))
            await inbox.unseen(session, [recent], now)
            await inbox.purge(session, now - timedelta(days=1))
            assert (await session.execute(select(tables.inbox.c.event_id))).scalars().all() == [recent]

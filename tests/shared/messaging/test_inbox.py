"""What a consumer asks of its own memory; what it does with it stands in `test_consumer`."""

from sqlalchemy import event

from shared.contracts import APPEALS, PROVIDERS
from shared.messaging import inbox


class TestLockedOffsets:
    async def test_only_the_partitions_asked_for_are_locked(self, desk):
        """Another member of the group has the rest: on PostgreSQL it would wait for our whole batch."""
        ids, fetched = {APPEALS: "a", PROVIDERS: "p"}, []
        async with desk.database.write() as session:
            await inbox.locked_offsets(session, [(APPEALS, 0), (APPEALS, 1), (PROVIDERS, 0)], ids)

        def note(_connection, _cursor, statement, parameters, *_more) -> None:
            if statement.startswith("SELECT"):
                fetched.append(tuple(parameters))

        event.listen(desk.database.engine.sync_engine, "before_cursor_execute", note)
        async with desk.database.write() as session:
            assert await inbox.locked_offsets(session, [(APPEALS, 1)], ids) == {(APPEALS, 1): 0}
        assert fetched == [(APPEALS, 1)]

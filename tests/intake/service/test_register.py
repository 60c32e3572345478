import asyncio
from contextlib import asynccontextmanager

from sqlalchemy import select

from intake.models import Appeal
from shared.messaging import tables


class TestGroups:
    async def test_each_event_belongs_to_the_trace_of_its_own_request(self, desk):
        traces = [f"{number:032x}" for number in range(1, 6)]
        answers = await asyncio.gather(*(desk.file({"traceparent": f"00-{trace}-{1:016x}-01"}) for trace in traces))
        async with desk.parts.database.read() as session:
            rows = (await session.execute(select(tables.outbox))).all()
        carried = {row.key: row.traceparent.split("-")[1] for row in rows}
        assert [carried[one.json()["appeal_id"]] for one in answers] == traces

    async def test_a_commit_whose_answer_was_lost_registers_nobody_twice(self, desk, monkeypatch):
        write, groups = desk.parts.database.write, []

        @asynccontextmanager
        async def lose_the_first_answer_to_many():
            async with write() as session:
                yield session
                many = len(session.info["outbox"].rows) > 1
            if many and not groups:
                groups.append(many)
                raise ConnectionError

        monkeypatch.setattr(desk.parts.database, "write", lose_the_first_answer_to_many)
        answers = await asyncio.gather(*(desk.file(text=f"Сынақ {number}") for number in range(4)))
        assert groups
        filed = {one.number for one in await desk.rows(Appeal)}
        assert sorted(one.json()["number"] for one in answers) == sorted(filed)
        assert [(await desk.track(one.json()["number"], one.json()["pin"])).status_code for one in answers] == [200] * 4

import asyncio
import sqlite3
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from intake.register import repository
from intake.register.models import Appeal
from shared.messaging import tables
from tests.databases import Engine
from tests.keys import key_named
from tests.patience import PATIENCE
from tests.severing import wire


class TestGroups:
    async def test_each_event_belongs_to_the_trace_of_its_own_request(self, desk):
        traces = [f"{number:032x}" for number in range(1, 6)]
        answers = await asyncio.gather(*(desk.file({"traceparent": f"00-{trace}-{1:016x}-01"}) for trace in traces))
        async with desk.parts.database.read() as session:
            rows = (await session.execute(select(tables.outbox))).all()
        carried = {row.key: row.traceparent.split("-")[1] for row in rows}
        assert [carried[one.json()["appeal_id"]] for one in answers] == traces

    async def test_an_error_rolls_the_group_back_and_each_runs_alone(self, desk):
        taken = UUID((await desk.file()).json()["appeal_id"])
        desk.parts.ids = OneTaken(taken)
        answers = await asyncio.gather(*(desk.file(text=f"Сынақ {number}") for number in range(4)))
        assert [one.status_code for one in answers] == [201] * 4
        assert {one.number for one in await desk.rows(Appeal)} >= {one.json()["number"] for one in answers}
        assert len(await desk.rows(Appeal)) == 5
        async with desk.parts.database.read() as session:
            events = (await session.execute(select(tables.outbox.c.key))).scalars().all()
        assert len(events) == len(set(events)) == 5

    async def test_equal_keys_meet_before_the_insert(self, desk):
        key = {"Idempotency-Key": key_named("k-1")}
        numbers = []
        draw = repository.Sequences.draw

        async def count(sequences, session, n):
            numbers.append(n)
            return await draw(sequences, session, n)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(repository.Sequences, "draw", count)
            answers = await asyncio.gather(*(desk.file(key) for _ in range(20)))
        assert len({one.content for one in answers}) == 1
        assert sum(numbers) == 1

    async def test_a_client_that_hangs_up_cancels_nobody(self, desk):
        key = {"Idempotency-Key": key_named("k-1")}
        leaver = asyncio.create_task(desk.file(key))
        stayers = [asyncio.create_task(desk.file(text=f"Сынақ {number}")) for number in range(3)]
        while not desk.app.state.intake.register._in_flight:
            await asyncio.sleep(0)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        assert [one.status_code for one in await asyncio.gather(*stayers)] == [201] * 3
        again = await desk.file(key)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert len(await desk.rows(Appeal)) == 4

    async def test_two_processes_with_many_keys_in_any_order_store_each_once(self, desk, neighbour):
        keys = [{"Idempotency-Key": key_named(f"k-{number}")} for number in range(12)]
        async with neighbour() as other:
            here = [desk.file(key) for key in keys]
            there = [other.file(key) for key in reversed(keys)]
            answers = await asyncio.gather(*here, *there)
        ours, theirs = answers[:12], answers[:11:-1]
        assert [one.status_code for one in answers] == [201] * 24
        assert [one.content for one in ours] == [one.content for one in theirs]
        assert len(await desk.rows(Appeal)) == 12


class OneTaken:
    """Fresh identifiers, but for one that is taken."""

    def __init__(self, taken):
        self._taken = [taken]

    def new(self):
        return self._taken.pop() if self._taken else uuid4()


class TestFile:
    async def test_a_lost_commit_on_a_file_is_reported_to_all_and_repeated_by_nobody(self, start_on, tmp_path):
        async with start_on(Engine(None), tmp_path) as desk:
            dialect = desk.parts.database.engine.sync_engine.dialect
            commit = dialect.do_commit

            def lose(connection):
                dialect.do_commit = commit
                commit(connection)
                raise sqlite3.OperationalError("disk I/O error")

            dialect.do_commit = lose
            answers = await asyncio.gather(*(desk.file({"Idempotency-Key": key_named(f"k-{number}")}) for number in range(4)))
            await check_unknown_outcome(desk, answers, is_stored=True)


@pytest.fixture
async def cuttable(postgres, tmp_path, start_on):
    """A desk on PostgreSQL whose wire can be cut."""
    async with wire(postgres.url) as cable, start_on(Engine(cable.url), tmp_path) as desk:
        yield desk, cable


class TestWire:
    @pytest.mark.parametrize("cut", ["before", "after"])
    async def test_a_lost_answer_to_commit_is_reported_to_all_and_repeated_by_nobody(self, cuttable, cut):
        desk, cable = cuttable
        cable.cut = cut
        answers = await asyncio.gather(*(desk.file({"Idempotency-Key": key_named(f"k-{number}")}) for number in range(4)))
        await check_unknown_outcome(desk, answers, is_stored=cut == "after")

    async def test_without_a_key_too_nothing_runs_a_second_time(self, cuttable):
        desk, cable = cuttable
        cable.cut = "after"
        answer = await desk.file()
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome-unknown")
        assert len(await desk.rows(Appeal)) == 1

    async def test_a_database_that_is_down_is_reported_at_once_and_used_again_when_it_is_back(self, cuttable):
        desk, cable = cuttable
        assert (await desk.file()).status_code == 201
        await cable.down()
        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*(desk.file() for _ in range(20)))
        assert {(one.status_code, one.json()["code"]) for one in answers} == {(503, "unavailable")}
        assert all(int(one.headers["Retry-After"]) > 0 for one in answers)
        await cable.up()
        assert (await desk.file()).status_code == 201
        assert len(await desk.rows(Appeal)) == 2


async def check_unknown_outcome(desk, answers, *, is_stored):
    """Check four appeals filed under the keys k-0 to k-3: an unknown outcome is stored or not, and a repeat stores all once."""
    lost = [place for place, one in enumerate(answers) if one.status_code == 503]
    assert lost
    assert {answers[place].json()["code"] for place in lost} == {"outcome-unknown"}
    assert all(int(answers[place].headers["Retry-After"]) > 0 for place in lost)
    assert len(await desk.rows(Appeal)) == (4 if is_stored else 4 - len(lost))
    for place in range(4):
        again = await desk.file({"Idempotency-Key": key_named(f"k-{place}")})
        assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, is_stored or place not in lost)
    assert len(await desk.rows(Appeal)) == 4

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Annotated
from uuid import uuid4

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from sqlalchemy import Column, Integer, MetaData, String, Table, func, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Principal
from shared.auth.dependencies import principal
from shared.clock import FakeClock
from shared.contracts import CaseClaimed
from shared.database import Database
from shared.dependencies import ClockDep, ContentsDep, OnceDep, ReadDep, SealerDep, UnitOfWorkDep, UnitsOfWorkDep
from shared.errors import DomainError, Forbidden, install_error_handlers
from shared.http import StrictModel
from shared.idempotency import Idempotency
from shared.ids import RandomIds
from shared.messaging import tables
from shared.sealing import KeyRing, Pepper, Sealer
from tests.desk import units_of_work

metadata = MetaData()
note = Table("note", metadata, Column("id", Integer, primary_key=True), Column("text", String))
SEALER, PEPPER = Sealer(KeyRing("k1", {"k1": b"1" * 32})), Pepper(b"2" * 32)


class Text(StrictModel):
    text: str


class WrongCode(DomainError):
    code, status, keeps_changes = "wrong-code", 409, True


async def add(work, text):
    await work.session.execute(insert(note), {"text": text})
    return Text(text=text)


async def count(work):
    return (await work.session.execute(select(func.count()).select_from(note))).scalar_one()


async def only_staff(request: Request) -> None:
    if "staff" not in request.headers:
        raise Forbidden


def make_app(units):
    app = FastAPI()
    install_error_handlers(app)
    app.dependency_overrides[principal] = Principal.anonymous
    app.state.parts = SimpleNamespace(
        units=units, idempotency=Idempotency(SEALER, PEPPER), clock=units.clock, sealer=SEALER, contents="contents"
    )
    app.state.seen = []

    @app.post("/notes")
    async def write(work: UnitOfWorkDep, body: Text) -> Text:
        work.publish(CaseClaimed(appeal_id=uuid4(), actor_role="operator"))
        return await add(work, body.text)

    @app.get("/notes")
    async def read(work: ReadDep) -> int:
        return await count(work)

    @app.post("/refused")
    async def refused(work: UnitOfWorkDep) -> None:
        await add(work, "lost")
        raise Forbidden

    @app.post("/tried")
    async def tried(work: UnitOfWorkDep) -> None:
        await add(work, "tried")
        raise WrongCode

    add_other_routes(app)
    return app


def add_other_routes(app):
    @app.post("/staff")
    async def staff(_staff: Annotated[None, Depends(only_staff)], _work: UnitOfWorkDep) -> None:
        pass

    @app.post("/once")
    async def repeatable(once: OnceDep, body: Text, units: UnitsOfWorkDep) -> object:
        async def check_visible(work) -> None:
            app.state.seen.append(await count(work))

        async def do(work) -> Text:
            answer = await add(work, body.text)
            if body.text == "wrong":
                raise WrongCode
            return answer

        assert units is app.state.parts.units
        return await once("add", body, do, status=201, check_visible=check_visible)

    @app.get("/tools")
    async def tools(clock: ClockDep, sealer: SealerDep, contents: ContentsDep) -> list[bool]:
        return [clock is app.state.parts.clock, sealer is SEALER, contents == "contents"]


@pytest.fixture
async def client(engine, tmp_path):
    clock = FakeClock(datetime(2026, 2, 2, 9, 0, tzinfo=UTC))
    database = Database(engine.url(tmp_path, "shared"), service="routing", clock=clock, ids=RandomIds())
    await engine.create(database, tables.metadata, metadata)
    app = make_app(units_of_work(database, clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test") as client:
        client.app = app
        yield client
    await database.close()


async def notes(client) -> int:
    return (await client.get("/notes")).json()


class TestUnitOfWork:
    async def test_it_is_committed_before_the_response_is_sent(self, client):
        answer = await client.post("/notes", json={"text": "written"})
        assert (answer.status_code, answer.json()) == (200, {"text": "written"})
        assert await notes(client) == 1
        async with client.app.state.parts.units.read() as work:
            assert len((await work.session.execute(select(tables.outbox))).all()) == 1

    async def test_an_error_in_commit_is_the_503_problem_and_no_success(self, client, monkeypatch):
        async def lost(_session):
            raise OperationalError("COMMIT", None, ConnectionResetError())

        with monkeypatch.context() as patched:
            patched.setattr(AsyncSession, "commit", lost)
            answer = await client.post("/notes", json={"text": "lost"})
        assert (answer.status_code, answer.json()["code"]) == (503, "outcome-unknown")
        assert "text" not in answer.json()
        assert await notes(client) == 0

    async def test_a_refusal_rolls_back(self, client):
        assert (await client.post("/refused")).status_code == 403
        assert await notes(client) == 0

    async def test_a_refusal_that_keeps_changes_is_answered_after_the_commit(self, client):
        answer = await client.post("/tried")
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong-code")
        assert await notes(client) == 1

    async def test_a_malformed_request_writes_nothing(self, client):
        assert (await client.post("/notes", json={"text": 1})).status_code == 422
        assert await notes(client) == 0

    async def test_whoever_is_not_let_in_opens_no_transaction(self, client, monkeypatch):
        opened = []
        units = client.app.state.parts.units
        write = units.write
        monkeypatch.setattr(units, "write", lambda: opened.append(1) or write())
        assert (await client.post("/staff")).status_code == 403
        assert opened == []
        assert (await client.post("/staff", headers={"staff": "1"})).status_code == 200
        assert opened == [1]


class TestOnce:
    async def test_a_repeat_is_answered_as_the_first_time(self, client):
        key = {"Idempotency-Key": str(uuid4())}
        first, again = [await client.post("/once", json={"text": "written"}, headers=key) for _ in range(2)]
        assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, {"text": "written"})
        assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
        assert client.app.state.seen == [1]
        assert await notes(client) == 1

    async def test_without_a_key_the_command_is_carried_out_each_time(self, client):
        for _ in range(2):
            await client.post("/once", json={"text": "written"})
        assert await notes(client) == 2

    async def test_another_command_under_the_key_is_refused(self, client):
        key = {"Idempotency-Key": str(uuid4())}
        await client.post("/once", json={"text": "one"}, headers=key)
        assert (await client.post("/once", json={"text": "two"}, headers=key)).json()["code"] == "idempotency-key-reused"

    async def test_a_refusal_that_keeps_changes_frees_the_key(self, client):
        key = {"Idempotency-Key": str(uuid4())}
        refusals = [(await client.post("/once", json={"text": "wrong"}, headers=key)).json()["code"] for _ in range(2)]
        assert refusals == ["wrong-code", "wrong-code"]
        assert await notes(client) == 2


async def test_what_a_service_has_is_found_by_dependency(client):
    assert (await client.get("/tools")).json() == [True, True, True]

from uuid import uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import insert, select
from starlette.requests import Request

from shared.clock import SystemClock
from shared.database import Database
from shared.errors import InvalidInput
from shared.idempotency import Answer, Idempotency, IdempotencyKeyReused, idempotency_key
from shared.ids import RandomIds
from shared.messaging import tables
from shared.sealing import KeyRing, Pepper, Sealer


class Asked(BaseModel):
    text: str


@pytest.fixture
async def database(engine, tmp_path):
    database = Database(engine.url(tmp_path, "shared"), service="intake", clock=SystemClock(), ids=RandomIds())
    await engine.create(database, tables.metadata)
    yield database
    await database.close()


@pytest.fixture
def idempotency() -> Idempotency:
    return Idempotency(Sealer(KeyRing("k1", {"k1": b"1" * 32})), Pepper(b"2" * 32))


async def keep(database, idempotency, request) -> None:
    async with database.write() as session:
        await session.execute(insert(tables.idempotency), [idempotency.row(request, 201, Answer(b"the answer"), SystemClock().now())])


class TestFind:
    async def test_the_same_request_finds_its_answer(self, database, idempotency):
        request = idempotency.request("issuer|someone", "key-1", "register", Asked(text="сөз"))
        await keep(database, idempotency, request)
        async with database.read() as session:
            found = await idempotency.find(session, [request])
        assert found[request].status == 201
        assert found[request].body == b"the answer"

    async def test_another_body_under_the_same_key_is_refused(self, database, idempotency):
        await keep(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text="one")))
        other = idempotency.request("issuer|someone", "key-1", "register", Asked(text="two"))
        async with database.read() as session:
            with pytest.raises(IdempotencyKeyReused):
                await idempotency.find(session, [other])

    async def test_another_person_with_the_same_key_finds_nothing(self, database, idempotency):
        await keep(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text="one")))
        other = idempotency.request("issuer|another", "key-1", "register", Asked(text="one"))
        async with database.read() as session:
            assert await idempotency.find(session, [other]) == {}

    async def test_neither_body_nor_answer_is_kept_readable(self, database, idempotency):
        word = str(uuid4())
        await keep(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text=word)))
        async with database.read() as session:
            row = (await session.execute(select(tables.idempotency))).one()
        assert b"the answer" not in row.body
        assert word.encode() not in row.fingerprint


class TestClaim:
    async def test_a_new_key_is_kept_and_a_taken_one_answers_as_before(self, database, idempotency):
        known, fresh = (idempotency.request("issuer|someone", key, "register", Asked(text=key)) for key in ("key-1", "key-2"))
        await keep(database, idempotency, known)
        async with database.write() as session:
            taken = await idempotency.claim(session, {known: Answer(b"another"), fresh: Answer(b"mi", b"ne")}, SystemClock().now())
        assert {request: kept.body for request, kept in taken.items()} == {known: b"the answer"}
        async with database.read() as session:
            assert (await idempotency.find(session, [fresh]))[fresh].body == b"mine"

    async def test_a_key_that_stood_for_another_request_is_refused_without_harm_to_the_others(self, database, idempotency):
        await keep(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text="one")))
        other = idempotency.request("issuer|someone", "key-1", "register", Asked(text="two"))
        fresh = idempotency.request("issuer|someone", "key-2", "register", Asked(text="two"))
        async with database.write() as session:
            taken = await idempotency.claim(session, {other: Answer(b"2"), fresh: Answer(b"3")}, SystemClock().now())
        assert list(taken) == [other]
        assert isinstance(taken[other], IdempotencyKeyReused)


def asking(*keys: str) -> Request:
    return Request({"type": "http", "headers": [(b"idempotency-key", key.encode("latin-1")) for key in keys]})


class TestIdempotencyKey:
    def test_a_request_may_carry_none(self):
        assert idempotency_key(asking()) is None

    def test_printable_ascii_is_taken_as_it_stands(self):
        assert idempotency_key(asking("k-1/{2}")) == "k-1/{2}"

    @pytest.mark.parametrize("bad", ["", " ", "a b", "ключ".encode().decode("latin-1"), "k" * 256])
    def test_anything_else_is_refused_by_the_headers_name(self, bad):
        with pytest.raises(InvalidInput) as refused:
            idempotency_key(asking(bad))
        assert [each.field for each in refused.value.errors] == ["idempotency-key"]

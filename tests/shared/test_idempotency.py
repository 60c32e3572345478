from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import BaseModel
from sqlalchemy import insert, select
from starlette.requests import Request

from shared.auth import Principal
from shared.clock import SystemClock
from shared.database import Database
from shared.errors import InvalidInput
from shared.idempotency import (
    RETENTION,
    Answer,
    Idempotency,
    IdempotencyKeyReused,
    IdempotencyKeyWeak,
    idempotency_key,
    new_key,
    purge_answers,
)
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


async def store(database, idempotency, request) -> None:
    async with database.write() as session:
        await session.execute(insert(tables.idempotency), [idempotency.row(request, 201, Answer(b"the answer"), SystemClock().now())])


class TestFind:
    async def test_the_same_request_finds_its_answer(self, database, idempotency):
        request = idempotency.request("issuer|someone", "key-1", "register", Asked(text="сөз"))
        await store(database, idempotency, request)
        async with database.read() as session:
            found = await idempotency.find(session, [request])
        assert found[request].status == 201
        assert found[request].body == b"the answer"

    async def test_another_body_under_the_same_key_is_refused(self, database, idempotency):
        await store(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text="one")))
        other = idempotency.request("issuer|someone", "key-1", "register", Asked(text="two"))
        async with database.read() as session:
            with pytest.raises(IdempotencyKeyReused):
                await idempotency.find(session, [other])

    async def test_another_person_with_the_same_key_finds_nothing(self, database, idempotency):
        await store(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text="one")))
        other = idempotency.request("issuer|another", "key-1", "register", Asked(text="one"))
        async with database.read() as session:
            assert await idempotency.find(session, [other]) == {}

    async def test_neither_body_nor_answer_is_kept_readable(self, database, idempotency):
        word = str(uuid4())
        await store(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text=word)))
        async with database.read() as session:
            row = (await session.execute(select(tables.idempotency))).one()
        assert b"the answer" not in row.body
        assert word.encode() not in row.fingerprint


class TestPurgeAnswers:
    async def test_an_answer_is_deleted_after_the_retention_and_not_before(self, database, idempotency):
        request = idempotency.request("issuer|someone", "key-1", "register", Asked(text="one"))
        stored_at = SystemClock().now()
        async with database.write() as session:
            await session.execute(insert(tables.idempotency), [idempotency.row(request, 201, Answer(b"the answer"), stored_at)])
            await purge_answers(session, stored_at + RETENTION)
            assert request in await idempotency.find(session, [request])
            await purge_answers(session, stored_at + RETENTION + timedelta(seconds=1))
            assert await idempotency.find(session, [request]) == {}


class TestClaim:
    async def test_a_new_key_is_kept_and_a_taken_one_answers_as_before(self, database, idempotency):
        known, fresh = (idempotency.request("issuer|someone", key, "register", Asked(text=key)) for key in ("key-1", "key-2"))
        await store(database, idempotency, known)
        async with database.write() as session:
            taken = await idempotency.claim(session, {known: Answer(b"another"), fresh: Answer(b"mi", b"ne")}, SystemClock().now())
        assert {request: kept.body for request, kept in taken.items()} == {known: b"the answer"}
        async with database.read() as session:
            assert (await idempotency.find(session, [fresh]))[fresh].body == b"mine"

    async def test_a_key_that_stood_for_another_request_is_refused_without_harm_to_the_others(self, database, idempotency):
        await store(database, idempotency, idempotency.request("issuer|someone", "key-1", "register", Asked(text="one")))
        other = idempotency.request("issuer|someone", "key-1", "register", Asked(text="two"))
        fresh = idempotency.request("issuer|someone", "key-2", "register", Asked(text="two"))
        async with database.write() as session:
            taken = await idempotency.claim(session, {other: Answer(b"2"), fresh: Answer(b"3")}, SystemClock().now())
        assert list(taken) == [other]
        assert isinstance(taken[other], IdempotencyKeyReused)


def asking(*keys: str) -> Request:
    return Request({"type": "http", "headers": [(b"idempotency-key", key.encode("latin-1")) for key in keys]})


SOMEBODY = Principal(subject="someone", issuer="issuer")
NOBODY = Principal.anonymous()


class TestIdempotencyKey:
    def test_a_request_may_carry_none(self):
        assert idempotency_key(asking(), SOMEBODY) is None

    def test_printable_ascii_is_taken_as_it_stands(self):
        assert idempotency_key(asking("k-1/{2}"), SOMEBODY) == "k-1/{2}"

    @pytest.mark.parametrize("bad", ["", " ", "a b", "ключ".encode().decode("latin-1"), "k" * 256])
    def test_anything_else_is_refused_by_the_headers_name(self, bad):
        with pytest.raises(InvalidInput) as refused:
            idempotency_key(asking(bad), NOBODY)
        assert [each.field for each in refused.value.errors] == ["idempotency-key"]

    @pytest.mark.parametrize(
        "weak",
        [
            "my-first",
            "00000000-0000-4000-8000-000000000000",
            "11111111-1111-4111-8111-111111111111",
            "01890a5d-ac96-774b-bcce-b302099a8057",
            "c9a646d3-9c61-1cb7-bfcd-ee2522c8f633",
            "{f47ac10b-58cc-4372-a567-0e02b2c3d479}",
            "f47ac10b58cc4372a5670e02b2c3d479",
            "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "f47ac10b-58cc-4372-c567-0e02b2c3d479",
        ],
    )
    def test_a_key_that_could_be_guessed_needs_a_token(self, weak):
        with pytest.raises(IdempotencyKeyWeak):
            idempotency_key(asking(weak), NOBODY)
        assert idempotency_key(asking(weak), SOMEBODY) == weak

    def test_a_random_uuid_needs_none(self):
        keys = [new_key() for _ in range(1000)]
        assert [idempotency_key(asking(key), NOBODY) for key in keys] == keys
        assert idempotency_key(asking(keys[0].upper()), NOBODY) == keys[0].upper()

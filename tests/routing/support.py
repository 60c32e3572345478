from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
from fastapi import FastAPI
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import func, select

from routing.app import SERVICE, create_app
from routing.cases.handlers import HANDLERS
from routing.settings import Settings
from shared.clock import FakeClock
from shared.contracts import AppealImported, AppealRegistered, Event, InquirySent
from shared.messaging import tables
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received
from shared.service import Foundation, build_parts
from tests.databases import Engine
from tests.stored_protection import check_stored_rows

LONG = timedelta(days=400)  # tests move the clock
NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)
COMPLAINT = "Дәрігер қабылдаудан бас тартты, емханада жазып алмады."
QUESTION = "Как узнать, застрахован ли я? Подскажите, пожалуйста."


@dataclass
class Texts:
    """A double of intake: answers contents reads from a dictionary and records them."""

    known: dict[UUID, str] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)
    status: int = 200

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/intake/internal/v1/contents")
        async def contents(asked: dict) -> dict:
            self.asked.append(asked["ids"])
            texts = {appeal_id: self.known.get(UUID(appeal_id)) for appeal_id in asked["ids"]}
            return {
                "items": [
                    {"id": appeal_id, "found": text is not None, "content": None if text is None else {"text": text}}
                    for appeal_id, text in texts.items()
                ]
            }

        return app


@dataclass
class Desk:
    """The service on a real database, with a client that can have any role."""

    app: FastAPI
    clock: FakeClock
    texts: Texts
    foundation: Foundation
    client: httpx.AsyncClient
    engine: Engine

    @property
    def parts(self):
        return self.app.state.parts

    def token(self, role: str, **claims) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.foundation.issuer.issue(role, lifetime=LONG, **claims)}"}

    async def apply(self, *events: Event, envelopes=None) -> list[Envelope]:
        """Pass events to their handler as the consumer does: prepared first, then in one transaction."""
        made = envelopes or [envelope_of(event, self.clock.now()) for event in events]
        received = [
            Received(event, envelope, ("aryz.appeals.v1", 0, n)) for n, (event, envelope) in enumerate(zip(events, made, strict=True))
        ]
        prepared = {}
        if isinstance(events[0], AppealRegistered):
            prepared = await SERVICE.preparations(self.parts)[AppealRegistered](received)
        async with self.parts.units.write() as work:
            await HANDLERS[type(events[0])](work, Batch(received, prepared))
        return made

    async def open(self, **given) -> UUID:
        """Register an appeal and open its case."""
        text = given.pop("text", COMPLAINT)
        event = registered(**given)
        if text is not None:
            self.texts.known[event.appeal_id] = text
        await self.apply(event)
        return event.appeal_id

    async def emitted(self) -> list[tuple[str, bytes]]:
        """Return the outbox in order: the short name of each fact, and its value."""
        async with self.parts.database.read() as session:
            rows = await session.execute(select(tables.outbox.c.type, tables.outbox.c.value).order_by(tables.outbox.c.id))
            return [(row.type.split(".")[3], row.value) for row in rows]

    async def get(self, path: str, who: dict[str, str] | None = None, **params) -> httpx.Response:
        return await self.client.get(f"/routing/v1{path}", headers=who, params=params)

    async def case(self, appeal_id: UUID, who: dict[str, str] | None = None) -> dict:
        answer = await self.get(f"/cases/{appeal_id}", who or self.token("admin"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def carry_out(self, appeal_id: UUID, /, action: str, who: dict[str, str], *, key: str | None = None, **fields) -> httpx.Response:
        """Carry out an action on the case in its current version, unless `expected_version` is given.

        The response is composed from what the action has loaded and changed: it must show the case exactly as it is stored.
        """
        if "expected_version" not in fields:
            fields["expected_version"] = (await self.case(appeal_id))["version"]
        headers = who | ({"Idempotency-Key": key} if key else {})
        done = await self.client.post(f"/routing/v1/cases/{appeal_id}/actions/{action}", headers=headers, json=fields)
        if done.status_code == 200 and key is None:
            stored = await self.get(f"/cases/{appeal_id}", who)
            assert stored.status_code == 404 or stored.json() == done.json()  # 404: moved out of sight
        return done

    async def carry_out_approved(self, appeal_id: UUID, /, action: str, who: dict[str, str], **fields) -> httpx.Response:
        """Carry out an action that needs a second person, who is another head of the same region."""
        asked = await self.carry_out(appeal_id, action, who, **fields)
        if asked.status_code != 200:
            return asked
        second = self.token("head", region=asked.json()["region"], subject="second-head")
        return await self.carry_out(appeal_id, "approve", second)


def envelope_of(event: Event, time: datetime) -> Envelope:
    made = uuid4()
    return Envelope(made, event.TYPE, time, str(event.subject), made, None, None, event.model_dump_json().encode())


_numbers = iter(range(1, 10_000_000))


def number(region: str = "KZ-43") -> str:
    return f"2026-{region[3:]}-{next(_numbers):07d}-0"


def registered(**given) -> AppealRegistered:
    region = given.get("region", "KZ-43")
    usual = {
        "appeal_id": uuid4(),
        "number": number(region),
        "channel": "APP",
        "region": region,
        "language": "ru",
        "kind": None,
        "category": None,
        "topic": None,
        "statutory_form": None,
        "provider_id": None,
        "provider_named": False,
        "has_text": True,
        "anonymous": False,
        "discloses_to_provider": True,
        "received_at": NOW,
        "registered_at": NOW,
        "due_at": NOW,
    }
    return AppealRegistered(**(usual | given))


def imported(**given) -> AppealImported:
    usual = {
        "appeal_id": uuid4(),
        "number": number(),
        "channel": "CALL_1406",
        "region": "KZ-43",
        "language": "kk",
        "kind": "COMPLAINT",
        "category": "WAITING",
        "topic": None,
        "provider_named": False,
        "outcome": "UNJUSTIFIED",
        "received_at": datetime(2021, 3, 1, 5, tzinfo=UTC),
        "closed_at": datetime(2021, 3, 9, 5, tzinfo=UTC),
    }
    return AppealImported(**(usual | given))


PROVIDER = uuid4()


def sent(appeal_id, **given) -> InquirySent:
    usual = {"inquiry_id": uuid4(), "provider_id": PROVIDER, "category": "WAITING", "due_at": NOW, "discloses": True}
    return InquirySent(appeal_id=appeal_id, **(usual | given))


async def count(desk, table):
    async with desk.parts.database.read() as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


def about(event, appeal_id, **given):
    return event(appeal_id=appeal_id, inquiry_id=uuid4(), provider_id=PROVIDER, **given)


class Statements:
    """Counts the statements sent to the database inside the context."""

    def __init__(self, desk):
        self._engine = desk.parts.database.engine.sync_engine
        self.count = 0

    def _seen(self, *_args):
        self.count += 1

    def __enter__(self):
        sqlalchemy_event.listen(self._engine, "before_cursor_execute", self._seen)
        return self

    def __exit__(self, *_args):
        sqlalchemy_event.remove(self._engine, "before_cursor_execute", self._seen)


@asynccontextmanager
async def desk_in(engine, folder) -> AsyncIterator[Desk]:
    clock, texts = FakeClock(NOW), Texts()
    settings = Settings(data=folder, worker=False, log_level="WARNING", **engine.settings)
    foundation = Foundation.build(settings, clock=clock)
    foundation.local_apps["intake"] = texts.app()
    await foundation.start()
    parts = build_parts(SERVICE, settings, foundation)
    await engine.migrate(parts.database, SERVICE.package)
    await parts.database.close()
    app = create_app(settings, foundation)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://desk.example") as client:
        yield Desk(app, clock, texts, foundation, client, engine)
        await check_stored_rows("routing", app.state.parts.database)
    await foundation.stop()

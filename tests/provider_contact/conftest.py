"""The provider-contact service on a real database of each engine, beside a small stand-in for intake that answers real HTTP requests."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy import event, insert, select

from provider_contact.app import HANDLERS, SERVICE, create_app
from provider_contact.directory.codes import ContactRole
from provider_contact.directory.models import Contact
from provider_contact.directory.schemas import ContactContent
from provider_contact.directory.service.sheets import COLUMNS
from provider_contact.settings import Settings
from shared.clock import FakeClock
from shared.contents import ContentsRequest, ContentsResponse
from shared.contracts import (
    AppealImported,
    AppealRegistered,
    AppealRouted,
    CaseClosed,
    ClassificationCorrected,
    Event,
    InquirySent,
    TierRaised,
)
from shared.domain.identifiers import is_valid_bin
from shared.ids import SequentialIds
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received, waves
from shared.messaging.tables import outbox
from shared.rows import table_of
from shared.service import Foundation, Parts, build_parts
from tests.databases import Engine
from tests.stored_protection import check_stored_rows

NOW = datetime(2026, 2, 5, 6, 0, tzinfo=UTC)  # a Thursday, 11:00 in Qyzylorda
NAMESPACE = UUID(int=43)
PROVIDER, OTHER = UUID(int=501), UUID(int=502)
FIFTEENTH = "Городская поликлиника №15"
ANSWER = {"expected_version": 1, "language": "kk", "code": "RESOLVED", "text": "Құпия жауап: пациент қабылданды."}
SOLE_TRADER = "991231501014"  # an IIN with a birth year that nobody has


def bin_number(serial: int) -> str:
    """A valid BIN of a company registered in 2099."""
    stem = f"990140{serial:05d}"
    return next(number for digit in range(10) if is_valid_bin(number := f"{stem}{digit}"))


def usable(count: int) -> list[str]:
    """BINs whose check digit exists."""
    found: list[str] = []
    serial = 0
    while len(found) < count:
        serial += 1
        try:
            found.append(bin_number(serial))
        except StopIteration:
            continue
    return found


BINS = usable(40)


def appeal_id(number: int) -> UUID:
    return UUID(int=10_000 + number)


def registered(number: int, **changed: Any) -> AppealRegistered:
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "number": f"2026-43-{number:07d}-0", "channel": "APP", "region": "KZ-43", "language": "kk",
        "kind": None, "category": None, "topic": None, "statutory_form": None, "provider_id": None, "provider_named": False,
        "has_text": True,
        "anonymous": False, "discloses_to_provider": True, "received_at": NOW, "registered_at": NOW, "due_at": NOW + timedelta(days=21),
    }  # fmt: skip
    return AppealRegistered(**values | changed)


def imported(number: int, **changed: Any) -> AppealImported:
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "number": f"2025-43-{number:07d}-0", "channel": "APP", "region": "KZ-43", "language": "kk",
        "kind": "COMPLAINT", "category": "WAITING", "topic": None, "provider_named": True, "outcome": "JUSTIFIED",
        "received_at": NOW - timedelta(days=300), "closed_at": NOW - timedelta(days=290),
    }  # fmt: skip
    return AppealImported(**values | changed)


def routed(number: int, **changed: Any) -> AppealRouted:
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "kind": "COMPLAINT", "statutory_form": "ZAYAVLENIE", "category": "WAITING", "topic": None,
        "tier": 2, "urgency": "NORMAL", "queue": "KZ-43/2/kk", "region": "KZ-43", "language": "kk", "decision": "auto",
        "confidence": 0.9, "versions": {},
    }  # fmt: skip
    return AppealRouted(**values | changed)


def corrected(number: int, **changed: Any) -> ClassificationCorrected:
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "kind": "COMPLAINT", "statutory_form": "ZAYAVLENIE", "category": "WAITING", "topic": None,
        "tier": 2, "queue": "KZ-43/2/kk", "actor_role": "specialist",
    }  # fmt: skip
    return ClassificationCorrected(**values | changed)


def raised(number: int, tier: int) -> TierRaised:
    return TierRaised(appeal_id=appeal_id(number), tier=tier, queue=f"KZ-43/{tier}/kk", reason="COMPLEX")


def closed(number: int) -> CaseClosed:
    return CaseClosed(appeal_id=appeal_id(number), outcome="JUSTIFIED", actor_role="specialist")


class Intake:
    """What intake would give away: by purpose and id. `down` makes it answer 503."""

    def __init__(self) -> None:
        self.contents_by_purpose: dict[tuple[str, UUID], dict[str, Any]] = {}
        self.asked: list[ContentsRequest] = []
        self.down = False
        self.app = FastAPI()

        @self.app.post("/intake/internal/v1/contents")
        async def contents(request: ContentsRequest) -> ContentsResponse:
            if self.down:
                raise HTTPException(503)
            self.asked.append(request)
            found = {id_: self.contents_by_purpose.get((request.purpose, id_)) for id_ in request.ids}
            return ContentsResponse.model_validate({"items": [{"id": i, "found": c is not None, "content": c} for i, c in found.items()]})

    def names(self, number: int, name: str | None = None, bin_: str | None = None) -> None:
        self.contents_by_purpose["provider-matching", appeal_id(number)] = {"provider_name": name, "provider_bin": bin_}

    def discloses(self, number: int, text: str) -> None:
        self.contents_by_purpose["provider-disclosure", appeal_id(number)] = {"text": text, "applicant": {"full_name": "Сынақ Азамат"}}


def sheet(*lines: dict[str, str]) -> str:
    """Lines as a CSV document with the list's header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for line in lines:
        writer.writerow(LINE | line)
    return out.getvalue()


LINE = {
    "bin": BINS[0], "name_kk": "«№5 қалалық емхана» ШЖҚ КМК", "name_ru": "КГП на ПХВ «Городская поликлиника №5»", "short_name": "ГП №5",
    "aliases": "5 емхана; Гор. пол-ка 5", "region": "KZ-43", "district": "Қызылорда", "kind": "POLYCLINIC", "ownership": "STATE",
    "email": "tirkeu@emhana5.example", "phone": "+77010000000",
}  # fmt: skip

PROVIDERS = (
    {},
    {"bin": BINS[1], "name_kk": "№15 қалалық емхана", "name_ru": "Городская поликлиника №15", "short_name": "", "aliases": ""},
    {
        "bin": BINS[2], "name_kk": "Жаңақорған орталық аудандық ауруханасы", "name_ru": "Жанакорганская центральная районная больница",
        "short_name": "Жанакорганская ЦРБ", "aliases": "", "kind": "DISTRICT_HOSPITAL",
    },
    {"bin": BINS[3], "name_kk": "№23 қалалық емхана", "name_ru": "Городская поликлиника №23", "short_name": "",
     "aliases": "", "region": "KZ-75"},
    {
        "bin": SOLE_TRADER, "name_kk": "«Ақ тіс» ЖК", "name_ru": "ИП «Ақ тіс»", "short_name": "", "aliases": "", "kind": "DENTAL",
        "ownership": "PRIVATE",
    },
)  # fmt: skip


def received(fact: Event, at: datetime, event_id: UUID) -> Received[Any]:
    envelope = Envelope(event_id, fact.TYPE, at, str(fact.subject), event_id, None, None, fact.model_dump_json().encode())
    return Received(fact, envelope, (fact.TOPIC, 0, 0))


@dataclass
class World:
    """The service and its surroundings."""

    parts: Parts
    clock: FakeClock
    foundation: Foundation
    intake: Intake
    app: FastAPI
    client: httpx.AsyncClient
    engine: Engine
    statements: list[str] = field(default_factory=list)
    _consumed: int = 0

    async def consume(self, *facts: Event) -> list[Received[Any]]:
        """Prepare and apply events as the runtime would, in one transaction."""
        consumed = []
        for fact in facts:
            self._consumed += 1
            consumed.append(received(fact, self.clock.now(), uuid5(NAMESPACE, str(self._consumed))))
        await self.apply(consumed)
        return consumed

    async def apply(self, consumed: Sequence[Received[Any]]) -> None:
        prepared: dict[UUID, Any] = {}
        for kind, prepare in SERVICE.preparations(self.parts).items():
            if some := [received for received in consumed if isinstance(received.event, kind)]:
                prepared.update(await prepare(some))
        self.statements.clear()
        async with self.parts.units.write() as work:
            for handler, group in waves(consumed, HANDLERS):
                await handler(work, Batch(group, prepared))

    def token(self, role: Any, **claims: Any) -> dict[str, str]:
        assert self.foundation.issuer
        return {"Authorization": f"Bearer {self.foundation.issuer.issue(role, **claims)}"}

    async def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        return await self.client.get(f"/provider-contact{path}", headers=headers, params=query)

    async def post(self, path: str, headers: dict[str, str] | None = None, json: Any = None) -> httpx.Response:
        return await self.client.post(f"/provider-contact{path}", headers=headers, json=json)

    async def load(
        self, *lines: dict[str, str], document: str | bytes | None = None, role: str = "admin", **headers: str
    ) -> httpx.Response:
        return await self.client.post(
            "/provider-contact/v1/providers/imports",
            content=sheet(*lines) if document is None else document,
            headers=self.token(role) | {"Content-Type": "text/csv; charset=utf-8"} | headers,
        )

    async def load_sheet(self, kind: str, document: str | bytes, *, role: str = "admin", **query: Any) -> httpx.Response:
        """Import a sheet of contacts, doctors or providers."""
        return await self.client.post(
            f"/provider-contact/v1/{kind}/imports",
            content=document,
            params=query,
            headers=self.token(role) | {"Content-Type": "text/csv"},
        )

    async def providers(self) -> dict[str, UUID]:
        """The directory's ids by Russian name."""
        items = (await self.get("/v1/providers", limit=200)).json()["items"]
        return {item["name_ru"]: UUID(item["provider_id"]) for item in items}

    async def rows(self, model: Any) -> list[Any]:
        async with self.parts.database.read() as session:
            return list((await session.execute(select(model))).scalars())

    async def emitted(self, kind: type[Event]) -> list[Any]:
        """The events of a type that wait in the outbox, in order."""
        async with self.parts.database.read() as session:
            rows = await session.execute(select(outbox).where(outbox.c.type == kind.TYPE).order_by(outbox.c.id))
        return [kind.model_validate_json(row.value) for row in rows]

    async def every_column(self) -> str:
        """All that stands in the database in the open, as one text."""
        return (await self.engine.stored(self.parts.database)).decode("utf-8", "replace")


async def sent_inquiry(world, number=1, *, discloses=True, provider_id=PROVIDER, **changed):
    """An inquiry about an appeal, as the provider lists it."""
    region = changed.get("region", "KZ-43")
    await world.consume(registered(number, provider_id=provider_id, discloses_to_provider=discloses, region=region))
    await world.consume(routed(number, **changed))
    return (await world.emitted(InquirySent))[-1].inquiry_id


async def add_contact(world, number, role=ContactRole.PATIENT_SUPPORT, *, since=NOW.date(), until=None, **owner):
    """Store a contact of a provider or a body, with a phone of its number."""
    contact_id = UUID(int=number)
    content = ContactContent(name="Сынақ Қызмет", phone=f"+7701000{number:04d}", email=f"n{number}@emhana5.example")
    row = {
        "contact_id": contact_id, "provider_id": None, "body": None, "region": None, "role": role, "contact_key": bytes(32),
        "content": world.parts.sealer.seal("contact", contact_id, "content", content.model_dump_json().encode()),
        "languages": ["kk"], "valid_from": since, "valid_to": until, "version": 1, "recorded_at": NOW,
    }  # fmt: skip
    async with world.parts.database.write() as session:
        await session.execute(insert(table_of(Contact)), [row | owner])


@asynccontextmanager
async def world_in(engine, tmp_path) -> AsyncIterator[World]:
    """The service in this folder, until the block ends."""
    clock = FakeClock(NOW)
    settings = Settings(data=tmp_path, worker=False, log_level="ERROR", step_seconds=1, webhooks_to_loopback=True, **engine.settings)
    foundation = Foundation.build(settings, clock=clock, ids=SequentialIds())
    intake = Intake()
    foundation.local_apps["intake"] = intake.app
    await foundation.start()
    first = build_parts(SERVICE, settings, foundation)
    await engine.migrate(first.database, SERVICE.package)
    await first.database.close()
    app = create_app(settings, foundation)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        made = World(app.state.parts, clock, foundation, intake, app, client, engine)

        @event.listens_for(made.parts.database.engine.sync_engine, "before_cursor_execute")
        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            made.statements.append(statement)

        yield made
        await check_stored_rows("provider-contact", made.parts.database)
    await foundation.stop()


@pytest.fixture
async def world(engine, tmp_path) -> AsyncIterator[World]:
    async with world_in(engine, tmp_path) as made:
        yield made


@pytest.fixture
async def listed(world) -> World:
    """A world with five providers in its directory."""
    assert (await world.load(*PROVIDERS)).json()["imported"] == len(PROVIDERS)
    return world

"""The paths whose shortcuts are measured: accepting appeals, and routing's consumer. Both run inside the measuring process."""

import json
from asyncio import TaskGroup
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from intake.app import SERVICE as INTAKE
from intake.app import create_app
from intake.settings import Settings as IntakeSettings
from routing.app import SERVICE as ROUTING
from routing.settings import Settings as RoutingSettings
from shared import migrations
from shared.contracts import APPEALS, AppealRegistered
from shared.domain.identifiers import RegistrationNumber
from shared.domain.regions import regions
from shared.ids import RandomIds
from shared.messaging.envelope import Envelope
from shared.messaging.log import Record, partition_of
from shared.service import Foundation, Service, build_parts, consumer
from shared.settings import ServiceSettings
from suite.demo.appeals import KnownProvider, generate
from tests.benchmarks.accept import BODY

CALLERS = 32
CREATED = 201
NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)


class MeasuredPath(Protocol):
    """A path of the product that handles items: appeals or records."""

    def prepare(self, count: int) -> None:
        """Make the next items. This is not measured."""
        ...

    async def run(self) -> None:
        """Handle the prepared items."""
        ...


class Accepting:
    """`POST /intake/v1/appeals` with a token and an Idempotency-Key, by several callers at a time, without a server and sockets."""

    def __init__(self, app: Any, token: str, callers: int) -> None:
        self.app = app
        self._callers = callers
        self._token = token.encode()
        self._body = json.dumps(BODY).encode()
        self._keys: Iterator[bytes] = iter(())

    def prepare(self, count: int) -> None:
        self._keys = iter([str(uuid4()).encode() for _ in range(count)])

    async def run(self) -> None:
        async with TaskGroup() as callers:
            for _ in range(self._callers):
                callers.create_task(self._call())

    async def _call(self) -> None:
        for key in self._keys:
            await self._post(key)

    async def _post(self, key: bytes) -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/intake/v1/appeals",
            "raw_path": b"/intake/v1/appeals",
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(self._body)).encode()),
                (b"authorization", b"Bearer " + self._token),
                (b"idempotency-key", key),
            ],
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 80),
        }
        answers: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self._body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            answers.append(message)

        await self.app(scope, receive, send)
        assert answers[0]["status"] == CREATED, answers


class Consuming:
    """New appeals read by routing's consumer in batches of one size: preparation and transaction, without a log."""

    def __init__(self, reader: Any, batch: int) -> None:
        self._reader = reader
        self._batch = batch
        self._offsets: Counter[int] = Counter()
        self._sequence = 0
        self._records: list[Record] = []
        reader._topic_ids = {APPEALS: "benchmark"}

    def prepare(self, count: int) -> None:
        self._records = [self._record() for _ in range(count)]

    async def run(self) -> None:
        for start in range(0, len(self._records), self._batch):
            await self._reader._transaction(self._records[start : start + self._batch])

    def _record(self) -> Record:
        self._sequence += 1
        event = _registered(self._sequence)
        key, event_id = str(event.appeal_id), uuid4()
        partition = partition_of(key)
        offset = self._offsets[partition]
        self._offsets[partition] += 1
        envelope = Envelope(event_id, event.TYPE, NOW, key, event_id, None, None, event.model_dump_json().encode())
        return Record(APPEALS, partition, offset, key, envelope.headers, envelope.value)


class _Texts:
    """Intake's contents, which routing reads before it classifies."""

    def __init__(self) -> None:
        providers = [KnownProvider(str(UUID(int=1)), "Емхана", "Поликлиника", region) for region in regions()]
        self._texts = [appeal.body["text"] for appeal in generate(200, 1, providers)]

    async def read(self, service: str, ids: Sequence[UUID], *, purpose: str) -> Mapping[UUID, dict[str, Any]]:
        del service, purpose
        return {appeal_id: {"text": self._texts[appeal_id.int % len(self._texts)]} for appeal_id in ids}


def _registered(sequence: int) -> AppealRegistered:
    return AppealRegistered(
        appeal_id=RandomIds().new(),
        number=RegistrationNumber.format(2026, "43", sequence),
        channel="CALL_1414",
        region="KZ-43",
        language=None,
        kind=None,
        category=None,
        topic=None,
        statutory_form=None,
        provider_id=None,
        provider_named=False,
        has_text=True,
        anonymous=False,
        discloses_to_provider=False,
        received_at=NOW,
        registered_at=NOW,
        due_at=NOW + timedelta(days=15),
    )


@asynccontextmanager
async def accepting(settings: ServiceSettings, callers: int = CALLERS) -> AsyncIterator[Accepting]:
    """Run intake over a new database."""
    options = settings.model_dump(exclude_unset=True) | {"worker": False, "anonymous_per_minute": 0}
    own = IntakeSettings(**options)
    foundation = Foundation.build(own)
    await migrate(INTAKE, own, foundation)
    app = create_app(own, foundation)
    async with app.router.lifespan_context(app):
        assert foundation.issuer is not None
        yield Accepting(app, foundation.issuer.issue("channel"), callers)


@asynccontextmanager
async def consuming(settings: ServiceSettings, batch: int) -> AsyncIterator[Consuming]:
    """Run routing's consumer over a new database."""
    own = RoutingSettings(**settings.model_dump(exclude_unset=True))
    foundation = Foundation.build(own)
    await migrate(ROUTING, own, foundation)
    parts = build_parts(ROUTING, own, foundation)
    parts.contents = _Texts()  # type: ignore[assignment]
    yield Consuming(consumer(ROUTING, parts), batch)
    await parts.database.close()


async def migrate(service: Service[Any], settings: ServiceSettings, foundation: Foundation) -> None:
    """Create the database of a service and its tables."""
    parts = build_parts(service, settings, foundation)
    await migrations.migrate(parts.database, service.package)
    await parts.database.close()

"""The analytics service on a real database of each engine, fed with events as the runtime would feed it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
from fastapi import FastAPI

from analytics.app import SERVICE, create_app
from analytics.facts.handlers import HANDLERS
from analytics.facts.models import fact, provider, transition
from analytics.settings import Settings
from shared import contracts
from shared.clock import FakeClock
from shared.contracts import AppealEvent, AppealImported, AppealRegistered, AppealRouted, ClassificationCorrected, Event
from shared.ids import SequentialIds
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received, waves
from shared.service import Foundation, Parts, build_parts

NOW = datetime(2026, 2, 5, 6, 0, tzinfo=UTC)  # 11:00 in Almaty
NAMESPACE = UUID(int=43)


def appeal_id(number: int) -> UUID:
    return UUID(int=number)


def registered(number: int, **changed: Any) -> AppealRegistered:
    at = changed.get("received_at", NOW - timedelta(hours=1))
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "number": f"2026-43-{number:07d}-0", "channel": "APP", "region": "KZ-43", "language": None,
        "kind": None, "category": None, "topic": None, "statutory_form": None, "provider_id": None, "provider_named": False,
        "has_text": True, "anonymous": False, "discloses_to_provider": False, "received_at": at, "registered_at": at,
        "due_at": at + timedelta(days=21),
    }  # fmt: skip
    return AppealRegistered(**values | changed)


def imported(number: int, **changed: Any) -> AppealImported:
    at = changed.get("received_at", datetime(2025, 6, 10, 5, 0, tzinfo=UTC))
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "number": f"2025-43-{number:07d}-0", "channel": "APP", "region": "KZ-43", "language": "kk",
        "kind": "COMPLAINT", "category": "QUALITY", "topic": None, "provider_named": False, "outcome": "JUSTIFIED", "received_at": at,
        "closed_at": at + timedelta(days=9),
    }  # fmt: skip
    return AppealImported(**values | changed)


def routed(number: int, **changed: Any) -> AppealRouted:
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "kind": "COMPLAINT", "statutory_form": "ZAYAVLENIE", "category": "QUALITY_TREATMENT", "topic": None,
        "tier": 2, "urgency": "NORMAL", "queue": "KZ-43/2/kk", "region": "KZ-43", "language": "kk", "decision": "auto", "confidence": 0.9,
        "versions": {},
    }  # fmt: skip
    return AppealRouted(**values | changed)


def corrected(number: int, **changed: Any) -> ClassificationCorrected:
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "kind": "COMPLAINT", "statutory_form": "ZAYAVLENIE", "category": "REFUSAL_APPOINTMENT",
        "topic": None, "tier": 2, "queue": "KZ-43/2/kk", "actor_role": "specialist",
    }  # fmt: skip
    return ClassificationCorrected(**values | changed)


def received(event: Event, at: datetime, event_id: UUID) -> Received[Any]:
    envelope = Envelope(event_id, event.TYPE, at, str(event.subject), event_id, None, None, event.model_dump_json().encode())
    return Received(event, envelope, (event.TOPIC, 0, 0))


@dataclass
class World:
    """The service and its surroundings."""

    parts: Parts
    clock: FakeClock
    foundation: Foundation
    app: FastAPI
    client: httpx.AsyncClient
    _consumed: int = field(default=0)

    async def consume(self, *events: Event, at: datetime | None = None) -> list[Received[Any]]:
        """Apply events in their order, each a second after the one before; returns them as received."""
        started = at or self.clock.now()
        consumed = []
        for event in events:
            consumed.append(received(event, started + timedelta(seconds=len(consumed)), uuid5(NAMESPACE, str(self._consumed))))
            self._consumed += 1
        await self.apply(consumed)
        return consumed

    def begin_again(self) -> None:
        """What is consumed next gets the ids of what was consumed first."""
        self._consumed = 0

    async def apply(self, consumed: Sequence[Received[Any]]) -> None:
        async with self.parts.units.write() as work:
            for handler, group in waves(consumed, HANDLERS):
                await handler(work, Batch(group, {}))

    def envelopes(self, *events: AppealEvent) -> list[Envelope]:
        """As the relays of the others would put them into the log."""
        return [received(event, self.clock.now(), event.appeal_id).envelope for event in events]

    async def facts(self) -> list[Any]:
        async with self.parts.database.read() as session:
            return list((await session.execute(fact.select().order_by(fact.c.appeal_id))).all())

    async def transitions(self) -> list[Any]:
        async with self.parts.database.read() as session:
            return list((await session.execute(transition.select().order_by(transition.c.at))).all())

    async def providers(self) -> list[Any]:
        async with self.parts.database.read() as session:
            return list((await session.execute(provider.select())).all())

    def token(self, role: Any, region: str | None = None) -> str:
        return self.foundation.issuer.issue(role, region=region, name="Сынақ Талдаушы")

    async def get(self, path: str, role: str | None = "analyst", own: str | None = None, /, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(role, own)}"} if role else {}
        return await self.client.get(f"/analytics/v1{path}", params=params, headers=headers)

    async def kpi(self, kpi_id: str, role: str | None = "analyst", year: int = 2025, **params: Any) -> dict[str, Any]:
        """A figure of a whole year."""
        response = await self.get(f"/kpis/{kpi_id}", role, **{"from": f"{year}-01-01", "to": f"{year}-12-31"} | params)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@asynccontextmanager
async def world_in(engine: Any, folder: Path, clock: FakeClock) -> AsyncIterator[World]:
    settings = Settings(data=folder, worker=False, **engine.settings)
    foundation = Foundation.build(settings, clock=clock, ids=SequentialIds())
    await foundation.start()
    first = build_parts(SERVICE, settings, foundation)
    await engine.migrate(first.database, SERVICE.package)
    await first.database.close()
    app = create_app(settings, foundation)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aryz.example") as client,
    ):
        yield World(app.state.parts, clock, foundation, app, client)
    await foundation.stop()


@pytest.fixture
async def world(engine, tmp_path, clock) -> AsyncIterator[World]:
    async with world_in(engine, tmp_path, clock) as made:
        yield made


@pytest.fixture
def make() -> Callable[..., Event]:
    """`make("appeal-routed", 1, …)`: an event of any type, by its short name, with plausible values."""
    return make_event


def make_event(fact_name: str, number: int, **changed: Any) -> Event:
    """Return an event of any type, by its short name, with plausible values."""
    makers = {"appeal-registered": registered, "appeal-imported": imported, "appeal-routed": routed, "classification-corrected": corrected}
    return makers[fact_name](number, **changed) if fact_name in makers else _other(fact_name, number, changed)


def _other(fact_name: str, number: int, changed: dict[str, Any]) -> Event:
    model = next(each for each in contracts.REGISTRY.values() if fact_name == each.FACT)
    values: dict[str, Any] = {
        "appeal_id": appeal_id(number), "clock_id": UUID(int=7), "policy": "APPK_15WD", "statutory": True, "started_at": NOW,
        "due_at": NOW + timedelta(days=20), "calendar_version": "2026", "tier": 3, "queue": "KZ-43/3/kk", "reason": "OVERDUE",
        "actor_role": "specialist", "answer_id": UUID(int=8), "language": "kk", "findings": [], "outcome": "JUSTIFIED",
        "inquiry_id": UUID(int=9), "provider_id": UUID(int=5), "category": "QUALITY", "discloses": False, "response_id": UUID(int=10),
        "code": "EXPLANATION", "score": 1.0, "matched_by": "name", "proposal_id": UUID(int=11), "answer_until": NOW, "confirmed": True,
        "method": "TRACK", "check_id": UUID(int=12), "about": "PROPOSAL", "result": "VERIFIED",
    }  # fmt: skip
    return model.model_validate({name: value for name, value in (values | changed).items() if name in model.model_fields})

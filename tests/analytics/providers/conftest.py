"""Providers of two regions with complaints, withdrawals, promises and ratings."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from analytics.facts.models import commitment_fact, fact, provider, rating_fact
from tests.analytics.random_facts import random_fact

QUARTER = "2025-Q4"
DAY = date(2025, 11, 3)


@dataclass
class Directory:
    """Stores providers and what is counted of them."""

    world: Any
    numbers: count

    async def add(
        self, number: int, complaints: int = 0, *, region="KZ-43", kind="POLYCLINIC", unproven=0, fulfilled=0, broken=0, ratings=(),
        day=DAY, active=True, name=None,
    ):  # fmt: skip
        """Store a provider with its complaints, of which `unproven` were withdrawn without a check, promises and ratings."""
        provider_id = UUID(int=number)
        async with self.world.parts.database.write() as session:
            await session.execute(
                insert(provider),
                [{"provider_id": provider_id, "name_kk": name or f"{number}-емхана", "name_ru": name or f"Поликлиника {number}",
                  "region": region, "kind": kind, "active": active, "district": None}],
            )  # fmt: skip
            rows = [
                self.appeal(region, "COMPLAINT", provider_id, day, "WITHDRAWN" if each < unproven else None) for each in range(complaints)
            ]
            if rows:
                await session.execute(insert(fact), rows)
            promises = [
                {"commitment_id": UUID(int=next(self.numbers)), "appeal_id": UUID(int=1), "region": region, "provider_id": provider_id,
                 "due_on": day, "result": "KEPT" if each < fulfilled else "BROKEN"}
                for each in range(fulfilled + broken)
            ]  # fmt: skip
            if promises:
                await session.execute(insert(commitment_fact), promises)
            scores = [
                {"rating_id": UUID(int=next(self.numbers)), "provider_id": provider_id, "score": score, "month": day.replace(day=1)}
                for score in ratings
            ]
            if scores:
                await session.execute(insert(rating_fact), scores)
        return provider_id

    def appeal(self, region, kind, provider_id=None, day=DAY, proof=None):
        number = next(self.numbers)
        at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
        return random_fact(random.Random(number), number) | {
            "appeal_id": UUID(int=number), "region": region, "kind": kind, "provider_id": provider_id, "received_on": day,
            "received_at": at, "due_at": at + timedelta(days=21), "answered_at": at + timedelta(days=5), "follows": None, "proof": proof,
        }  # fmt: skip

    async def appeals(self, number: int, region="KZ-43"):
        """Store consultations that name no provider."""
        async with self.world.parts.database.write() as session:
            await session.execute(insert(fact), [self.appeal(region, "CONSULTATION") for _ in range(number)])


@pytest.fixture
def directory(world):
    return Directory(world, count(1_000_000))

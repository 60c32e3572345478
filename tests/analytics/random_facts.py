"""Facts at random, for tests that recompute figures in plain Python."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from analytics.facts.models import FactRow, fact

REGIONS = ("KZ-43", "KZ-27", "KZ-75")
CHANNELS = ("APP", "WEB", "MAIL")
CATEGORIES = ("QUALITY", "QUALITY_TREATMENT", "QUALITY_DEATH", "REFUSAL", "REFUSAL_APPOINTMENT", "DRUGS", None)
TOPICS = ("REFERRAL", "PAY_METHODS", None)
PROVIDERS = (UUID(int=5), UUID(int=6), None)
START, DAYS = date(2024, 1, 1), 731  # 2024 has a 29 February


def random_fact(chance: random.Random, number: int) -> FactRow:
    """Return a fact of 2024 or 2025; its codes need not fit together."""
    day = START + timedelta(days=chance.randrange(DAYS))
    at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC) + timedelta(seconds=chance.randrange(30_000))
    due_at = chance.choice((None, at + timedelta(days=21)))
    answered_at = chance.choice((None, at, at + timedelta(seconds=chance.randrange(4_000_000))))
    row: dict[str, Any] = dict.fromkeys(FactRow.__annotations__)
    return row | {  # type: ignore[return-value]
        "appeal_id": UUID(int=number + 1), "region": chance.choice(REGIONS), "channel": chance.choice(CHANNELS),
        "language": chance.choice(("kk", "ru", None)), "kind": chance.choice(("COMPLAINT", "COMPLAINT", "CONSULTATION", "OTHER", None)),
        "category": chance.choice(CATEGORIES), "topic": chance.choice(TOPICS), "tier": chance.choice((1, 2, 3, None)),
        "provider_id": chance.choice(PROVIDERS), "imported": chance.random() < 0.1,
        "status": chance.choice(("CLOSED", "IN_REVIEW", "ANSWERED")),
        "outcome": chance.choice(("JUSTIFIED", "WITHDRAWN", "RESOLVED_ON_SPOT", None)), "received_at": at, "received_on": day,
        "registered_at": at, "moved_at": at, "follows": chance.choice((None, None, None, UUID(int=chance.randrange(300) + 1))),
        "score": chance.choice((None, 1, 3, 4, 5)), "decision": chance.choice((None, "auto", "suggest", "triage")),
        "due_at": due_at, "answered_at": answered_at, "extended": chance.random() < 0.2, "reopened": chance.random() < 0.2,
        "held_by_fund": chance.choice((0, 100, 12_345)), "held_by_provider": chance.choice((0, 0, 777)),
        "held_by_applicant": chance.choice((0, 1)), "number": f"2025-43-{number:07d}-0",
        "agreed": chance.choice((None, True, False)), "proof": chance.choice((None, "CONFIRMED", "VERIFIED", "WITHDRAWN")),
    }  # fmt: skip


async def random_world(world: Any, chance: random.Random, size: int) -> list[FactRow]:
    """Store facts at random and return them."""
    rows = [random_fact(chance, number) for number in range(size)]
    async with world.parts.database.write() as session:
        await session.execute(insert(fact), rows)
    return rows

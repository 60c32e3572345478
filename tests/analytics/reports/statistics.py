"""The published statistics of the Fund as facts, as an import would leave them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from analytics.facts.models import fact
from tests.published_registers import KYZYLORDA_2024, KYZYLORDA_2025, UNKNOWN, Register, rows_of


def fact_row(number: int, **changed: Any) -> dict[str, Any]:
    """Return a fact of an imported, closed complaint of Kyzylorda."""
    day = changed.pop("received_on", date(2025, 6, 10))
    at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    row: dict[str, Any] = dict.fromkeys(column.name for column in fact.c)
    row |= {
        "appeal_id": UUID(int=number), "region": "KZ-43", "channel": "APP", "language": "kk", "kind": "COMPLAINT", "imported": True,
        "status": "CLOSED", "received_at": at, "received_on": day, "moved_at": at, "closed_at": at, "extended": False, "reopened": False,
        "held_by_fund": 0, "held_by_provider": 0, "held_by_applicant": 0,
    }  # fmt: skip
    return row | changed


def facts_of(register: Register, start: int = 1) -> Iterator[dict[str, Any]]:
    """Yield the facts of a register."""
    for number, row in enumerate(rows_of(register), start):
        codes = {name: row[name] or None for name in ("channel", "language", "kind", "topic", "region", "outcome")}
        category = None if row["category"] in {"", UNKNOWN} else row["category"]
        yield fact_row(number, category=category, received_on=date.fromisoformat(row["received_at"][:10]), **codes)


def kyzylorda_2025(start: int = 1) -> list[dict[str, Any]]:
    """Return the year of Kyzylorda: 2 669 appeals, 736 of them complaints."""
    return list(facts_of(KYZYLORDA_2025, start))


def kyzylorda_2024(start: int = 100_001) -> list[dict[str, Any]]:
    """Return the 847 complaints of the year before."""
    return list(facts_of(KYZYLORDA_2024, start))


async def store(world: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Store facts as they are."""
    async with world.parts.database.write() as session:
        await session.execute(insert(fact), rows)

"""The published statistics of the Fund as facts: the year 2025 of Kyzylorda and the first half of 2021 of the country."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from analytics.facts.models import fact

UNSPLIT = "ON_SPOT_OR_WITHDRAWN_UNSPLIT"
CATEGORIES_2025 = {"QUALITY": 294, "REFUSAL": 238, "DRUGS": 94, None: 110}
"""Of 736 complaints; the publication leaves the reason of 110 open."""
TOPICS_2025 = {"PAY_METHODS": 800, "CARE_PROVISION": 500, "DRUG_PROVISION": 300, "REFERRAL": 200, "SICK_LEAVE": 133}
OUTCOMES_2025, OUTCOMES_2024 = {UNSPLIT: 415, "JUSTIFIED": 200, "UNJUSTIFIED": 121}, {"WITHDRAWN": 433, "JUSTIFIED": 414}
CHANNELS = {"CALL_1414": 0.7, "APP": 0.2, "WEB": 0.1}


def fact_row(number: int, **changed: Any) -> dict[str, Any]:
    """Return a fact of an imported, closed appeal."""
    day = changed.pop("received_on", date(2025, 6, 10))
    at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    row: dict[str, Any] = dict.fromkeys(column.name for column in fact.c)
    row |= {
        "appeal_id": UUID(int=number), "region": "KZ-43", "channel": "APP", "language": "kk", "kind": "COMPLAINT", "imported": True,
        "status": "CLOSED", "received_at": at, "received_on": day, "moved_at": at, "closed_at": at, "extended": False, "reopened": False,
        "held_by_fund": 0, "held_by_provider": 0, "held_by_applicant": 0,
    }  # fmt: skip
    return row | changed


def spread(counts: dict[Any, int]) -> Iterator[Any]:
    """Yield each code as often as it is counted."""
    for code, count in counts.items():
        yield from [code] * count


def days_of(first: date, last: date, number: int) -> list[date]:
    """Return days spread evenly over a period."""
    length = (last - first).days + 1
    return [date.fromordinal(first.toordinal() + index * length // number) for index in range(number)]


def kyzylorda_2025(start: int = 1) -> list[dict[str, Any]]:
    """Return the year of Kyzylorda: 2 669 appeals, 736 of them complaints."""
    complaints = [
        {"kind": "COMPLAINT", "category": category, "outcome": outcome}
        for category, outcome in zip(spread(CATEGORIES_2025), spread(OUTCOMES_2025), strict=True)
    ]
    consultations = [{"kind": "CONSULTATION", "topic": topic, "outcome": "EXPLAINED"} for topic in spread(TOPICS_2025)]
    return _placed([*complaints, *consultations], date(2025, 1, 1), date(2025, 12, 31), start)


def kyzylorda_2024(start: int = 100_001) -> list[dict[str, Any]]:
    """Return the 847 complaints of the year before, 51.1 % of them withdrawn."""
    return _placed(
        [{"kind": "COMPLAINT", "outcome": outcome} for outcome in spread(OUTCOMES_2024)], date(2024, 1, 1), date(2024, 12, 31), start
    )


def _placed(subjects: Sequence[dict[str, Any]], first: date, last: date, start: int) -> list[dict[str, Any]]:
    channels = [code for code, share in CHANNELS.items() for _ in range(int(share * 10))]
    days = days_of(first, last, len(subjects))
    return [
        fact_row(start + index, received_on=days[index * 7919 % len(days)], channel=channels[index % len(channels)], **subject)
        for index, subject in enumerate(subjects)
    ]


async def store(world: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Store facts as they are."""
    async with world.parts.database.write() as session:
        await session.execute(insert(fact), rows)

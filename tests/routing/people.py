"""People behind the desk and cases that wait for them, stored without requests."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from routing.cases.models import AppealCase, Colleague, History
from routing.cases.repository.staffing import store_queue
from routing.cases.service import assign_next
from shared.contracts import CaseClaimed
from shared.messaging import tables
from tests.routing.support import NOW, number

REGION = "KZ-43"


async def add_staff(desk, *people, **everybody):
    """Insert colleagues: each the subject, or columns of the table. `everybody`: columns of all of them."""
    usual = {"name": None, "role": "specialist", "region": REGION, "seen_on": NOW.date()}
    empty = dict.fromkeys(("absent_until", "absences", "capacity", "languages", "tiers", "shifts", "left_at"))
    rows = [usual | empty | everybody | (person if isinstance(person, dict) else {"subject": person}) for person in people]
    async with desk.parts.units.write() as work:
        await work.session.execute(insert(Colleague), rows)


async def add_waiting(desk, cases, **given) -> list[UUID]:
    """Insert unassigned open cases, each due a minute after the one before; `given`: columns, or a function of the position."""
    rows = [
        _case(position, {name: value(position) if callable(value) else value for name, value in given.items()}) for position in range(cases)
    ]
    async with desk.parts.units.write() as work:
        await work.session.execute(insert(AppealCase), rows)
    return [row["appeal_id"] for row in rows]


def _case(position, given):
    usual = {
        "region": REGION,
        "tier": 2,
        "language": "ru",
        "status": "IN_REVIEW",
        "kind": "COMPLAINT",
        "category": "WAITING",
        "topic": None,
    }
    row = usual | given
    named = row.pop("number", None) or number(row["region"])
    digits = int("".join(filter(str.isdigit, named)))
    fixed = {
        "statutory_form": "ZHALOBA",
        "urgency": "NORMAL",
        "holder": "FUND_TIER2",
        "provider_id": None,
        "channel": "WEB",
        "imported": False,
    }
    times = {"received_at": NOW, "registered_at": NOW, "updated_at": NOW, "next_due_at": NOW + timedelta(minutes=position)}
    queue = {
        "queue": f"{row['region']}/{row['tier']}/{row['language']}",
        "assignee": None,
        "outcome": None,
        "closed_at": None,
        "sends_at": None,
    }
    made = {"appeal_id": uuid4(), "number": named, "number_digits": digits, "serial": digits // 10 % 10_000_000, "version": 1}
    return made | fixed | times | queue | {"classification": {"decision": "auto"}} | row


async def switch_on(desk, *queues, automatic=True):
    """Let the cases of these queues be assigned by rule."""
    async with desk.parts.units.write() as work:
        for queue in queues:
            row = {"queue": queue, "region": queue[:5], "automatic": automatic, "changed_by": "saule", "changed_at": NOW}
            await store_queue(work.session, row)


async def assign_all(desk) -> int:
    """Assign what can be assigned now, as the job does. Return how many cases were assigned."""
    assigned = 0
    while True:
        async with desk.parts.units.write() as work:
            found = await assign_next(work)
        if not found:
            return assigned
        assigned += found


async def assignees(desk, cases=None) -> dict[UUID, str | None]:
    """Return who has each case."""
    async with desk.parts.database.read() as session:
        rows = {row[0]: row[1] for row in await session.execute(select(AppealCase.appeal_id, AppealCase.assignee))}
    return rows if cases is None else {case: rows[case] for case in cases}


async def claims(desk) -> list[UUID]:
    """Return the appeal of every published claim or assignment."""
    async with desk.parts.database.read() as session:
        query = select(tables.outbox.c.value).where(tables.outbox.c.type == CaseClaimed.TYPE)
        return [CaseClaimed.model_validate_json(value).appeal_id for value in (await session.execute(query)).scalars()]


async def entries(desk, entry_type) -> list[tuple[UUID, str, str | None]]:
    """Return the history entries of a type: appeal, role and actor."""
    async with desk.parts.database.read() as session:
        query = select(History.appeal_id, History.actor_role, History.actor).where(History.type == entry_type)
        return [tuple(row) for row in await session.execute(query)]


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of February 2026 in Kazakhstan; the 2nd is a Monday."""
    return datetime(2026, 2, day, hour, minute, tzinfo=NOW.tzinfo) - timedelta(hours=5)

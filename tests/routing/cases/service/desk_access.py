"""What the random walk over the desk reads of it and does with it, each in a unit of work of its own."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from routing.cases.schemas.command import Command
from routing.cases.schemas.rows import CaseRecord
from routing.cases.service import ClockHistory, carry_out, lock_case, read_case, send_next, visible_case
from routing.clocks.service import ClockWatcher, clocks_of_case
from shared.auth import Principal
from shared.contracts import REGISTRY, AppealEvent
from shared.domain.protection import ground_in
from shared.errors import NotFound
from shared.messaging import tables
from tests.routing.support import NOW

ADMIN = Principal(subject="admin", issuer="", roles=frozenset({"admin"}))

PLAIN: dict[Any, Callable[[Random], Any]] = {
    bool: lambda pick: pick.random() < 0.5,
    int: lambda pick: pick.randint(0, 5),
    float: lambda _pick: 1.0,
    str: lambda _pick: "Мәтін.",
    UUID: lambda _pick: uuid4(),
    date: lambda pick: (date(2027, 1, 1) + timedelta(days=pick.randint(1, 20))).isoformat(),
    datetime: lambda _pick: NOW,
}
"""A value of each plain type of a field."""


class DeskAccess:
    """`desk`: the running service; `cases`: the cases of the walk, each with its `appeal_id`."""

    desk: Any
    cases: Sequence[Any]

    async def carry_out(self, case: Any, who: Principal, command: Command) -> Any:
        async with self.desk.parts.units.write() as work:
            return await carry_out(work, who, await lock_case(work, who, case.appeal_id), command)

    async def record(self, case: Any) -> CaseRecord:
        async with self.desk.parts.units.read() as work:
            return await visible_case(work, ADMIN, case.appeal_id)

    async def number(self, appeal_id: UUID) -> str:
        async with self.desk.parts.units.read() as work:
            return (await visible_case(work, ADMIN, appeal_id)).number

    async def clocks(self, case: Any) -> Any:
        async with self.desk.parts.units.read() as work:
            return await clocks_of_case(work.session, case.appeal_id)

    async def offers(self, case: Any, who: Principal) -> Any:
        async with self.desk.parts.units.read() as work:
            try:
                return (await read_case(work, who, case.appeal_id)).next_actions
            except NotFound:
                return []

    async def is_visible(self, case: Any, who: Principal) -> bool:
        async with self.desk.parts.units.read() as work:
            try:
                await visible_case(work, who, case.appeal_id)
            except NotFound:
                return False
            return True

    async def check_protection(self, case: Any, record: CaseRecord, people: Sequence[Principal], branch: str) -> None:
        """A case with a protected category is protected, and neither its branch nor the person complained about sees a protected one."""
        assert (record.protection is None) == (record.protection_ground is None)
        assert record.protection is not None or ground_in(record.categories) is None
        assert record.protection is not None or (record.concerned is None and record.unproved_body is None)
        for who in people if record.protection is not None else ():
            is_reader = who.role == "expert" or who.region == "KZ-00"
            is_left_out = who.subject == record.concerned or (record.protection == "FUND" and who.region == branch)
            assert await self.is_visible(case, who) == (is_reader and not is_left_out)

    async def is_stored(self, case: Any, who: Principal, done: Any) -> bool:
        async with self.desk.parts.units.read() as work:
            try:
                return await read_case(work, who, case.appeal_id) == done
            except NotFound:  # moved out of sight
                return True

    async def send_all(self) -> None:
        has_more = True
        while has_more:
            async with self.desk.parts.units.write() as work:
                has_more = await send_next(work)

    async def watch(self) -> None:
        has_due = True
        while has_due:
            async with self.desk.parts.units.write() as work:
                has_due = bool(await ClockWatcher(ClockHistory()).watch(work))

    async def position(self) -> int:
        async with self.desk.parts.database.read() as session:
            return (await session.execute(select(func.max(tables.outbox.c.id)))).scalar() or 0

    async def events(self, position: int) -> list[AppealEvent]:
        query = select(tables.outbox.c.type, tables.outbox.c.value).where(tables.outbox.c.id > position).order_by(tables.outbox.c.id)
        async with self.desk.parts.database.read() as session:
            found = [REGISTRY[row.type].model_validate_json(row.value) for row in await session.execute(query)]
        own = {case.appeal_id for case in self.cases}
        return [event for event in found if event.appeal_id in own]

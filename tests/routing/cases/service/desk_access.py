"""What the random walk over the desk reads of it and does with it, each in a unit of work of its own."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from routing.cases.schemas import commands
from routing.cases.schemas.rows import CaseRecord
from routing.cases.service import ClockHistory, carry_out, lock_case, read_case, send_next, visible_case
from routing.clocks.service import ClockWatcher, clocks_of_case
from shared.auth import Principal
from shared.contracts import REGISTRY, AppealEvent
from shared.errors import NotFound
from shared.messaging import tables

ADMIN = Principal(subject="admin", issuer="", roles=frozenset({"admin"}))


class DeskAccess:
    """`desk`: the running service; `cases`: the cases of the walk, each with its `appeal_id`."""

    desk: Any
    cases: Sequence[Any]

    async def carry_out(self, case: Any, who: Principal, command: commands.Command) -> Any:
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

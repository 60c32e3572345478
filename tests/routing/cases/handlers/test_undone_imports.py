from datetime import UTC, date, datetime

from sqlalchemy import Uuid, select

from routing.base import RoutingModel
from routing.cases.models import AppealCase
from routing.cases.service import ClockHistory
from routing.clocks.service import ClockWatcher
from shared.contracts import ImportUndoRequested
from tests.routing.support import COMPLAINT, NOW, QUESTION

RECEIVED = datetime(2026, 1, 19, 5, tzinfo=UTC)
DUE = datetime(2026, 3, 6, 18, 59, 59, tzinfo=UTC)
LEAD = {"region": "KZ-43", "subject": "lead"}


async def take_over(desk, **given):
    usual = {"received_at": RECEIVED, "registered_at": RECEIVED, "due_at": DUE, "taken_over": True, "text": COMPLAINT}
    return await desk.open(**(usual | given))


async def left_of(desk, appeal_id):
    """Return the tables that still have a row of the appeal."""
    tables = [table for table in RoutingModel.metadata.sorted_tables if "appeal_id" in table.c and isinstance(table.c.appeal_id.type, Uuid)]
    async with desk.parts.database.read() as session:
        found = [(table.name, await session.execute(select(table).where(table.c.appeal_id == appeal_id))) for table in tables]
        return [name for name, rows in found if rows.first()]


class TestTakenOver:
    async def test_the_statutory_clock_ends_when_the_former_register_says(self, desk):
        case = await desk.case(await take_over(desk, extended_until=date(2026, 3, 6)))
        (clock,) = case["clocks"]
        assert (clock["policy"], clock["due_at"], clock["state"]) == ("APPK_15WD", "2026-03-06T18:59:59Z", "RUNNING")
        assert (case["next_due_at"], case["extended_until"]) == (clock["due_at"], "2026-03-06")
        assert case["queue"] == "KZ-43/2/ru"

    async def test_a_protected_appeal_goes_to_the_lane(self, desk):
        appeal_id = await take_over(desk, kind="COMPLAINT", category="EXTORTION")
        async with desk.parts.database.read() as session:
            case = await session.get_one(AppealCase, appeal_id)
        assert (case.tier, case.protection) == (3, "SENSITIVE")

    async def test_a_clock_of_the_fund_that_was_over_before_does_not_start(self, desk):
        over = await desk.case(await take_over(desk, text=QUESTION, kind="CONSULTATION"))
        assert [clock["statutory"] for clock in over["clocks"]] == [True]
        today = await desk.case(await take_over(desk, text=QUESTION, kind="CONSULTATION", received_at=NOW, registered_at=NOW))
        assert sorted(clock["statutory"] for clock in today["clocks"]) == [False, True]

    async def test_one_that_is_late_already_is_escalated_at_once(self, desk):
        late = await take_over(desk, due_at=datetime(2026, 1, 30, 18, 59, 59, tzinfo=UTC))
        async with desk.parts.units.write() as work:
            await ClockWatcher(ClockHistory()).watch(work)
        assert "clock-breached" in [fact for fact, _ in await desk.emitted()]
        assert (await desk.case(late))["overdue"]

    async def test_its_history_says_where_it_comes_from(self, desk):
        entries = (await desk.case(await take_over(desk)))["history"]
        assert [each["type"] for each in entries] == ["appeal-routed", "appeal-taken-over"]


class TestUndo:
    async def test_an_untouched_case_leaves_nothing(self, desk):
        gone, other = await take_over(desk), await take_over(desk)
        await desk.apply(ImportUndoRequested(appeal_id=gone))
        assert await left_of(desk, gone) == []
        assert {"appeal_case", "clock", "history"} <= set(await left_of(desk, other))
        assert (await desk.emitted())[-1][0] == "import-undone"

    async def test_a_case_that_a_person_has_claimed_stays(self, desk):
        kept = await take_over(desk)
        assert (await desk.carry_out(kept, "claim", desk.token("specialist", **LEAD))).status_code == 200
        await desk.apply(ImportUndoRequested(appeal_id=kept))
        assert (await desk.emitted())[-1][0] == "import-undo-refused"
        assert {"appeal_case", "clock", "history"} <= set(await left_of(desk, kept))

    async def test_a_note_is_work_as_well(self, desk):
        kept = await take_over(desk)
        who, note = desk.token("specialist", **LEAD), {"text": "Қоңырау"}
        noted = await desk.client.post(f"/routing/v1/cases/{kept}/notes", headers=who, json=note)
        assert noted.status_code == 201
        await desk.apply(ImportUndoRequested(appeal_id=kept))
        assert (await desk.emitted())[-1][0] == "import-undo-refused"

    async def test_asked_again_it_is_undone_again(self, desk):
        gone = await take_over(desk)
        for _ in range(2):
            await desk.apply(ImportUndoRequested(appeal_id=gone))
        assert [fact for fact, _ in await desk.emitted()].count("import-undone") == 2

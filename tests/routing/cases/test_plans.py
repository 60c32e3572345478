"""The lists, counts and searches of the desk never read the whole table: PostgreSQL's plans over 50 000 cases."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event

from routing.cases.codes import CaseScope, CaseSort
from routing.cases.schemas.views import CaseFilter, FoundKeys
from routing.cases.service import colleagues, count_cases, count_open_cases, list_cases
from shared.auth import Principal
from tests.routing.many_cases import add_many_cases
from tests.routing.support import NOW

CASES = 50_000
SPECIALIST = Principal(subject="clerk-3", issuer="", roles=frozenset({"specialist"}), region="KZ-43")
SUPERVISOR = Principal(subject="saule", issuer="", roles=frozenset({"supervisor"}), region="KZ-43")
OPERATOR = Principal(subject="clerk-3", issuer="", roles=frozenset({"operator"}))
EXPERT = Principal(subject="clerk-3", issuer="", roles=frozenset({"expert"}))
PROVIDER = UUID("00000000-0000-4000-8000-000000000004")
QUEUES = {
    "mine": CaseFilter(scope=CaseScope.MINE, subject="clerk-3"),
    "queue": CaseFilter(scope=CaseScope.QUEUE),
    "region": CaseFilter(scope=CaseScope.REGION, region="KZ-43", is_open=True),
    "overdue": CaseFilter(overdue=True),
    "news": CaseFilter(has_news=True),
    "unsorted": CaseFilter(unsorted=True),
    "awaiting": CaseFilter(status="AWAITING_PROVIDER"),
    "open of a colleague": CaseFilter(assignee="clerk-3", is_open=True),
    "overdue of a colleague": CaseFilter(assignee="clerk-3", is_open=True, overdue=True),
    "open by age": CaseFilter(is_open=True, received_from=NOW - timedelta(days=14), received_before=NOW - timedelta(days=4)),
    "open complaints": CaseFilter(scope=CaseScope.QUEUE, kind="COMPLAINT", language="kk"),
}
SEARCHES = {
    "a whole number": CaseFilter(number="2026-43-0000042-0"),
    "the end of a number": CaseFilter(number="42-0"),
    "found appeals": CaseFilter(found=FoundKeys(appeal_ids=tuple(UUID(int=n) for n in range(20)))),
    "a found provider": CaseFilter(found=FoundKeys(provider_ids=(PROVIDER,))),
    "a provider": CaseFilter(provider_id=PROVIDER),
}


class Plans:
    """The plans of the statements on cases that run inside the context."""

    def __init__(self, engine):
        self._engine = engine.sync_engine
        self._statements = []

    def _seen(self, _connection, _cursor, statement, parameters, _context, _many):
        if "FROM appeal_case" in statement:
            self._statements.append((statement, parameters))

    def __enter__(self):
        event.listen(self._engine, "before_cursor_execute", self._seen)
        return self

    def __exit__(self, *_args):
        event.remove(self._engine, "before_cursor_execute", self._seen)

    async def read(self, session) -> list[str]:
        """Return the plans as text."""
        connection = await session.connection()
        found = []
        for statement, parameters in self._statements:
            rows = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            found.append(json.dumps(rows.scalar_one()))
        return found


async def plans_of(desk, principal, wanted, *, count_only=False):
    with Plans(desk.parts.database.engine) as plans:
        async with desk.parts.units.read() as work:
            if count_only:
                await count_cases(work, principal, wanted)
            else:
                await list_cases(work, principal, wanted, limit=25, cursor=None)
    async with desk.parts.database.read() as session:
        return await plans.read(session)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
class TestPlans:
    async def test_no_queue_and_no_search_reads_the_whole_table(self, desk):
        await add_many_cases(desk.parts.database.engine, CASES)
        wrong = []
        for principal in (SPECIALIST, OPERATOR, EXPERT):
            for name, wanted in (QUEUES | SEARCHES).items():
                for sort in CaseSort:
                    found = await plans_of(desk, principal, CaseFilter(**{**_fields(wanted), "sort": sort}))
                    assert len(found) == 2, "the page and its total"
                    wrong += [f"{name} by {sort} as {principal.role}" for plan in found if '"Seq Scan"' in plan]
                wrong += [f"count of {name}" for plan in await plans_of(desk, principal, wanted, count_only=True) if '"Seq Scan"' in plan]
        assert wrong == []

    async def test_open_cases_are_counted_in_an_index_alone(self, desk):
        await add_many_cases(desk.parts.database.engine, CASES)
        wrong = []
        for principal in (SPECIALIST, OPERATOR, EXPERT):
            for name in ("queue", "region", "overdue", "awaiting", "open complaints"):
                for plan in await plans_of(desk, principal, QUEUES[name], count_only=True):
                    wrong += [f"{name} as {principal.roles}"] if '"Index Only Scan"' not in plan else []
        assert wrong == []

    async def test_a_page_of_open_cases_is_chosen_in_an_index_alone(self, desk):
        await add_many_cases(desk.parts.database.engine, CASES)
        wrong = []
        for principal in (SPECIALIST, OPERATOR, EXPERT):
            for name, sort in (("open by age", CaseSort.DUE), ("open complaints", CaseSort.DUE), ("queue", CaseSort.UPDATED)):
                page, _total = await plans_of(desk, principal, CaseFilter(**{**_fields(QUEUES[name]), "sort": sort}))
                reads_rows = '"Index Only Scan"' not in page and "ix_case_updated" not in page  # the order of changes finds few enough
                wrong += [f"{name} by {sort} as {principal.roles}"] if reads_rows else []
        assert wrong == []

    async def test_the_tabs_are_counted_in_one_pass_over_an_index_alone(self, desk):
        await add_many_cases(desk.parts.database.engine, CASES)
        lists = [QUEUES[name] for name in ("mine", "queue", "region", "overdue", "awaiting")]
        for principal in (SPECIALIST, OPERATOR, EXPERT):
            with Plans(desk.parts.database.engine) as plans:
                async with desk.parts.units.read() as work:
                    counted = await count_open_cases(work, principal, lists)
                    assert counted == [await count_cases(work, principal, wanted) for wanted in lists]
            async with desk.parts.database.read() as session:
                assert '"Index Only Scan"' in (await plans.read(session))[0], principal.roles

    async def test_the_figures_of_a_team_begin_at_an_index(self, desk):
        await add_many_cases(desk.parts.database.engine, CASES)
        for principal in (SUPERVISOR, OPERATOR, EXPERT):
            with Plans(desk.parts.database.engine) as plans:
                async with desk.parts.units.read() as work:
                    await colleagues.team(work, principal)
                    await colleagues.oldest_open(work, principal)
            async with desk.parts.database.read() as session:
                found = await plans.read(session)
            assert len(found) == 2
            for plan in found:
                assert '"Seq Scan"' not in plan, principal.role
                assert "ix_case_open" in plan

    async def test_a_page_of_all_cases_in_each_order_begins_at_an_index(self, desk):
        await add_many_cases(desk.parts.database.engine, CASES)
        for principal in (SPECIALIST, OPERATOR, EXPERT):
            for sort in CaseSort:
                page, _total = await plans_of(desk, principal, CaseFilter(sort=sort))
                assert '"Seq Scan"' not in page, (principal.role, sort)
                assert "ix_case" in page


def _fields(wanted: CaseFilter) -> dict:
    return {name: getattr(wanted, name) for name in CaseFilter.__slots__}

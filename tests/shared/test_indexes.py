"""Every index of a table that is written with each appeal or event has a query that needs it: docs/database.md names it."""

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.clock import SystemClock
from shared.database import Database
from shared.ids import RandomIds

ROOT = Path(__file__).parents[2]
PACKAGES = {"intake": "intake", "routing": "routing", "provider-contact": "provider_contact", "analytics": "analytics"}
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| `([\w/.-]+)`: `(\w+)` \|$", re.MULTILINE)
INDEXES = text("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'")


def documented(heading):
    """Return the rows (table, index, file, function) of a section of the page."""
    page = (ROOT / "docs/database.md").read_text()
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [match.groups() for match in ROW.finditer(section)]


def functions(path):
    """Return the functions of a file, methods included."""
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.parametrize("service", PACKAGES)
class TestIndexes:
    async def test_each_index_of_a_hot_table_has_its_query_in_the_list(self, engine, tmp_path, service):
        database = Database(engine.url(tmp_path, service), service=service, clock=SystemClock(), ids=RandomIds())
        await engine.migrate(database, PACKAGES[service])
        async with database.read() as session:
            found = {(table, index) for table, index in await session.execute(INDEXES)}
        await database.close()
        named = {(table, index) for table, index, *_ in (*documented("Every service"), *documented(service))}
        hot = {table for table, _ in named}
        assert {(table, index) for table, index in found if table in hot} == named


@pytest.mark.parametrize("heading", ["Every service", *PACKAGES])
class TestQueries:
    def test_the_function_that_needs_an_index_exists(self, heading):
        rows = documented(heading)
        assert rows
        assert [(path, function) for _, _, path, function in rows if function not in functions(path)] == []

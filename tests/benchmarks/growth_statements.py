"""What each SQL statement costs an appeal, from the server's own statistics (`pg_stat_statements`)."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

LIBRARY = "pg_stat_statements"
LISTED_MS = 0.002  # for each appeal: statements below are left out of the result
LONGEST_TEXT = 2_000
MORE_BLOCKS = 1.05
_FOUND = f"""
    SELECT datname, query, sum(calls)::float8, sum(total_exec_time)::float8, sum(shared_blks_hit + shared_blks_read)::float8
    FROM {LIBRARY} JOIN pg_database ON pg_database.oid = dbid WHERE datname LIKE $1 GROUP BY 1, 2
"""
_LIST = re.compile(r"\$\d+(?:::[\w \[\]]+)?(?:\s*,\s*\$\d+(?:::[\w \[\]]+)?)+")
_ROWS = re.compile(r"\(\$…\)(?:\s*,\s*\(\$…\))+")


@dataclass(frozen=True)
class Statement:
    """A statement with its lists shortened. Per appeal: calls, ms by the server's clock, and blocks of 8 kB read from memory or disk."""

    database: str
    text: str
    calls: float
    ms: float
    blocks: float


async def prepare(server: asyncpg.Connection) -> None:
    """Have the server load the library. It has to be restarted."""
    await server.execute(f"ALTER SYSTEM SET shared_preload_libraries = '{LIBRARY}'")


async def create(server: asyncpg.Connection) -> None:
    await server.execute(f"CREATE EXTENSION IF NOT EXISTS {LIBRARY}")


async def reset(server: asyncpg.Connection) -> None:
    await server.execute(f"SELECT {LIBRARY}_reset()")


async def statements(server: asyncpg.Connection, prefix: str, appeals: int) -> list[Statement]:
    """Return what the statements of the suite's databases cost since the last reset, the most expensive first."""
    sums: defaultdict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for database, text, *figures in await server.fetch(_FOUND, f"{prefix}%"):
        entry = sums[database.removeprefix(f"{prefix}_aryz_").replace("_", "-"), without_lists(text)]
        for index, figure in enumerate(figures):
            entry[index] += figure / appeals
    found = [Statement(*key, *(round(figure, 5) for figure in figures)) for key, figures in sums.items()]
    return sorted((each for each in found if each.ms >= LISTED_MS), key=lambda each: -each.ms)


def without_lists(text: str) -> str:
    """Return a statement in one line, with each list of values and of rows as one: batches of every size are one statement."""
    in_line = " ".join(text.split())
    return _ROWS.sub("($…), …", _LIST.sub("$…", in_line))[:LONGEST_TEXT]


@dataclass(frozen=True)
class StatementGrowth:
    """A statement at the smallest and at the largest size."""

    before: Statement
    after: Statement

    @property
    def more_ms(self) -> float:
        return self.after.ms - self.before.ms

    @property
    def reads_more(self) -> bool:
        """Whether it reads more blocks: then the stored rows cost it, not the other load of the machine."""
        return self.after.blocks > self.before.blocks * MORE_BLOCKS


def grown(before: Sequence[Statement], after: Sequence[Statement]) -> list[StatementGrowth]:
    """Return the statements that take more time than before: first those that read more blocks, the largest difference in time first."""
    earlier: Mapping[tuple[str, str], Statement] = {(each.database, each.text): each for each in before}
    pairs = [
        StatementGrowth(earlier.get((each.database, each.text), Statement(each.database, each.text, 0.0, 0.0, 0.0)), each) for each in after
    ]
    return sorted((each for each in pairs if each.more_ms > 0), key=lambda each: (not each.reads_more, -each.more_ms))

"""How long each stage of an appeal took, and how many events it caused, from analytics' rows and the senders' notes.

PostgreSQL notes when each transaction committed (`track_commit_timestamp`), so that the moment of counting costs no query while
appeals arrive.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from shared.contracts import AppealRegistered, AppealRouted
from tests.benchmarks.country_load import SENT_ROW
from tests.benchmarks.end_to_end import percentile

STEPS = """
    SELECT registered.appeal_id, extract(epoch FROM registered.at)::float8, extract(epoch FROM routed.at)::float8,
           extract(epoch FROM pg_xact_commit_timestamp(routed.xmin))::float8
    FROM transition AS registered JOIN transition AS routed USING (appeal_id)
    WHERE registered.type = $1 AND routed.type = $2
"""


@dataclass(frozen=True)
class Stage:
    """Milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True)
class Stages:
    """The appeals of a run by stage. `last_counted`: `time.time`; `missing`: appeals that were accepted and are not counted."""

    stages: Mapping[str, Stage]
    last_counted: float
    missing: int


async def remember_commits(server: asyncpg.Connection) -> None:
    """Have the server note the time of every commit. It has to be restarted."""
    await server.execute("ALTER SYSTEM SET track_commit_timestamp = on")


async def stages(database: asyncpg.Connection, sent_rows: bytes) -> Stages:
    """Return the stages of all accepted appeals. `database`: analytics'."""
    sent = {row[0]: (row[1], row[2]) for row in SENT_ROW.iter_unpack(sent_rows)}
    spans: dict[str, list[float]] = {"accepted": [took for _, took in sent.values()]}
    routing, counting, whole = (spans.setdefault(name, []) for name in ("registered to routed", "routed to counted", "sent to counted"))
    last = 0.0
    for appeal_id, registered, routed, counted in await database.fetch(STEPS, AppealRegistered.FACT, AppealRouted.FACT):
        if (noted := sent.pop(appeal_id.bytes, None)) is None:
            continue
        began, _ = noted
        routing.append((routed - registered) * 1000)
        counting.append((counted - routed) * 1000)
        whole.append((counted - began) * 1000)
        last = max(last, counted)
    return Stages({name: _stage(spans[name]) for name in spans}, last, len(sent))


def _stage(spans: list[float]) -> Stage:
    spans.sort()
    return Stage(*(round(percentile(spans, percent), 1) for percent in (50, 99)))


async def events_by_type(database: asyncpg.Connection) -> Mapping[str, int]:
    """Return the number of events of appeals by type, the most frequent first. `database`: analytics'."""
    rows = await database.fetch("SELECT type, count(*) FROM transition GROUP BY type ORDER BY 2 DESC, 1")
    return {row[0]: row[1] for row in rows}

import pytest
from sqlalchemy import insert
from sqlalchemy.event import listen, remove

from analytics.facts.jobs import refresh_rollups
from analytics.facts.models import fact
from analytics.kpis.service import leakage_seconds
from tests.analytics.half_a_year import fact_rows


class TestCountBy:
    @pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # the plan's words are SQLite's
    async def test_long_counts_read_an_index_alone_and_in_its_order(self, world):
        indexes = {
            "received_by_channel": "ix_fact_received", "received_by_kind": "ix_fact_received", "received_by_region": "ix_fact_result",
            "received_by_tier": "ix_fact_result", "outcomes": "ix_fact_result", "consultations_by_topic": "ix_fact_subject",
        }  # fmt: skip
        asked = {}

        def watch(_connection, _cursor, statement, parameters, *_rest):
            if "GROUP BY" in statement:
                asked[kpi_id] = (statement, parameters)

        listen(world.parts.database._reader.sync_engine, "before_cursor_execute", watch)
        for kpi_id in indexes:
            await world.kpi(kpi_id)
        async with world.parts.database.read() as session:
            connection = await session.connection()
            for kpi_id, index in indexes.items():
                statement, parameters = asked[kpi_id]
                plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                assert f"COVERING INDEX {index}" in plan[1], kpi_id
                assert plan[2:] == ["SCAN anon_1", "USE TEMP B-TREE FOR GROUP BY"], kpi_id  # of the few rows that are left

    @pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
    @pytest.mark.parametrize(
        ("kpi_id", "asked", "index"),
        [
            ("answer_time_median", {}, "COVERING INDEX ix_fact_answer_time"),
            ("answer_time_p90", {"region": "KZ-43"}, "COVERING INDEX ix_fact_answer_time"),
            ("tier1_leakage", {}, "SEARCH fact_1 USING INDEX ix_fact_follows (follows=?)"),
            ("first_contact_resolution", {}, "COVERING INDEX ix_fact_follows"),
        ],
    )
    async def test_times_and_continuations_read_an_index(self, world, kpi_id, asked, index):
        statements = []

        def watch(_connection, _cursor, statement, parameters, *_rest):
            statements.append((statement, parameters))

        listen(world.parts.database._reader.sync_engine, "before_cursor_execute", watch)
        await world.kpi(kpi_id, **asked)
        async with world.parts.database.read() as session:
            connection = await session.connection()
            plans = [
                row.detail
                for statement, parameters in list(statements)
                if "answered_at" in statement
                for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
        assert [line for line in plans if index in line], plans


class TestRollups:
    @pytest.mark.parametrize("asked", [{}, {"region": "KZ-43"}, {"group_by": "channel"}, {"group_by": "provider", "kind": "COMPLAINT"}])
    async def test_a_year_is_read_from_the_months_by_their_key_and_not_from_facts(self, world, asked):
        rows = list(fact_rows(12))
        async with world.parts.database.write() as session:
            await session.execute(insert(fact), rows)
        await refresh_rollups(world.parts.units, leakage_seconds())
        statements = []

        def watch(_connection, _cursor, statement, parameters, *_rest):
            statements.append((statement, parameters))

        reader = world.parts.database._reader.sync_engine
        listen(reader, "before_cursor_execute", watch)
        await world.get("/kpis/received", **{"from": "2021-01-01", "to": "2021-12-31"} | asked)
        remove(reader, "before_cursor_execute", watch)
        [(statement, parameters)] = [each for each in statements if "rollup_month" in each[0]]
        assert not [each for each, _ in statements if "FROM fact" in each and "pending_recount" not in each]
        async with world.parts.database.read() as session:
            connection = await session.connection()
            if world.parts.database.is_sqlite:
                plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                assert any(
                    "rollup_month USING INDEX sqlite_autoindex_rollup_month_1 (dimension=? AND region=? AND first>?" in line
                    for line in plan
                ), plan
            else:
                await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
                await connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
                plan = [row[0] for row in await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
                assert any("using rollup_month_pkey" in line.lower() for line in plan), plan
                assert any("Index Cond" in line and "dimension" in line for line in plan), plan

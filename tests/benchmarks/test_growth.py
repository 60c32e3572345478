"""The growth benchmark in small: copies are whole appeals, and every figure is there. The figures themselves are `make bench-growth`'s."""

import io
import json
from dataclasses import replace

import asyncpg
import pytest
from rich.console import Console

from suite.processes import SERVICES
from tests.benchmarks import growth, growth_copy
from tests.benchmarks.country_usage import BACKGROUND
from tests.benchmarks.end_to_end import database_url
from tests.benchmarks.ground import Ground
from tests.benchmarks.growth import GrowthOrder
from tests.benchmarks.growth_consumers import _Sample, cost_of
from tests.benchmarks.growth_copy import Sources, TooManyAppeals
from tests.benchmarks.growth_plan import PLANS, ColumnOf, values
from tests.benchmarks.growth_report import print_result
from tests.benchmarks.growth_run import PREFIX
from tests.benchmarks.growth_statements import Statement, grown, without_lists

ORDER = GrowthOrder(sizes=(1_500, 4_000), appeals=400, base=180)
PROCESSES = {f"{service} {kind}" for service in SERVICES for kind in ("api", "worker")}
DATABASES = {f"PostgreSQL {service}" for service in SERVICES}
STORED = {  # by service: what each appeal has exactly one of
    "intake": ("SELECT id FROM appeal", "SELECT appeal_id FROM tracking"),
    "routing": ("SELECT appeal_id FROM appeal_case",),
    "analytics": ("SELECT appeal_id FROM fact",),
}


@pytest.fixture(scope="module")
def ground(kafka, postgres, tmp_path_factory):
    return Ground(kafka, postgres, tmp_path_factory.mktemp("growth-data"))


@pytest.fixture(scope="module")
def sizes(ground, tmp_path_factory):
    return growth.on_ground(ground, ORDER, tmp_path_factory.mktemp("growth"), Console(file=io.StringIO()))


@pytest.fixture
async def ask(sizes, ground):  # noqa: ARG001 - the databases are there after the run
    """Query a service's database."""
    connections = {service: await asyncpg.connect(database_url(ground, PREFIX, service)) for service in SERVICES}

    async def fetch(service, query, *arguments):
        return await connections[service].fetch(query, *arguments)

    yield fetch
    for each in connections.values():
        await each.close()


class TestRun:
    def test_every_size_is_stored_exactly_and_nothing_is_lost(self, sizes):
        assert [each.stored.appeals for each in sizes] == list(ORDER.sizes)
        assert [(each.appeals, each.missing) for each in sizes] == [(ORDER.appeals, 0)] * len(sizes)

    def test_every_process_and_consumer_has_its_cost(self, sizes):
        for size in sizes:
            assert size.processor_ms.keys() == PROCESSES | DATABASES | {"Kafka", BACKGROUND}
            assert size.consumers.keys() == set(SERVICES)
            for cost in size.consumers.values():
                assert cost.samples > 0
                assert cost.events > ORDER.appeals
                assert 0 < cost.database_us < cost.mean_us
                assert cost.median_us > 0

    def test_every_database_has_its_size_and_its_statements(self, sizes):
        for size in sizes:
            assert size.stored.tables.keys() == size.stored.indexes.keys() == set(SERVICES)
            assert {each.database for each in size.statements} == set(SERVICES)
            assert any(each.text.startswith("COPY") and each.database == "routing" and each.blocks > 1 for each in size.statements)
        assert sizes[1].stored.megabytes > sizes[0].stored.megabytes
        assert sizes[1].stored.by_index["intake appeal_pkey"] > sizes[0].stored.by_index["intake appeal_pkey"]

    def test_it_is_written_as_json_and_printed(self, sizes, tmp_path):
        growth.write(tmp_path / "growth.json", sizes)
        assert [each["stored"]["appeals"] for each in json.loads((tmp_path / "growth.json").read_text())] == list(ORDER.sizes)
        table = (tmp_path / "growth.md").read_text().splitlines()
        assert table[0] == "| stored appeals | 1 500 | 4 000 | last / first |"
        assert len({line.count("|") for line in table}) == 1
        console = Console(file=io.StringIO(), width=200)
        print_result(console, sizes)
        printed = console.file.getvalue()
        assert all(name in printed for name in PROCESSES | DATABASES)
        assert "nothing is lost" in printed

    def test_a_lost_appeal_is_said(self, sizes):
        console = Console(file=io.StringIO(), width=200)
        print_result(console, [replace(sizes[0], missing=2)])
        assert "2 appeals are lost" in console.file.getvalue()

    async def test_the_server_is_measured_as_durable_as_in_production(self, ask):
        [settings] = await ask(
            "routing", "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('autovacuum')"
        )
        assert tuple(settings) == ("on", "on", "on")
        measuring = "'shared_preload_libraries', 'track_commit_timestamp'"
        changed = await ask(
            "routing", f"SELECT name FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf' AND name NOT IN ({measuring})"
        )
        assert changed == []


class TestCopies:
    async def test_an_appeal_is_the_same_in_every_database(self, ask):
        found = [{row[0] for row in await ask(service, query)} for service, queries in STORED.items() for query in queries]
        assert all(each == found[0] for each in found)
        assert len(found[0]) == ORDER.sizes[-1] + ORDER.appeals

    async def test_numbers_and_keyed_hashes_are_those_of_the_copy(self, ask):
        [[rows, numbers, phones]] = await ask("intake", "SELECT count(*), count(DISTINCT number), count(DISTINCT phone_key) FROM appeal")
        assert numbers == rows
        assert phones > ORDER.sizes[-1] / 2
        as_read = "replace(number, '-', '')::bigint = number_digits AND substr(number, 9, 7)::bigint = serial"
        assert [tuple(row) for row in await ask("routing", f"SELECT count(*) FROM appeal_case WHERE NOT ({as_read})")] == [(0,)]
        known = {row[0] for row in await ask("intake", "SELECT number FROM appeal")}
        assert {row[0] for row in await ask("provider-contact", "SELECT number FROM appeal")} <= known

    async def test_copies_are_closed_and_lie_in_the_past_where_more_than_one_in_twenty_is_open(self, ask):
        sent = ORDER.base + 3 * ORDER.appeals  # and the last ones; with the warm-ups
        old = "received_at < now() - interval '1 hour'"
        query = f"SELECT count(closed_at), count(*) FILTER (WHERE closed_at IS NULL) FROM appeal_case WHERE {old}"
        assert [tuple(row) for row in await ask("routing", query)] == [(ORDER.sizes[-1] - sent, 0)]

    async def test_no_job_finds_work_at_a_copy_of_a_closed_appeal(self, ask):
        due = "SELECT count(*) FROM clock JOIN appeal_case USING (appeal_id) WHERE closed_at IS NOT NULL AND next_at IS NOT NULL"
        assert [tuple(row) for row in await ask("routing", due)] == [(0,)]
        due = "SELECT count(*) FROM inquiry JOIN appeal USING (appeal_id) WHERE appeal.closed AND NOT inquiry.settled"
        assert [tuple(row) for row in await ask("provider-contact", due)] == [(0,)]
        due = "SELECT count(*) FROM notice WHERE state = 'PLANNED' AND planned_at < now() - interval '1 hour'"
        assert [tuple(row) for row in await ask("intake", due)] == [(0,)]

    async def test_the_feed_goes_on_after_the_positions_of_the_copies(self, ask):
        [[entries, placed, last, counter]] = await ask(
            "intake", "SELECT count(*), count(DISTINCT position), max(position), (SELECT last FROM update_counter) FROM update_entry"
        )
        assert entries > ORDER.sizes[-1] / 10  # of the channels that have a feed
        assert placed == entries
        assert last == counter

    async def test_every_event_of_a_closed_appeal_is_copied(self, ask):
        kinds = "SELECT type, count(*) FROM transition JOIN fact USING (appeal_id) WHERE fact.closed_at {} GROUP BY 1"
        closed = dict(await ask("analytics", kinds.format("IS NOT NULL")))
        [[count]] = await ask("analytics", "SELECT count(*) FROM fact WHERE closed_at IS NOT NULL")
        assert closed["appeal-registered"] == closed["appeal-routed"] == closed["case-closed"] == count

    async def test_every_table_is_copied_or_left_for_a_reason(self, ask):
        for service, plan in PLANS.items():
            found = await ask(service, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            assert {row[0] for row in found} == plan.tables, service

    async def test_no_table_that_is_left_has_rows_of_appeals(self, ask):
        # Do not grow with the appeals: rows of the last are deleted within seconds, when their days have been counted.
        shared = {"provider", "receiver", "colleague", "pending_recount"}
        for service, plan in PLANS.items():
            for table in plan.left - shared:
                columns = await ask(
                    service, "SELECT 1 FROM information_schema.columns WHERE table_name = $1 AND column_name = 'appeal_id'", table
                )
                [[rows]] = await ask(service, f"SELECT count(*) FROM public.{table}")
                assert not (columns and rows), (service, table)

    async def test_one_in_twenty_is_open_and_the_numbers_must_suffice(self):
        class Routing:
            async def fetchrow(self, _query):
                return 1_000, 50

        class Intake:
            async def fetchval(self, _query):
                return 1_000

        databases = {"routing": Routing(), "intake": Intake()}
        blocks = await growth_copy._blocks(databases, Sources(600, 300, 901), 100_000)
        assert [(block.closed, block.count, block.first) for block in blocks] == [(True, 94_050, 2), (False, 4_950, 2)]
        with pytest.raises(TooManyAppeals):
            await growth_copy._blocks(databases, Sources(600, 300, 901), 20_000_000)

    def test_a_column_that_is_an_id_of_another_thing_stays(self):
        columns = [ColumnOf("provider_id", "uuid", False), ColumnOf("appeal_id", "uuid", False), ColumnOf("id", "bigint", True)]
        assert dict(values(columns)) == {'"provider_id"': 's."provider_id"', '"appeal_id"': 'growth.id(s."appeal_id", copy, age)'}


class TestConsumers:
    def test_the_median_ignores_a_sample_that_a_checkpoint_disturbed(self):
        cost = cost_of([_Sample(100, 20_000_000, 10_000_000), _Sample(100, 20_000_000, 10_000_000), _Sample(200, 160_000_000, 0)])
        assert (cost.median_us, cost.mean_us, cost.database_us, cost.samples, cost.events) == (300.0, 550.0, 50.0, 3, 400)


class TestStatements:
    def test_batches_of_every_size_are_one_statement(self):
        assert without_lists("SELECT a\n FROM b WHERE c IN ($1, $2,$3)") == without_lists("SELECT a FROM b WHERE c IN ($1, $2)")
        assert without_lists("INSERT INTO a VALUES ($1, $2), ($3, $4)") == without_lists(
            "INSERT INTO a VALUES ($1, $2), ($3, $4), ($5, $6)"
        )
        assert without_lists("SELECT $1") == "SELECT $1"

    def test_those_that_read_more_come_first(self):
        before = [Statement("routing", text, 1.0, 0.1, 10.0) for text in ("waits", "scans", "faster")]
        after = [Statement("routing", "waits", 1.0, 0.9, 10.0), Statement("routing", "scans", 1.0, 0.3, 30.0)]
        after += [Statement("routing", "faster", 1.0, 0.05, 10.0), Statement("routing", "new", 1.0, 0.01, 1.0)]
        assert [each.after.text for each in grown(before, after)] == ["scans", "new", "waits"]

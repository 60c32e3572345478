"""The country benchmark in small: nothing is lost, and every figure is there. The figures themselves are `make bench-country`'s."""

import io
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from rich.console import Console

from suite.processes import SERVICES
from tests.benchmarks import country, country_compare
from tests.benchmarks.country_compare import HERE, Change, Comparison, NotComparable, compare
from tests.benchmarks.country_load import SENT, SENT_ROW
from tests.benchmarks.country_people import CONFIRMED, HANDLED_EVERY
from tests.benchmarks.country_report import print_result
from tests.benchmarks.country_run import PREFIX, Order
from tests.benchmarks.country_stages import stages
from tests.benchmarks.country_usage import BACKGROUND, LOAD
from tests.benchmarks.end_to_end import database_url
from tests.benchmarks.ground import Ground

APPEALS = 2_000
HANDLED = APPEALS // HANDLED_EVERY
PROCESSES = {f"{service} {kind}" for service in SERVICES for kind in ("api", "worker")}
DATABASES = {f"PostgreSQL {service}" for service in SERVICES}
STAGES = {"accepted", "registered to routed", "routed to counted", "sent to counted"}


@pytest.fixture(scope="module")
def ground(kafka, postgres, tmp_path_factory):
    return Ground(kafka, postgres, tmp_path_factory.mktemp("country-data"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("country")


@pytest.fixture(scope="module")
def result(ground, folder):
    return country.on_engines(ground, Order(APPEALS, minutes=8, profile=folder), folder, Console(file=io.StringIO()))


class TestRun:
    def test_every_appeal_is_counted_and_every_check_holds(self, result):
        assert result.appeals == result.wanted == APPEALS
        assert (result.missing, result.differences) == (0, [])
        assert result.verified, result.verification
        assert result.is_sound

    def test_every_stage_has_its_percentiles(self, result):
        assert result.stages.keys() == STAGES
        assert all(0 < stage.p50 <= stage.p99 for stage in result.stages.values())
        assert result.stages["sent to counted"].p50 > result.stages["accepted"].p50
        assert 0 < result.seconds <= result.quiet_seconds
        assert 0 < result.per_second <= result.accepted_per_second

    def test_every_process_has_its_processor_time_and_memory(self, result):
        assert result.processor_ms.keys() == PROCESSES | DATABASES | {"Kafka", BACKGROUND}
        assert all(result.processor_ms[name] > 0 for name in PROCESSES | DATABASES | {"Kafka"})
        assert result.peak_mb.keys() == result.processor_ms.keys() | {LOAD}
        assert all(result.peak_mb.values())
        assert result.load_ms > 0
        assert {"Kafka", "PostgreSQL background"} <= result.idle_ms_per_second.keys()
        assert sum(result.idle_ms_per_second.values()) > 0

    def test_the_people_act_on_their_share(self, result):
        confirmed = sum(index % CONFIRMED[1] < CONFIRMED[0] for index in range(HANDLED))
        assert result.actions["answered"] == HANDLED
        assert (result.actions["confirmed"], result.actions["closed_by_clerks"]) == (confirmed, HANDLED - confirmed)
        assert result.actions["inquiries_answered"] > 0

    def test_events_are_counted_by_type(self, result):
        assert result.events_by_type["appeal-registered"] == result.events_by_type["appeal-routed"] == APPEALS
        assert result.events_by_type["outcome-confirmed"] == result.actions["confirmed"]
        assert result.events == sum(result.events_by_type.values())
        assert result.events_per_appeal >= 2

    @pytest.mark.usefixtures("result")
    def test_every_process_of_the_suite_has_a_profile(self, folder):
        for name in PROCESSES:
            text = (folder / f"{name.replace(' ', '-').replace('provider-contact', 'provider_contact')}.txt").read_text()
            assert "samples" in text, name
        text = (folder / "intake-api.txt").read_text()
        assert "By innermost function of the product" in text
        assert "GroupCommit" in text

    def test_it_is_written_as_json_and_printed(self, result):
        assert json.loads(json.dumps(asdict(result)))["stages"].keys() == STAGES
        console = Console(file=io.StringIO(), width=200)
        print_result(console, result)
        printed = console.file.getvalue()
        assert "nothing is lost, everything agrees" in printed
        assert all(name in printed for name in PROCESSES | DATABASES | STAGES)

    async def test_an_accepted_appeal_that_is_not_counted_is_missing(self, result, ground, folder):
        analytics = await asyncpg.connect(database_url(ground, PREFIX, "analytics"))
        try:
            found = await stages(analytics, (folder / SENT).read_bytes() + SENT_ROW.pack(uuid4().bytes, 0.0, 1.0))
        finally:
            await analytics.close()
        assert found.missing == 1
        assert not replace(result, missing=found.missing).is_sound

    @pytest.mark.parametrize("change", [{"differences": ["received : sent 2, said 1"]}, {"verified": False}, {"appeals": APPEALS - 1}])
    def test_a_run_with_a_difference_is_not_sound(self, result, change):
        assert not replace(result, **change).is_sound

    @pytest.mark.parametrize(("missing", "code"), [(0, 0), (1, 1)])
    def test_the_command_fails_if_an_appeal_is_missing(self, result, monkeypatch, tmp_path, missing, code):
        monkeypatch.setattr(sys, "argv", ["country", "--result", str(tmp_path / "country.json")])
        monkeypatch.setattr(country, "measure", lambda _order, _console: replace(result, missing=missing))
        assert country._measure(country._arguments(), Console(file=io.StringIO())) == code
        assert json.loads((tmp_path / "country.json").read_text())["missing"] == missing


class TestCompare:
    def test_medians_are_compared_by_process(self):
        comparison = Comparison([{"Kafka": value} for value in (4.0, 2.0, 9.0)], [{"Kafka": 2.0, "new": 1.0}])
        changes = comparison.changes(lambda each: each)
        assert changes["Kafka"].ratio == 0.5
        assert changes["new"] == Change([0.0, 0.0, 0.0], [1.0])
        assert changes["new"].ratio is None

    @pytest.mark.parametrize(("after", "apart"), [([1.0, 1.9], True), ([1.0, 2.1], False), ([2.5, 2.6], False), ([3.1, 4.0], True)])
    def test_runs_are_apart_if_no_run_after_lies_among_those_before(self, after, apart):
        assert Change([2.0, 3.0], after).apart is apart

    def test_the_checkouts_run_in_turn_and_the_slower_machine_burdens_both(self, monkeypatch, tmp_path):
        for needed in (".venv/bin/python", "tests/benchmarks/country.py"):
            (tmp_path / needed).parent.mkdir(parents=True)
            (tmp_path / needed).touch()
        commands = []

        def run(checkout, module, *arguments):
            if module != "engines":
                commands.append(checkout)
                assert arguments[2:] == ("--appeals", "7")
                Path(arguments[1]).write_text(json.dumps({"number": len(commands)}))

        monkeypatch.setattr(country_compare, "_command", run)
        comparison = compare(tmp_path, ["--appeals", "7"], 1, Console(file=io.StringIO()))
        assert commands == [tmp_path, HERE, HERE, tmp_path]
        assert [each["number"] for each in comparison.before] == [1, 4]
        assert [each["number"] for each in comparison.after] == [2, 3]

    def test_a_folder_that_is_no_checkout_is_refused(self, tmp_path):
        with pytest.raises(NotComparable, match="make install"):
            compare(tmp_path, [], 1, Console(file=io.StringIO()))

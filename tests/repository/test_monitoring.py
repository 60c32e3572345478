"""Alerts, objectives and dashboards fit each other, the runbook and promtool. tests/e2e/test_processes.py asks running services."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml

from monitoring.dashboards import FOLDER, TITLES, dashboards
from tests.monitored import MONITORING, alerts, queries

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs/operations/runbook.md").read_text(encoding="utf-8").splitlines()
PAGE = (ROOT / "docs/operations/monitoring.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def promtool():
    if shutil.which("promtool") is None:
        assert os.environ.get("CI") != "true"
        pytest.skip("no promtool (Debian: prometheus)")

    def run(*arguments, folder):
        return subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)

    return run


def cases():
    """Return for each alert how often promtool expects it to fire and to stay silent."""
    found = Counter()
    for file in (MONITORING / "rules_tests").glob("*.yml"):
        for case in yaml.safe_load(file.read_text())["tests"]:
            assert case["input_series"], case["name"]
            for expected in case["alert_rule_test"]:
                found[expected["alertname"], bool(expected["exp_alerts"])] += 1
    return found


class TestAlerts:
    def test_each_carries_its_line_of_the_runbook(self):
        assert {alert["alert"]: alert["annotations"]["runbook"] for alert in alerts()} == {
            found[1]: found[2] for line in RUNBOOK if (found := re.fullmatch(r"- \*\*(Aryz\w+)\.\*\* (.+)", line))
        }

    def test_each_fires_in_a_case_and_stays_silent_in_another(self):
        assert cases().keys() == {(alert["alert"], fires) for alert in alerts() for fires in (True, False)}

    def test_each_says_how_urgent_it_is(self):
        assert {alert["labels"]["severity"] for alert in alerts()} == {"critical", "warning", "info"}
        assert all(alert["annotations"]["summary"] for alert in alerts())

    def test_every_objective_is_on_the_page_with_its_budget(self):
        rules = yaml.safe_load((MONITORING / "rules/objectives.yml").read_text())["groups"][0]["rules"]
        budgets = {rule["labels"]["slo"]: float(rule["expr"][7:-1]) for rule in rules if rule["record"] == "aryz:slo_budget:ratio"}
        assert budgets == {
            name: round(float(share) / 100, 6) for name, share in re.findall(r"^\| `([a-z-]+)` \|.*\| ([\d.]+) %", PAGE, re.MULTILINE)
        }


class TestPromtool:
    @pytest.mark.parametrize("name", ["classifier", "objectives", "processes", "upkeep"])
    def test_the_cases_hold(self, promtool, name):
        done = promtool("test", "rules", f"rules_tests/{name}.yml", folder=MONITORING)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_the_configuration_is_valid(self, promtool, tmp_path):
        shutil.copytree(MONITORING, tmp_path, dirs_exist_ok=True)
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets/metrics-token").write_text("0" * 16)
        done = promtool("check", "config", "prometheus.yml", folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr

    def test_every_query_of_the_dashboards_is_one(self, promtool, tmp_path):
        rules = [{"record": f"query{number}", "expr": query} for number, query in enumerate(queries()["dashboards"])]
        (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
        done = promtool("check", "rules", "queries.yml", folder=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


class TestDashboards:
    def test_the_files_are_what_make_dashboards_writes(self):
        assert {file.stem: json.loads(file.read_text()) for file in FOLDER.glob("*.json")} == dashboards()
        assert dashboards().keys() == {"path", *TITLES}

    @pytest.mark.parametrize("name", ["path", *TITLES])
    def test_panels_have_ids_of_their_own_and_do_not_overlap(self, name):
        panels = dashboards()[name]["panels"]
        assert len({panel["id"] for panel in panels}) == len(panels)
        cells = Counter()
        for panel in panels:
            grid = panel["gridPos"]
            assert grid["x"] + grid["w"] <= 24
            cells.update((x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"]))
        assert max(cells.values()) == 1

    @pytest.mark.parametrize("service", TITLES)
    def test_the_dashboard_of_a_service_shows_this_service_alone(self, service):
        for panel in dashboards()[service]["panels"]:
            for target in panel.get("targets", ()):
                assert set(re.findall(r'service="([^"]+)"', target["expr"])) <= {service}


class TestMetrics:
    def test_the_page_lists_each_that_a_query_names(self):
        named = {name for group in queries().values() for query in group for name in re.findall(r"\b(?:aryz|process)_\w+", query)}
        listed = set(re.findall(r"`((?:aryz|process)_\w+)`", PAGE))
        assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in named} <= listed

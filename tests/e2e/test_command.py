"""The `aryz` command as a person meets it."""

import signal
import subprocess
import sys
from importlib.resources import files

import pytest

from suite import process
from tests.forked_command import aryz
from tests.patience import LONG_PATIENCE, PATIENCE


def started(*arguments):
    """Run the command as a program of its own."""
    command = [sys.executable, "-m", "suite.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG_PATIENCE, check=False)


class TestUp:
    def test_a_second_one_says_who_holds_the_folder(self, people):
        second = started("up", "--port", 0, "--data", people.suite.data)
        assert second.returncode == 1
        assert f"process {people.suite.process.pid} " in second.stderr
        assert "Traceback" not in second.stderr

    def test_a_busy_port_is_reported_in_one_sentence(self, people, tmp_path):
        busy = aryz("up", "--port", people.suite.url.rpartition(":")[2], "--data", tmp_path)
        assert busy.returncode == 1
        assert "cannot be used" in busy.stderr
        assert "Traceback" not in busy.stderr

    def test_production_refuses_the_local_issuer(self, tmp_path):
        refused = aryz("up", "--port", 0, "--data", tmp_path, env={"ARYZ_ENV": "production"})
        assert refused.returncode == 1
        assert "local issuer" in refused.stderr
        assert "Traceback" not in refused.stderr

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_ends_it_in_order(self, tmp_path, how):
        suite = process.start(tmp_path)
        suite.process.send_signal(how)
        rest, _ = suite.process.communicate(timeout=PATIENCE)
        assert suite.process.returncode == 0
        assert rest == ""
        assert "Traceback" not in suite.log.read_text()

    def test_it_is_ready_when_it_says_so(self, people):
        ready = people.http.get("/health/ready")
        assert ready.status_code == 200
        assert set(ready.json()["services"]) == {"intake", "routing", "provider-contact", "analytics"}

    @pytest.mark.parametrize("path", ["/", "/intake/", "/intake/track", "/analytics/dashboard", "/sign-in", "/intake/docs"])
    def test_every_door_opens(self, people, path):
        page = people.http.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "text/html" in page.headers["content-type"]

    def test_the_desk_asks_to_sign_in(self, people):
        page = people.http.get("/routing/desk", headers={"Accept": "text/html"})
        assert page.status_code in {302, 303, 307}
        assert page.headers["location"].startswith("/sign-in")


class TestSettings:
    @pytest.mark.parametrize(
        "arguments",
        [
            ["up", "--port", 0],
            ["token", "--role", "admin"],
            ["migrate"],
            ["replay"],
            ["verify"],
            ["import", __file__],
            ["demo", "--appeals", 1],
        ],
    )
    def test_a_wrong_setting_is_one_sentence_without_its_value(self, tmp_path, arguments):
        file = tmp_path / "register.csv"
        file.touch()
        given = [file if each == __file__ else each for each in arguments]
        refused = aryz(*given, "--data", tmp_path, env={"ARYZ_ENV": "Secret!"})
        assert refused.returncode == 1
        assert "settings: ARYZ_ENV: Input should be 'local' or 'production'" in refused.stdout + refused.stderr
        assert "Traceback" not in refused.stderr
        assert "Secret!" not in refused.stdout + refused.stderr


class TestToken:
    def test_it_prints_a_token_that_works_while_the_suite_runs(self, people):
        printed = started("token", "--role", "specialist", "--region", "KZ-43", "--data", people.suite.data)
        assert printed.stdout.count("\n") == 1
        cases = people.http.get("/routing/v1/cases", headers={"Authorization": f"Bearer {printed.stdout.strip()}"})
        assert cases.status_code == 200

    @pytest.mark.parametrize("arguments", [["--role", "king"], ["--role", "head", "--region", "KZ-99"]])
    def test_an_unknown_role_or_region_is_refused(self, tmp_path, arguments):
        refused = aryz("token", *arguments, "--data", tmp_path)
        assert refused.returncode == 1
        assert refused.stdout == ""


class TestVerify:
    def test_nothing_there_is_said(self, tmp_path):
        nothing = aryz("verify", "--data", tmp_path)
        assert nothing.returncode == 1
        assert "no data" in nothing.stderr


class TestOperations:
    def test_migrating_twice_moves_nothing_the_second_time(self, tmp_path):
        assert "intake, provider-contact, routing, analytics" in aryz("migrate", "--data", tmp_path).stdout
        assert "newest" in aryz("migrate", "--data", tmp_path).stdout

    def test_a_rotated_key_becomes_the_active_one(self, tmp_path):
        aryz("migrate", "--data", tmp_path)
        assert "k2" in aryz("rotate-keys", "--data", tmp_path).stdout

    def test_a_replay_of_nothing_applies_nothing(self, people):
        replayed = aryz("replay", "--data", people.suite.data)
        assert replayed.returncode == 0
        assert "routing: 0 applied, 0 still parked" in replayed.stdout


class TestReconcile:
    def test_a_running_suite_checks_a_statistic_too(self, people):
        example = files("analytics.reconciliations") / "data" / "examples" / "zhambyl-2026.csv"
        done = started("reconcile", example, "--language", "ru", "--url", people.suite.url, "--data", people.suite.data)
        assert done.returncode == 1
        assert done.stdout.count("CONTRADICTION") == 2
        assert "14 rows" in done.stdout
        assert done.stderr == ""

"""A former register of two years, taken over by the command: the published figures come out, and coming twice changes nothing."""

import json
import subprocess
import sys

import pytest

from tests.patience import LONG_PATIENCE

COMPLAINTS = {2024: 847, 2025: 736}  # what the branch published for Kyzylorda
QUESTIONS = 40  # of each year, which are no complaints


def _row(number, year, **more):
    received = f"{year}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    return {
        "legacy_number": f"{year}/{number}",
        "channel": "CALL_1414",
        "language": "kk" if number % 2 else "ru",
        "region": "KZ-43",
        "received_at": f"{received}T06:00:00Z",
        "closed_at": f"{received}T09:00:00Z",
        **more,
    }


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    complaint = {"kind": "COMPLAINT", "category": "QUALITY", "outcome": "JUSTIFIED"}
    rows = [_row(number, year, **complaint) for year, published in COMPLAINTS.items() for number in range(published)]
    rows += [
        _row(10_000 + number, year, kind="CONSULTATION", topic="PAY_METHODS", outcome="EXPLAINED")
        for year in COMPLAINTS
        for number in range(QUESTIONS)
    ]
    path = tmp_path_factory.mktemp("register") / "register.ndjson"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return path


def _aryz_import(people, file):
    command = [sys.executable, "-m", "suite.cli", "import", str(file), "--url", people.suite.url, "--data", str(people.suite.data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG_PATIENCE, check=False)


@pytest.fixture(scope="module")
def imported(people, register):
    done = _aryz_import(people, register)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestImport:
    def test_two_years_give_the_published_comparison(self, people, imported, eventually):
        total = sum(COMPLAINTS.values()) + 2 * QUESTIONS
        assert f"{total} imported" in imported
        eventually(lambda: people.figure("received", "2024-01-01", "2025-12-31", region="KZ-43")["value"] == total)
        said = people.figure("complaints", "2025-01-01", "2025-12-31", region="KZ-43", compare="previous_year")
        assert said["value"] == 736
        assert said["comparison"]["value"] == 847
        assert (said["comparison"]["change"], said["comparison"]["change_percent"]) == (-111, -13.1)

    def test_a_second_time_changes_nothing(self, people, imported, register):
        assert imported
        before = people.figure("received", "2024-01-01", "2025-12-31")["value"]
        again = _aryz_import(people, register)
        assert again.returncode == 0
        assert " 0 imported" in again.stdout
        assert people.figure("received", "2024-01-01", "2025-12-31")["value"] == before

    def test_refused_lines_are_reported_and_the_command_fails(self, people, tmp_path):
        file = tmp_path / "bad.csv"
        file.write_text(
            "legacy_number,channel,language,kind,region,received_at,closed_at,outcome\nx/1,CALL_1414,kk,FEEDBACK,KZ-99,a,b,NOTED\n"
        )
        refused = _aryz_import(people, file)
        assert refused.returncode == 1
        assert "1 refused" in refused.stdout

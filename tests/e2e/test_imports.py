"""A former register of two years, taken over by the command: the published figures come out, and coming twice changes nothing."""

import html
import re
import subprocess
import sys

import pytest

from tests.patience import LONG_PATIENCE
from tests.published_registers import KYZYLORDA_2024, KYZYLORDA_2025, write_register

RECEIVED = KYZYLORDA_2024.received + KYZYLORDA_2025.received


@pytest.fixture(scope="module")
def suite(suite_of_its_own):
    return suite_of_its_own


@pytest.fixture(scope="module")
def register(tmp_path_factory):
    folder = tmp_path_factory.mktemp("register")
    (before,), (year,) = write_register(KYZYLORDA_2024, folder), write_register(KYZYLORDA_2025, folder)
    path = folder / "register.csv"
    path.write_text(before.read_text() + year.read_text().split("\n", 1)[1])
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
        assert f"{RECEIVED} imported" in imported
        eventually(lambda: people.figure("received", "2024-01-01", "2025-12-31", region="KZ-43")["value"] == RECEIVED)
        said = people.figure("complaints", "2025-01-01", "2025-12-31", region="KZ-43", compare="previous_year")
        assert said["value"] == 736
        assert said["comparison"]["value"] == 847
        assert (said["comparison"]["change"], said["comparison"]["change_percent"]) == (-111, -13.1)

    def test_the_report_of_the_year_has_the_published_counts_and_computed_shares(self, people, imported, eventually):
        assert imported
        eventually(lambda: people.figure("received", "2024-01-01", "2025-12-31", region="KZ-43")["value"] == RECEIVED)
        answer = people.get("/analytics/v1/reports/KZ-43/2025.html", "analyst", params={"language": "kk"})
        assert answer.status_code == 200, answer.text
        text = html.unescape(re.sub(r"<[^>]+>", "", answer.text)).replace("\u202f", " ").replace("\u00a0", " ")
        expected = [
            "Қызылорда облысынан 2 669 өтініш түсті.",
            "Шағымдар саны 2024 жылмен салыстырғанда 111-ге (13,1 %) азайды: бұрын 847 болған.",
            "медициналық көмектің сапасы (294; 39,9 %), медициналық көмек көрсетуден бас тарту (238; 32,3 %)",
            "736 шағымның 110-ы (14,9 %) себебі көрсетілмеген.",
            "736 шағымның 415-і (56,4 %) «осы жерде және дәл қазір» қағидаты бойынша шешілген немесе қайтарып алынған.",
            "Олардың үлесі өсіп, 51,1 %-дан 56,4 %-ға жетті.",
        ]
        assert [sentence for sentence in expected if sentence not in text] == []

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

"""The plugin `tests.at_once`, in a run of pytest over files made for it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]
FILE = """
import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent

@pytest.fixture(scope="session", autouse=True)
def engine():
    yield
    (HERE / f"ended-{os.getpid()}").touch()

def test_passes(tmp_path):
    print("printed by", __name__)
    with (HERE / "processes").open("a") as file:
        file.write(f"{__name__} {os.getpid()}\\n")

def test_fails():
    assert not __name__.endswith("b")

def test_is_skipped():
    pytest.skip("for a reason")
"""
ALONE = """
import os
from pathlib import Path

import pytest

@pytest.mark.alone
def test_measures():
    others = Path(__file__).parent.glob("ended-*")
    assert len([each for each in others if each.name != f"ended-{os.getpid()}"]) == 2
"""
CONFTEST = """
def pytest_configure(config):
    config.addinivalue_line("markers", "alone: runs afterwards")
"""


@pytest.fixture
def run(tmp_path):
    def run(**files: str) -> subprocess.CompletedProcess[str]:
        for name, content in {"conftest": CONFTEST, **files}.items():
            (tmp_path / f"{name}.py").write_text(content)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        options = ["-p", "tests.at_once", "--at-once", "2", "-q", "-rs", "-p", "no:cacheprovider", "-c", str(tmp_path / "pytest.ini")]
        command = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)

    return run


def test_each_file_runs_in_one_process_and_its_reports_are_those_of_pytest(run, tmp_path):
    ran = run(test_alone=ALONE, **{f"test_{letter}": FILE for letter in "abcd"})
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 failed, 8 passed, 4 skipped" in ran.stdout
    assert len(re.findall(r"SKIPPED \[1\].*for a reason", ran.stdout)) == 4
    lines = [line.split() for line in (tmp_path / "processes").read_text().splitlines()]
    assert sorted(name for name, _ in lines) == ["test_a", "test_b", "test_c", "test_d"]
    assert len({process for _, process in lines}) == 2


def test_a_process_that_is_killed_fails_the_run_and_the_others_tidy_up(run, tmp_path):
    ran = run(test_a=FILE, test_b="import os\n\ndef test_dies():\n    os.kill(os.getpid(), 9)\n")
    assert ran.returncode == 3, ran.stdout + ran.stderr
    assert "was killed in test_b.py" in ran.stdout + ran.stderr
    assert len(list(tmp_path.glob("ended-*"))) == 1

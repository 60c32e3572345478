"""The commands of the integration pages run as they are printed, against a suite."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

PAGES = Path(__file__).parents[2] / "docs" / "integration"
HERE = "http://127.0.0.1:8000"


def blocks(page, language):
    """The code blocks of a page in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (PAGES / page).read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def run(people, tmp_path):
    """Run commands in bash that address the suite instead of the one of the page."""

    def run(commands):
        assert HERE in commands
        commands = commands.replace(HERE, people.suite.url).replace(".run/data", str(people.suite.data))
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_PROXY": "127.0.0.1"}
        command = ["bash", "-euo", "pipefail", "-c", commands]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)

    return run


class TestCurl:
    def test_the_main_calls_work_one_after_another(self, run):
        commands = blocks("calls.md", "bash")

        done = run("\n".join([*commands, 'echo; echo "done with $NUMBER"']))

        assert len(commands) == 6
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"done with \d{4}-43-\d{7}-\d$", done.stdout.strip())

    def test_a_provider_s_system_reads_and_answers_an_inquiry(self, run):
        commands = blocks("providers.md", "bash")

        done = run("\n".join(commands))

        assert len(commands) == 3
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.strip().endswith("RESPONDED")

    def test_a_repeat_under_the_same_key_has_the_same_number(self, run):
        [commands] = [block for block in blocks("sending-again.md", "") if "curl" in block]
        request = commands[commands.index("curl") :]

        done = run(f"{commands}echo\n{request}echo")

        assert done.returncode == 0, done.stderr
        numbers = re.findall(r'"number":"([\d-]+)"', done.stdout)
        assert (len(numbers), len(set(numbers))) == (2, 1)

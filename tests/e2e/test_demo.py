"""The demo on a small scale: its table agrees, and every promise holds afterwards."""

import subprocess
import sys

from tests.patience import LONG_PATIENCE


def _aryz(*arguments):
    command = [sys.executable, "-m", "suite.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG_PATIENCE, check=False)


class TestDemo:
    def test_two_hundred_appeals_are_counted_as_they_were_sent(self, fresh):
        told = _aryz("demo", "--appeals", 200, "--seed", 7, "--url", fresh.suite.url, "--data", fresh.suite.data)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "everything agrees" in told.stdout
        assert "differs" not in told.stdout
        verified = _aryz("verify", "--data", fresh.suite.data)
        assert verified.returncode == 0, verified.stdout
        assert "│ broken" not in verified.stdout

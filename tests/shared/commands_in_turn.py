"""Run `python -m routing worker` in this process with each environment of a JSON list on standard input.

Prints a JSON list with the exit code or sentence of each run. Importing a service takes much longer than a refusal of its settings.
"""

import json
import os
import runpy
import sys
from unittest import mock


def ending(environment: dict[str, str]) -> str | int | None:
    with mock.patch.dict(os.environ, environment), mock.patch.object(sys, "argv", ["routing", "worker"]):
        try:
            runpy.run_module("routing", run_name="__main__")
        except SystemExit as end:
            return end.code
    return 0


if __name__ == "__main__":
    sys.stdout.write(json.dumps([ending(each) for each in json.load(sys.stdin)]))

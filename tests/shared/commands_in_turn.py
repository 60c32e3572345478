"""Run `python -m SERVICE worker` in this process with each environment of a JSON list on standard input. Argument: the service.

Prints a JSON list with the exit code or sentence of each run. Importing a service takes much longer than a refusal of its settings.
"""

import json
import os
import runpy
import sys
from unittest import mock

SERVICE = sys.argv[1]


def ending(environment: dict[str, str | None]) -> str | int | None:
    with mock.patch.dict(os.environ), mock.patch.object(sys, "argv", [SERVICE, "worker"]):
        for name, value in environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        try:
            runpy.run_module(SERVICE, run_name="__main__")
        except SystemExit as end:
            return end.code
    return 0


if __name__ == "__main__":
    sys.stdout.write(json.dumps([ending(each) for each in json.load(sys.stdin)]))

"""The `aryz` command in a forked process, as a person meets it but for the seconds that each start takes to import the product."""

import os
import sys
import traceback
import warnings
from collections.abc import Mapping
from contextlib import suppress
from subprocess import CompletedProcess
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

from suite import demo, importing, lock, operations, server, tokens, verification  # noqa: F401 - imported once, before the fork
from suite.cli import app


def aryz(*arguments: Any, env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
    """Run the command and return its exit code and what it has written."""
    given = [str(argument) for argument in arguments]
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        process = os.fork()
        if process == 0:
            _run(given, env or {}, output, errors)
        _, status = os.waitpid(process, 0)
        texts = [file.read() for file in (output, errors) if file.seek(0) == 0]
        return CompletedProcess(given, os.waitstatus_to_exitcode(status), *texts)


def _run(arguments: list[str], env: Mapping[str, str], output: IO[str], errors: IO[str]) -> NoReturn:
    code = 1
    with suppress(BaseException):
        sys.stdout, sys.stderr = output, errors
        os.dup2(output.fileno(), 1)
        os.dup2(errors.fileno(), 2)
        os.environ.update(env)
        warnings.simplefilter("ignore")  # that they are errors is a rule of tests
        try:
            app(arguments, prog_name="aryz")
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:  # noqa: BLE001 - as the interpreter does
            traceback.print_exc()
        output.flush()
        errors.flush()
    os._exit(code)

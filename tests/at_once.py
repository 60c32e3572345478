"""Files of tests in several processes that share one collection: `pytest -p tests.at_once --at-once 3`.

A process of pytest-xdist imports the product and collects every test itself, which takes each of them half a minute of processor time.
Here the processes are forked once everything is collected. Each takes a file when it has finished the one before. Tests marked `alone`
run afterwards in the first process, with nothing beside them.
"""

import os
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby, pairwise
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn, Self, cast

import pytest

Files = Sequence[Sequence[pytest.Item]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--at-once", type=int, default=1, metavar="N", help="run files of tests in so many processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests that are not marked `alone` in several processes, then those that are."""
    count, option = session.config.getoption("--at-once"), session.config.option
    if count < 2 or option.collectonly or session.testsfailed:
        return None
    alone = {item for item in session.items if item.get_closest_marker("alone")}
    files = [list(items) for _, items in groupby((item for item in session.items if item not in alone), lambda item: item.path)]
    session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] # one for all processes, which this one deletes
    with _Processes(session, files, min(count, len(files))) as processes:
        processes.finish()
    for item, following in pairwise([*(item for item in session.items if item in alone), None]):
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return True


class _Processes:
    """The first process's view of the others: hands out files and passes reports to pytest's plugins."""

    def __init__(self, session: pytest.Session, files: Files, count: int) -> None:
        self._session = session
        self._files = files
        self._next = iter(range(len(files)))
        self._running: dict[Connection, int] = {}
        self._latest: dict[Connection, deque[str]] = {}
        for _ in range(count):
            self._fork()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe, process in self._running.items():
            pipe.close()  # a process that waits for a file ends
            os.waitpid(process, 0)

    def finish(self) -> None:
        """Return when every file has run. Raises RuntimeError if a process ended before its time."""
        while self._running:
            for pipe in cast("list[Connection]", wait(list(self._running))):
                try:
                    kind, content = pipe.recv()
                except EOFError:
                    kind, content = "broken", "a process of tests was killed"
                if kind == "report":
                    self._report(content)
                elif kind == "next":
                    self._assign(pipe)
                elif kind == "end":
                    pipe.close()
                    os.waitpid(self._running.pop(pipe), 0)
                else:
                    raise RuntimeError(f"{content} in {' or '.join(self._latest[pipe])}")

    def _fork(self) -> None:
        own, other = Pipe()
        process = os.fork()
        if process == 0:
            own.close()
            for pipe in self._running:
                pipe.close()
            _work(self._session, self._files, other)
        other.close()
        self._running[own] = process
        self._latest[own] = deque(maxlen=2)

    def _assign(self, pipe: Connection) -> None:
        stops = self._session.shouldfail or self._session.shouldstop
        file = None if stops else next(self._next, None)
        if file is not None:
            self._latest[pipe].append(self._files[file][0].path.name)  # the one before may still run
        pipe.send(file)

    def _report(self, content: dict[str, Any]) -> None:
        hook = self._session.config.hook
        report = hook.pytest_report_from_serializable(config=self._session.config, data=content)
        hook.pytest_runtest_logreport(report=report)
        if report.when == "teardown":
            hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)


class _Reporting:
    """A plugin of the forked processes that sends reports to the first one."""

    def __init__(self, config: pytest.Config, pipe: Connection) -> None:
        self._config = config
        self._pipe = pipe

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        content = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._pipe.send(("report", content))


def _work(session: pytest.Session, files: Files, pipe: Connection) -> NoReturn:
    """Run files until none is left; ends the forked process."""
    try:
        plugins = session.config.pluginmanager
        capture = plugins.getplugin("capturemanager")
        capture.stop_global_capturing()  # the file behind it is shared with the other processes
        capture.start_global_capturing()
        plugins.unregister(plugins.getplugin("terminalreporter"))
        plugins.register(_Reporting(session.config, pipe))
        for item, following in pairwise(_items(files, pipe)):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        pipe.send(("end", None))
    except BaseException:  # noqa: BLE001 - the first process raises it
        with suppress(OSError):
            pipe.send(("broken", traceback.format_exc()))
        with suppress(BaseException):
            session._setupstate.teardown_exact(None)  # engines end with their fixtures
    finally:
        os._exit(0)


def _items(files: Files, pipe: Connection) -> Iterator[pytest.Item | None]:
    """Yield the tests of one file after another, None at the end. The next file is known before a file's last test is run."""
    while True:
        pipe.send(("next", None))
        current = pipe.recv()
        if current is None:
            yield None
            return
        yield from files[current]

"""Processor time and peak memory of every process while a benchmark runs, with PostgreSQL's sessions by database."""

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import psutil

SAMPLE_SECONDS = 1.0
MEGABYTE = 2**20
LOAD = "load generator"
POSTGRES = "PostgreSQL"
BACKGROUND = f"{POSTGRES} background"
"""Checkpointer, WAL writer, autovacuum and the start of sessions. Its memory is the shared buffers."""
_SESSION = re.compile(r"postgres: \S+ \S*aryz_(\S+) ")
Seconds = dict[str, float]


class Usage:
    """Samples processes from a thread. As a context manager it measures the block."""

    def __init__(self, processes: Mapping[str, psutil.Process], postgres: psutil.Process) -> None:
        """`processes`: by name, each measured with its children. `postgres`: the server's first process."""
        self._processes, self._postgres = dict(processes), postgres
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_stopped, daemon=True)
        self._began: Seconds = {}
        self._sessions: dict[int, tuple[str, float, float]] = {}
        """Of each session: its database, its processor time when it was first seen in the block, and last."""
        self._peaks: defaultdict[str, int] = defaultdict(int)
        self.processor_seconds: Seconds = {}
        """Of each process during the block. Available after it."""
        self.seconds = 0.0
        """How long the block took. Available after it."""

    @property
    def peak_megabytes(self) -> Seconds:
        return {name: round(peak / MEGABYTE, 1) for name, peak in self._peaks.items()}

    def __enter__(self) -> Self:
        self._sample_sessions(is_first=True)
        self._began, self._began_at = self._totals(), time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        if kind is None:
            self._sample()
            self.seconds = time.monotonic() - self._began_at
            spent = {name: seconds - self._began[name] for name, seconds in self._totals().items()}
            server = spent.pop(POSTGRES)
            by_database: Counter[str] = Counter()
            for database, first, last in self._sessions.values():
                by_database[f"{POSTGRES} {database}"] += last - first  # type: ignore[assignment]
            self.processor_seconds = spent | dict(sorted(by_database.items())) | {BACKGROUND: max(0.0, server - by_database.total())}

    def _totals(self) -> Seconds:
        return {name: _tree_seconds(process) for name, process in (*self._processes.items(), (POSTGRES, self._postgres))}

    def _sample_until_stopped(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self._sample()

    def _sample(self) -> None:
        for name, process in self._processes.items():
            memory = sum(_resident(each) for each in _tree(process))
            self._peaks[name] = max(self._peaks[name], memory)
        self._sample_sessions()

    def _sample_sessions(self, *, is_first: bool = False) -> None:
        """Note every session's processor time. A session that ends loses at most the time since the last sample to the background."""
        own: Counter[str] = Counter()
        shared = 0
        for session in _tree(self._postgres)[1:]:
            try:
                with session.oneshot():
                    found = _SESSION.match(" ".join(session.cmdline()))
                    memory, seconds = session.memory_info(), _seconds(session)
            except psutil.Error:
                continue  # it ended
            shared = max(shared, memory.shared)
            if found is None:
                own[BACKGROUND] += memory.rss - memory.shared
                continue
            first = seconds if is_first else self._sessions.get(session.pid, ("", 0.0, 0.0))[1]
            self._sessions[session.pid] = found[1].replace("_", "-"), first, seconds
            own[f"{POSTGRES} {found[1].replace('_', '-')}"] += memory.rss - memory.shared
        own[BACKGROUND] += shared
        for name, memory in own.items():
            self._peaks[name] = max(self._peaks[name], memory)


def _tree_seconds(process: psutil.Process) -> float:
    """Return the processor time of a process and its children, those that ended included."""
    return sum(_seconds(each, and_ended=True) for each in _tree(process))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and its children, nothing if it has ended."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _seconds(process: psutil.Process, *, and_ended: bool = False) -> float:
    try:
        times = process.cpu_times()
        own = time.clock_gettime(~process.pid << 3 | 2)  # Linux's clock of a process, in ns: a quiet one uses less than a tick of `times`
    except (psutil.NoSuchProcess, OSError):  # OSError: it ended between the two
        return 0.0
    return own + (times.children_user + times.children_system if and_ended else 0.0)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0

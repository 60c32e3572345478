"""Inspection of files in separate processes: several at a time, with limits per file, cancelled when the sender disconnects.

The processes receive the file and its limits over a pipe and nothing else: no environment, no connections, no keys. They end with this one.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import Final

import structlog

from shared.errors import Unavailable
from shared.files.errors import REFUSALS, AttachmentRefused, Broken, ChecksBusy, TooComplex, TypeNotAllowed
from shared.files.inspection.limits import InspectionLimits
from shared.files.inspection.protocol import EXIT_LIMIT, FRAME_LIMIT, LENGTH, InspectionJob, InspectionResult, frame, result_of
from shared.files.policy import AttachmentLimits, FileKind, kinds

PROGRAM: Final = (sys.executable, "-P", "-m", "shared.files.inspection")
PASSED_ENVIRONMENT: Final = (
    "PATH",
    "PYTHONPATH",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "TZ",
)  # the rest may hold secrets
PROCESSES: Final = max(2, min(4, os.cpu_count() or 2))
BLOCK: Final = 65_536
WAITING: Final = 64  # files that may wait for a process
WAIT_SECONDS: Final = 60.0  # for a process; then the sender is asked to retry
MARGIN_SECONDS: Final = 5.0  # beyond the time after which the inspecting process ends itself
END_SECONDS: Final = 5.0
REASONS: Final[Mapping[str, type[AttachmentRefused]]] = {each.code: each for each in REFUSALS}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FileToInspect:
    """A file as a stream, its size in bytes, the kind that the sender declared, and the owner of its quota."""

    chunks: AsyncIterator[bytes]
    size: int
    declared: FileKind | None
    owner: bytes | None


@dataclass(frozen=True, slots=True)
class Inspected:
    """The kind of a file; `stored`: the bytes to store in its place, None if it is stored unchanged."""

    kind: FileKind
    stored: bytes | None


class Inspector:
    """A bounded pool of inspecting processes, each started when it is first needed.

    The files of one sender use at most half of them, so that no sender delays all others.
    """

    def __init__(self, limits: AttachmentLimits, *, processes: int = PROCESSES, wait_seconds: float = WAIT_SECONDS) -> None:
        self._limits = InspectionLimits(**{each.name: getattr(limits, each.name) for each in fields(InspectionLimits)})
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._ending: set[asyncio.Task[int | None]] = set()
        self._processes, self._share = processes, max(1, processes // 2)
        self._wait_seconds = wait_seconds
        self._free = asyncio.Condition()
        self._of_owner: Counter[bytes] = Counter()
        self._in_use = self._waiting = 0
        self._is_closed = False

    async def inspect(self, file: FileToInspect) -> Inspected:
        """Return the kind of the file. If the call is cancelled, its process is ended.

        Raises AttachmentRefused (`errors.REFUSALS`), ChecksBusy, Unavailable if no process can be started, and what the stream raises.
        """
        async with self._slot(file.owner):
            process = next((each for each in iter(self._next_idle, None) if each.is_alive), None) or _Process()
            self._busy.add(process)
            try:
                result, stored = await process.inspect(file, self._limits)
            except AttachmentRefused:
                self._end(process)
                if self._is_closed:  # we ended it, not the file
                    raise Unavailable from None
                raise
            except BaseException:
                self._end(process)
                raise
            finally:
                self._busy.discard(process)
            self._idle.append(process)
        return _inspected(result, stored)

    async def close(self) -> None:
        """End all processes. The inspections in progress raise Unavailable."""
        self._is_closed = True
        for each in self._busy:
            each.kill()
        for each in self._idle:
            self._end(each)
        self._idle.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS), self._free:
                await self._free.wait_for(lambda: not self._in_use)
        await asyncio.gather(*self._ending)

    def _next_idle(self) -> "_Process | None":
        return self._idle.pop() if self._idle else None

    def _end(self, process: "_Process") -> None:
        process.kill()
        ending = asyncio.create_task(process.ended())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    @asynccontextmanager
    async def _slot(self, owner: bytes | None) -> AsyncIterator[None]:
        """Wait for a process. Raises ChecksBusy if the queue is full, or after `wait_seconds`."""
        if self._waiting >= WAITING:
            raise ChecksBusy
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds), self._free:
                await self._free.wait_for(lambda: self._may_begin(owner))
                self._in_use += 1
                if owner is not None:
                    self._of_owner[owner] += 1
        except TimeoutError:
            raise ChecksBusy from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._in_use -= 1
            if owner is not None:
                self._of_owner[owner] -= 1
                if not self._of_owner[owner]:
                    del self._of_owner[owner]
            await asyncio.shield(self._notify())

    def _may_begin(self, owner: bytes | None) -> bool:
        return self._in_use < self._processes and (owner is None or self._of_owner[owner] < self._share)

    async def _notify(self) -> None:
        async with self._free:
            self._free.notify_all()


class _Process:
    """One inspecting process, started at its first file."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def inspect(self, file: FileToInspect, limits: InspectionLimits) -> tuple[InspectionResult, bytes | None]:
        """Return the result, and the bytes to store in the file's place. After an exception the process must be killed."""
        process = self._process = self._process or await _start()
        assert process.stdin is not None  # noqa: S101 - opened as pipes
        assert process.stdout is not None  # noqa: S101
        job = InspectionJob(
            declared=file.declared.code if file.declared else None, allowed=list(kinds()), limits=asdict(limits), size=file.size
        )
        try:
            process.stdin.write(frame(job))
            async for chunk in file.chunks:
                process.stdin.write(chunk)
                await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:  # it ended before it had read the file
            raise Unavailable from error
        try:
            async with asyncio.timeout(limits.inspection_wall_seconds + MARGIN_SECONDS):
                length = int.from_bytes(await process.stdout.readexactly(LENGTH))
                if length > FRAME_LIMIT:
                    raise Broken
                result = result_of(await process.stdout.readexactly(length))
                size = result.get("size")
                stored = None if size is None else await process.stdout.readexactly(min(size, limits.file_bytes))
        except TimeoutError:
            raise TooComplex from None
        except (asyncio.IncompleteReadError, BrokenPipeError, ConnectionResetError):
            raise await self._ended_by_file() from None
        return result, stored

    @property
    def is_alive(self) -> bool:
        """Whether the process is running and waits for a file; the system may have ended it."""
        return self._process is not None and self._process.returncode is None

    async def _ended_by_file(self) -> AttachmentRefused:
        code = await self.ended()
        log.warning("a file ended the process that inspected it", exit_code=code)
        return TooComplex() if code == EXIT_LIMIT else Broken()

    def kill(self) -> None:
        """Kill the process and its children."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def ended(self) -> int | None:
        """Wait until the process has ended and its pipes are closed. Returns its exit code."""
        process = self._process
        if process is None:
            return None
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(END_SECONDS):
                if process.stdin is not None:
                    process.stdin.close()
                if process.stdout is not None:
                    while await process.stdout.read(BLOCK):
                        pass
                await process.wait()
                if process.stdin is not None:
                    await process.stdin.wait_closed()
        return process.returncode


async def _start() -> asyncio.subprocess.Process:
    environment = {name: os.environ[name] for name in PASSED_ENVIRONMENT if name in os.environ}
    try:
        return await asyncio.create_subprocess_exec(
            *PROGRAM,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        log.error("no inspecting process can be started", error=type(error).__name__)  # noqa: TRY400 - a traceback says no more
        raise Unavailable from error


def _inspected(result: InspectionResult, stored: bytes | None) -> Inspected:
    if "failed" in result:
        log.warning("a file cannot be inspected", error=result["failed"])
        raise Broken
    if "rejected" in result:
        raise REASONS.get(result["rejected"], Broken)
    kind = kinds().get(result["kind"])
    if kind is None:
        raise TypeNotAllowed
    return Inspected(kind, stored)

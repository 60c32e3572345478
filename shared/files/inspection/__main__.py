"""The inspecting process: `python -m shared.files.inspection`, started and fed by `shared.files.inspector`.

It loads its libraries once and forks for each file. The fork has seen no other file, holds no secrets, connections or open files, and has
limits of processor time and memory. A file that exceeds them ends this process; the service starts another.
"""

import contextlib
import ctypes
import gc
import os
import resource
import signal
import sys
from typing import Final

from PIL import Image, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin

from shared.files.inspection.identify import inspect
from shared.files.inspection.limits import InspectionLimits
from shared.files.inspection.protocol import EXIT_CRASH, EXIT_LIMIT, LENGTH, InspectionJob, InspectionResult, frame, job_of
from shared.files.inspection.rejection import Rejected

PRELOADED: Final = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, WebPImagePlugin)  # otherwise `Image.open` searches for them
INPUT, OUTPUT = 0, 1
NICENESS: Final = 5  # requests of people come first
OPEN_FILES: Final = 32
BLOCK: Final = 2**20
PARENT_DEATH: Final = 1  # PR_SET_PDEATHSIG, prctl(2)
OUT_OF_LIMITS: Final = frozenset({signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL})


def main() -> int:
    """Inspect one file after the other until the service closes the pipe. Return the exit code."""
    _die_with_parent()
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    Image.preinit()
    gc.collect()
    gc.freeze()  # memory pages stay shared with the forks
    while header := _read(LENGTH):
        job = os.fork()
        if not job:
            os._exit(_run(header))
        status = os.waitpid(job, 0)[1]
        if os.WIFSIGNALED(status):
            return EXIT_LIMIT if os.WTERMSIG(status) in OUT_OF_LIMITS else EXIT_CRASH
        if code := os.waitstatus_to_exitcode(status):
            return code
    return 0


def _run(header: bytes) -> int:
    """Read a file, inspect it and answer; runs in the fork."""
    _die_with_parent()
    job = job_of(_read(int.from_bytes(header)))
    content = _read(job["size"])
    limits = InspectionLimits(**job["limits"])
    _limit(limits)
    try:
        result, stored = _inspect(content, job, limits)
    except (MemoryError, RecursionError):
        return EXIT_LIMIT
    result["size"] = None if stored is None else len(stored)
    _write(frame(result))
    if stored is not None:
        _write(stored)
    return 0


def _inspect(content: bytes, job: InspectionJob, limits: InspectionLimits) -> tuple[InspectionResult, bytes | None]:
    try:
        code, stored = inspect(content, job["declared"], job["allowed"], limits)
    except Rejected as rejected:
        return {"rejected": rejected.reason.value}, None
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the file cannot be read; its text may hold content
        return {"failed": type(error).__name__}, None
    return {"kind": code}, stored


def _limit(limits: InspectionLimits) -> None:
    """Set the limits of this process; the system ends it when it exceeds its time."""
    seconds = limits.inspection_seconds
    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, limits.inspection_memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        hard = resource.getrlimit(what)[1]
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (wanted, wanted + 1 if what == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else wanted))
    signal.setitimer(signal.ITIMER_REAL, limits.inspection_wall_seconds)


def _die_with_parent() -> None:
    """Ask Linux to end this process with its parent; on other systems the closed pipe and the limits end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)


def _read(size: int) -> bytes:
    """Read exactly `size` bytes; none if the service has closed the pipe."""
    found = bytearray()
    while len(found) < size:
        block = os.read(INPUT, min(size - len(found), BLOCK))
        if not block:
            if found:
                os._exit(EXIT_CRASH)
            return b""
        found += block
    return bytes(found)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(OUTPUT, view) :]


if __name__ == "__main__":
    sys.exit(main())

"""A lock on the data folder: one suite at a time, and the next one is told who holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUse(RuntimeError):
    """Another suite runs over this data folder; the message names its process."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` until the block ends; the kernel lets go for a process that is killed. Raises FolderInUse."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise FolderInUse(
                f"{folder} is in use: process {holder} runs a suite over it. Stop that one, or choose another --data."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield

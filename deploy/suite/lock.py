"""A lock on the data folder: one suite at a time, and the next one is told who holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = "restoring"  # a folder in the data folder, from the first to the last step of a restore


class FolderInUse(RuntimeError):
    """Another suite runs over this data folder, and the message names its process; or the folder holds half a restore."""


@contextmanager
def locked(folder: Path, *, restoring: bool = False) -> Iterator[None]:
    """Hold `folder` until the block ends; the kernel lets go for a process that is killed. Raises FolderInUse.

    A folder whose restore was broken off is given to the next restore alone.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise FolderInUse(
                f"{folder} is in use: process {holder} runs a suite over it. Stop that one, or choose another --data."
            ) from None
        if (folder / UNFINISHED).exists() and not restoring:
            raise FolderInUse(f"a restore into {folder} was broken off: what is there is not whole. Run `aryz restore` again.")
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield

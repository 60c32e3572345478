"""The lock of the data folder: one suite at a time. A second one reports the process that holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = "restoring"  # a folder that exists in the data folder during a restore


class FolderInUse(RuntimeError):
    """Another suite uses this data folder (the message names its process), or the folder contains an incomplete restore."""


@contextmanager
def locked(folder: Path, *, restoring: bool = False) -> Iterator[None]:
    """Hold the lock of `folder` until the block ends. The kernel releases it when the process is killed. Raises FolderInUse.

    After an interrupted restore only another restore can lock the folder.
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

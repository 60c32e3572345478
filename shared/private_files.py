"""The data folder and its files are for the process's own user: 0700 and 0600, also where an earlier version left them open."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from shared.settings import BadSettings

UMASK: Final = 0o077
OTHERS: Final = 0o077  # what group and others may do
# What the product puts into its data folder. Nothing else there is touched: somebody may have named his home.
OURS: Final = ("*.db", "*.db-*", "*.log", "keys", "keys.check", "lock", "logs", "objects", "outgoing", "replaced-*", "restoring")

log = structlog.get_logger("private-files")


def use_private_umask() -> None:
    """Let every file and folder that this process makes from now on be for its own user alone. Call first in every command."""
    os.umask(UMASK)


def secure_folder(folder: Path) -> None:
    """Make the data folder, or take it and what the product keeps in it away from other users; logged where something was open.

    What belongs to another user stays as it is, with a warning: a volume may be given to the process by its group.
    Raises BadSettings for a folder that everybody of the machine writes to, such as /tmp.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & stat.S_ISVTX:
        raise BadSettings("settings: ARYZ_DATA: this folder is shared by all users of the machine; name one inside it")
    tightened = refused = 0
    for path in _contents(folder):
        try:
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & OTHERS:
                path.chmod(stat.S_IMODE(mode) & ~OTHERS)
                tightened += 1
        except FileNotFoundError:  # a file of a running process comes and goes
            continue
        except PermissionError:
            refused += 1
    if tightened:
        log.warning("files that other users could reach are closed to them now", files=tightened)
    if refused:
        log.warning("files that other users can reach belong to another user; close them yourself", files=refused)


def _contents(folder: Path) -> Iterator[Path]:
    yield folder
    for pattern in OURS:
        for path in folder.glob(pattern):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from path.rglob("*")

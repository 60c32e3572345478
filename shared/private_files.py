"""Access rights of the data folder: only the user of the process may read it (0700 and 0600), also after an upgrade."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from shared.settings import BadSettings

UMASK: Final = 0o077
OTHERS: Final = 0o077  # the access bits of group and others
# The entries that the product creates in its data folder. Nothing else is changed: the folder may be somebody's home.
OURS: Final = ("*.db", "*.db-*", "*.log", "keys", "keys.check", "lock", "logs", "objects", "outgoing", "replaced-*", "restoring")

log = structlog.get_logger("private-files")


def use_private_umask() -> None:
    """Restrict all files and folders that this process creates from now on to its own user. Every command calls this first."""
    os.umask(UMASK)


def secure_folder(folder: Path) -> None:
    """Create the data folder, or remove the access of other users to it and to the product's files in it. Changes are logged.

    Entries of another user stay unchanged, with a warning: a volume may be given to the process by its group. Raises BadSettings
    for a folder that every user of the machine can write to, such as /tmp.
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
        except FileNotFoundError:  # a running process may delete files at any time
            continue
        except PermissionError:
            refused += 1
    if tightened:
        log.warning("access of other users to files was removed", files=tightened)
    if refused:
        log.warning("other users have access to files of another owner; remove it manually", files=refused)


def _contents(folder: Path) -> Iterator[Path]:
    yield folder
    for pattern in OURS:
        for path in folder.glob(pattern):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from path.rglob("*")

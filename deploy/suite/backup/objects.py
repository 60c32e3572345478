"""The files of appeals in a backup: sealed objects, copied from the data folder as they are. Objects in a bucket are not copied.

They are copied after the cut. An object is written before the row that names it and never changes, so all objects named by rows
of the cut still exist. Only unclaimed files and files with a virus are deleted meanwhile.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from shared.files.storage import FOLDER
from suite.backup.manifest import CHUNK, Advance, BackupFailed, Manifest, Objects, Part, RestoreRefused, seal_part

LIST = "objects.jsonl"
"""A part with one line per object, each like a part in the manifest: there may be hundreds of thousands."""


def copy_objects(data: Path, into: Path, advance: Advance) -> tuple[Objects, Part]:
    """Copy every finished object. Returns the totals and the part that lists the objects. Raises BackupFailed."""
    count = size = 0
    (into / FOLDER).mkdir(mode=0o700)
    with (into / LIST).open("x") as listed:
        for name in _finished(data / FOLDER):
            part = _copied(data, f"{FOLDER}/{name}", into)
            if part is not None:
                listed.write(f"{part.model_dump_json()}\n")
                count, size = count + 1, size + part.size
                advance(size, None)
    os.sync()
    advance(size, size)
    return Objects(count=count, size=size), seal_part(into / LIST, LIST)


def listed_objects(folder: Path, manifest: Manifest) -> Iterator[Part]:
    """Yield the objects in a backup, after checking that its list is unchanged."""
    if manifest.objects.bucket is None:
        with (folder / LIST).open() as lines:
            yield from map(Part.model_validate_json, lines)


def stage_objects(folder: Path, manifest: Manifest, staged: Path, advance: Advance) -> None:
    """Copy the objects of a backup to the staging folder."""
    (staged / FOLDER).mkdir(mode=0o700)
    done = 0
    for part in listed_objects(folder, manifest):
        _copy(folder, part.name, staged)
        done += part.size
        advance(done, manifest.objects.size)
    os.sync()


def check_replaceable(data: Path) -> None:
    """Raise RestoreRefused if the folder of objects cannot be moved."""
    if (data / FOLDER).is_mount():
        raise RestoreRefused(
            f"{data / FOLDER} is mounted by itself and cannot be replaced: restore with another --data, and copy what is in its"
            f" {FOLDER} to there"
        )


def _finished(folder: Path) -> Iterator[str]:
    """Yield the names of finished objects. An object being written has no final name yet."""
    if not folder.is_dir():
        raise BackupFailed(
            f"there is no {folder}: the files of appeals belong to a backup. Where they are shared, mount them there;"
            " where they are in a bucket, set ARYZ_OBJECTS_URL"
        )
    try:
        for page in obstore.list(LocalStore(folder)):
            yield from (one["path"] for one in page)
    except BaseError as error:
        reason = str(error).partition("\n")[0]
        raise BackupFailed(f"{folder} cannot be read: {reason}") from None


def _copied(data: Path, name: str, into: Path) -> Part | None:
    """Copy an object. Returns None if it was deleted meanwhile."""
    try:
        return _copy(data, name, into)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BackupFailed(f"{data / name} cannot be copied into {into}: {error.strerror}") from None


def _copy(source: Path, name: str, into: Path) -> Part:
    """Copy an object without flushing it: a `sync` for each would delay the suite's commits (3 ms per object), so one serves all."""
    target, digest = into / name, hashlib.sha256()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (source / name).open("rb") as file, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
            digest.update(chunk)
        return Part(name=name, size=copy.tell(), sha256=digest.hexdigest())

"""The files of appeals in a backup: sealed objects, each copied as it lies in the data folder. Those in a bucket stay where they are.

They are copied after the moment of the backup. An object is written before the row that names it and is never changed, so whatever the
rows of that moment name is there still. Only what nobody claimed, or what a scanner found a virus in, goes away meanwhile.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore

from intake.attachments.service.storage import FOLDER
from suite.backup.manifest import CHUNK, Advance, BackupFailed, Manifest, Objects, Part, RestoreRefused, seal_part

LIST = "objects.jsonl"
"""A part with one line an object, each like a part's in the manifest: there may be hundreds of thousands."""


def copy_objects(data: Path, into: Path, advance: Advance) -> tuple[Objects, Part]:
    """Copy every finished object; returns what there is, and the part that lists it. Raises BackupFailed."""
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
    """The objects in a backup, once its list has been found to be as it was written."""
    if manifest.objects.bucket is None:
        with (folder / LIST).open() as lines:
            yield from map(Part.model_validate_json, lines)


def stage_objects(folder: Path, manifest: Manifest, staged: Path, advance: Advance) -> None:
    """Copy the objects of a backup to where it is staged."""
    (staged / FOLDER).mkdir(mode=0o700)
    done = 0
    for part in listed_objects(folder, manifest):
        _copy(folder, part.name, staged)
        done += part.size
        advance(done, manifest.objects.size)
    os.sync()


def check_replaceable(data: Path) -> None:
    """Raise RestoreRefused where the folder of objects cannot be moved aside."""
    if (data / FOLDER).is_mount():
        raise RestoreRefused(
            f"{data / FOLDER} is mounted by itself and cannot be replaced: restore with another --data, and copy what is in its"
            f" {FOLDER} to there"
        )


def _finished(folder: Path) -> Iterator[str]:
    """The names of objects; what is being written has none yet."""
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
    """None: it went away meanwhile."""
    try:
        return _copy(data, name, into)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BackupFailed(f"{data / name} cannot be copied into {into}: {error.strerror}") from None


def _copy(source: Path, name: str, into: Path) -> Part:
    """Not durable yet: one `sync` for all of them spares the commits of the suite the wait behind one of each (3 ms an object)."""
    target, digest = into / name, hashlib.sha256()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (source / name).open("rb") as file, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
            digest.update(chunk)
        return Part(name=name, size=copy.tell(), sha256=digest.hexdigest())

"""The manifest of a backup: its parts with checksums, the ends of the log, and fingerprints of the keys. It has no personal data."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError

FORMAT = 2
FILE = "manifest.json"
CHUNK = 1024 * 1024  # bytes read at once

Databases = Literal["sqlite", "postgresql"]
Log = Literal["embedded", "kafka"]
Advance = Callable[[int, int | None], None]
"""Receives the progress of a part: the amount done and the total (None: unknown)."""


class BackupFailed(RuntimeError):
    """The backup cannot be made; the message says why and what to do."""


class RestoreRefused(RuntimeError):
    """The backup cannot be restored here. The message says why and what to do. Nothing was changed unless it says so."""


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("a part lies inside the backup")
    return name


class Part(BaseModel):
    """One file of the backup, by its path in it."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, AfterValidator(_inside)]
    size: int
    sha256: str


class Topic(BaseModel):
    """A topic in the backup: all records below `ends`, the offsets of the next record of each partition."""

    model_config = ConfigDict(frozen=True)

    id: str
    ends: Mapping[int, int]


class Objects(BaseModel):
    """The files of appeals: the number of objects in the backup and their bytes, or the bucket that holds them instead."""

    model_config = ConfigDict(frozen=True)

    bucket: str | None = None
    count: int = 0
    size: int = 0


class Manifest(BaseModel):
    """The manifest. It is written last, so a folder without it is not a backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    made_at: AwareDatetime
    databases: Databases
    log: Log
    revisions: Mapping[str, str]
    """The revision of the tables by service."""
    topics: Mapping[str, Topic]
    objects: Objects
    keys_included: bool
    key_check: Mapping[str, str]
    """Fingerprints of the keys that sealed the data (`shared.sealing.key_check`). They reveal nothing about the keys."""
    parts: Sequence[Part]


def seal_part(path: Path, name: str) -> Part:
    """Make a finished part durable and readable by its owner alone. Returns its entry in the manifest."""
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return Part(name=name, size=path.stat().st_size, sha256=_sha256(path, lambda _done, _total: None))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest, the last file of a backup."""
    descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(manifest.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup. Raises RestoreRefused if there is none or its format is unknown."""
    if not folder.is_dir():
        raise RestoreRefused(f"there is no backup at {folder}")
    try:
        text = (folder / FILE).read_text()
    except FileNotFoundError:
        raise RestoreRefused(f"{folder} is not a whole backup: it has no {FILE}, which is written last") from None
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError:
        raise RestoreRefused(f"{folder / FILE} is damaged, or another version of Aryz wrote it; take another backup") from None
    if manifest.format != FORMAT:
        raise RestoreRefused(f"{folder} has format {manifest.format}, this Aryz reads format {FORMAT}; use the Aryz that made it")
    return manifest


def check_parts(folder: Path, parts: Iterable[Part], total: int, advance: Advance) -> None:
    """Raise RestoreRefused unless every part is present and unchanged. `total`: bytes of all parts."""
    done = 0

    def read(size: int, _total: int | None) -> None:
        advance(done + size, total)

    for part in parts:
        path = folder / part.name
        if not path.is_file():
            raise RestoreRefused(f"{folder} is not whole: {part.name} is missing; take another backup")
        if path.stat().st_size != part.size or _sha256(path, read) != part.sha256:
            raise RestoreRefused(f"{folder} is damaged: {part.name} is not as it was written; take another backup")
        done += part.size


def sync_folder(folder: Path) -> None:
    """Make the directory entries of a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path, advance: Advance) -> str:
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            read += len(chunk)
            advance(read, None)
    return digest.hexdigest()

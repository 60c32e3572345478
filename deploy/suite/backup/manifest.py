"""What a backup says of itself: its parts with their checksums, where the log ends in it, and which keys open it. No personal data."""

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
"""Told how far a part has come, and of how much (None: nobody knows)."""


class BackupFailed(RuntimeError):
    """The backup cannot be made; the message says why and what to do."""


class RestoreRefused(RuntimeError):
    """The backup cannot be restored here; the message says why and what to do. Nothing was changed unless it says so."""


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("a part lies inside the backup")
    return name


class Part(BaseModel):
    """One file of the backup, by its path inside it."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, AfterValidator(_inside)]
    size: int
    sha256: str


class Topic(BaseModel):
    """A topic as the backup holds it: every record below `ends`, the offset that each partition's next record would have got."""

    model_config = ConfigDict(frozen=True)

    id: str
    ends: Mapping[int, int]


class Objects(BaseModel):
    """The files of appeals: how many objects there are in the backup, and their bytes; or the bucket that holds them instead."""

    model_config = ConfigDict(frozen=True)

    bucket: str | None = None
    count: int = 0
    size: int = 0


class Manifest(BaseModel):
    """Written last: a folder without it is no backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    made_at: AwareDatetime
    databases: Databases
    log: Log
    revisions: Mapping[str, str]
    """Per service the revision of its tables."""
    topics: Mapping[str, Topic]
    objects: Objects
    keys_included: bool
    key_check: Mapping[str, str]
    """Fingerprints of the keys that the data was sealed with (`shared.sealing.key_check`): they tell nothing about the keys."""
    parts: Sequence[Part]


def seal_part(path: Path, name: str) -> Part:
    """Make a finished part durable and readable by its owner alone; returns its line in the manifest."""
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return Part(name=name, size=path.stat().st_size, sha256=_sha256(path, lambda _done, _total: None))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The last file of a backup."""
    descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(manifest.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """What is in this backup. Raises RestoreRefused where it is none, or of another format."""
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
    """Raise RestoreRefused unless every part is there, byte for byte; `total` bytes of them."""
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
    """Make the names in a folder durable."""
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

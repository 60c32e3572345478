"""The keys and names of files, sealed in their rows, and readers of their bytes."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from shared.files import policy
from shared.files.codes import AttachmentState
from shared.files.models import StoredFile
from shared.files.names import declared_kind
from shared.files.policy import kinds
from shared.files.storage import ObjectStorage, SealedReader, new_key
from shared.sealing import Sealer


class BegunColumns(TypedDict):
    """The columns of a file whose upload begins."""

    state: AttachmentState
    declared: str | None
    kind: str | None
    length: int | None
    size: int
    pieces: list[list[object]]
    key: bytes
    name: bytes | None
    scan_attempts: int
    scan_after: datetime | None


def shown_name(sealer: Sealer, table: str, row: StoredFile) -> str:
    """Return the name of an accepted file, sealed under the name of its table. Raises SealError."""
    name = sealer.open(table, row.id, "name", row.name).decode() if row.name else ""
    return name or f"document.{kinds()[row.kind or ''].extensions[0]}"


class SealedFiles:
    """The files of one table with their texts opened. `table`: the name under which columns are sealed."""

    def __init__(self, objects: ObjectStorage, sealer: Sealer, table: str) -> None:
        self.policy = policy.policy()
        kinds()
        self.objects = objects
        self._sealer = sealer
        self._table = table

    def begun(self, file_id: UUID, *, name: str | None, media_type: str | None, length: int | None = None) -> BegunColumns:
        """Return the columns of a file that begins, under a new key. Raises TypeNotAllowed for a media type that is not accepted."""
        declared = declared_kind(media_type)
        return {
            "state": AttachmentState.RECEIVING,
            "declared": declared.code if declared else None,
            "kind": None,
            "length": length,
            "size": 0,
            "pieces": [],
            "key": self.seal(file_id, "key", new_key()),
            "name": self.seal(file_id, "name", name.encode("utf-8", "replace")[:4096]) if name else None,
            "scan_attempts": 0,
            "scan_after": None,
        }

    def key_of(self, row: StoredFile) -> bytes:
        """Return the key with which the file is encrypted in the object store. Raises SealError."""
        return self._sealer.open(self._table, row.id, "key", row.key)

    def name_of(self, row: StoredFile) -> str | None:
        """Return the name of a file: as the sender gave it until the file is accepted, then as `safe_name` made it. Raises SealError."""
        return self._sealer.open(self._table, row.id, "name", row.name).decode() if row.name else None

    def shown_name(self, row: StoredFile) -> str:
        """Return the name of an accepted file. Raises SealError."""
        return shown_name(self._sealer, self._table, row)

    def reader(self, row: StoredFile) -> SealedReader:
        """Return a reader of the file's bytes. Raises SealError."""
        return self.objects.reader(self.key_of(row), row.pieces)

    def seal(self, row_id: UUID, field: str, value: bytes) -> bytes:
        return self._sealer.seal(self._table, row_id, field, value)


def is_available(state: AttachmentState) -> bool:
    """Return whether a received file may be downloaded: one that no scanner has looked at only where the policy shows it."""
    return state == AttachmentState.CLEAN or (state == AttachmentState.UNSCANNED and policy.policy().shows_unscanned)

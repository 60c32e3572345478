"""The policy files of attachments (`data/attachments.toml`, `attachment_kinds.csv`) and the errors of refused files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Final

from pydantic import JsonValue

from intake.attachments.models import AttachmentState
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.errors import DomainError
from shared.policy_files import policy_document, policy_rows

FILE: Final = "attachments.toml"
CHECKS: Final = frozenset({"image", "pdf", "package", "text"})
SHOWN: Final = "SHOWN"

LABELLED: Final = frozenset(AttachmentState) - {AttachmentState.DROPPED}
CHECKED_IN: Final = 30  # seconds until a slot in the queue of inspections may be free
FREED_IN: Final = 3600  # seconds between two purges of unclaimed files


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that is accepted."""

    code: str
    media_types: tuple[str, ...]
    extensions: tuple[str, ...]
    check: str
    label: Label


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """Sizes in bytes and pixels; `attachments.toml` explains each."""

    file_bytes: int
    files: int
    total_bytes: int
    pieces: int
    kept_hours: int
    unclaimed_files: int
    unclaimed_bytes: int
    all_unclaimed_files: int
    all_unclaimed_bytes: int
    name_characters: int
    pixels: int
    jpeg_pixels: int
    package_entries: int
    package_bytes: int
    package_ratio: int
    inspection_seconds: int
    inspection_wall_seconds: int
    inspection_memory: int


@dataclass(frozen=True, slots=True)
class AttachmentPolicy:
    """Limits, and the labels of states and refusals."""

    limits: AttachmentLimits
    shows_unscanned: bool
    states: Mapping[str, Label]
    refusals: Mapping[str, Label]


@cache
def kinds() -> Mapping[str, FileKind]:
    """Return the accepted kinds by code. Raises ReferenceDataError."""
    found = {}
    for row in policy_rows("intake.attachments", "attachment_kinds.csv"):
        code, check = row.text("code"), row.one_of("check", CHECKS)
        found[code] = FileKind(code, tuple(row.text("media_types").split()), tuple(row.text("extensions").split()), check, row.label())
    return found


@cache
def policy() -> AttachmentPolicy:
    """Return the policy. Raises ReferenceDataError for limits that are missing or no positive numbers, and for a state without a label."""
    given = policy_document("intake.attachments", FILE)
    limits = given["limits"]
    if set(limits) != set(AttachmentLimits.__slots__) or not all(type(value) is int and value > 0 for value in limits.values()):
        raise ReferenceDataError(FILE, 0, "the limits are not those known, or not positive whole numbers")
    if given["policy"]["unscanned"] not in {SHOWN, "WITHHELD"}:
        raise ReferenceDataError(FILE, 0, "unscanned is SHOWN or WITHHELD")
    states, refusals = ({code: Label(**entry) for code, entry in given[group].items()} for group in ("state", "refusal"))
    if set(states) != LABELLED:
        raise ReferenceDataError(FILE, 0, "a state has no sentence, or a sentence no state")
    return AttachmentPolicy(AttachmentLimits(**limits), given["policy"]["unscanned"] == SHOWN, states, refusals)


def declared_kind(media_type: str | None) -> FileKind | None:
    """Return the kind that a media type names; None if it names none in particular. Raises TypeNotAllowed for one that is not accepted."""
    bare = (media_type or "").partition(";")[0].strip().lower()
    if bare in {"", "application/octet-stream"}:
        return None
    found = next((kind for kind in kinds().values() if bare in kind.media_types), None)
    if found is None:
        raise TypeNotAllowed
    return found


class AttachmentRefused(DomainError):
    """A file is not accepted or not delivered. The problem has its label in three languages (`kk`, `ru`, `en`)."""

    status = 422

    retry_after: ClassVar[int | None] = None
    """Seconds until a retry may succeed."""

    def __init__(self, **extra: JsonValue) -> None:
        headers = {"Retry-After": str(self.retry_after)} if self.retry_after else None
        super().__init__(extra={**extra, "kk": self.label.kk, "ru": self.label.ru, "en": self.label.en}, headers=headers)

    @property
    def label(self) -> Label:
        return policy().refusals[self.code]


class Empty(AttachmentRefused):
    code, title = "attachment-empty", "The file is empty."


class TooLarge(AttachmentRefused):
    code, status, title = "attachment-too-large", 413, "The file is too large."


class TooManyFiles(AttachmentRefused):
    code, title = "attachments-too-many", "The appeal has as many files as it may have."


class TotalTooLarge(AttachmentRefused):
    code, status, title = "attachments-too-large", 413, "The appeal's files together are too large."


class UnclaimedTooMany(AttachmentRefused):
    """One sender has more unclaimed files than the quota allows."""

    code, status, title = "uploads-unclaimed", 429, "Too many files are waiting for an appeal already."
    retry_after = FREED_IN


class UploadsFull(AttachmentRefused):
    """All senders together have more unclaimed files than the quota allows."""

    code, status, title = "uploads-full", 503, "No more files can be taken for the moment."
    retry_after = FREED_IN


class TypeNotAllowed(AttachmentRefused):
    code, status, title = "attachment-type-not-allowed", 415, "Files of this kind are not accepted."


class TypeMismatch(AttachmentRefused):
    code, title = "attachment-type-mismatch", "The content does not match the declared type or the name."


class Polyglot(AttachmentRefused):
    code, title = "attachment-polyglot", "The file is of more than one kind."


class Bomb(AttachmentRefused):
    code, title = "attachment-bomb", "The file grows too large when it is opened."


class ImageTooLarge(AttachmentRefused):
    code, title = "attachment-image-too-large", "The picture has too many pixels."


class Macros(AttachmentRefused):
    code, title = "attachment-macros", "The document has macros."


class ActiveContent(AttachmentRefused):
    code, title = "attachment-active-content", "The document holds code, an embedded file or something that is loaded from outside."


class Encrypted(AttachmentRefused):
    code, title = "attachment-encrypted", "The document is protected by a password."


class Broken(AttachmentRefused):
    code, title = "attachment-broken", "The file is damaged."


class TooComplex(AttachmentRefused):
    """Its inspection exceeds the limits of time or memory."""

    code, title = "attachment-too-complex", "The file is too complex to be checked."


class ChecksBusy(AttachmentRefused):
    """The queue of inspections is full."""

    code, status, title = "attachment-checks-busy", 503, "Too many files are being checked just now."
    retry_after = CHECKED_IN


class OffsetMismatch(AttachmentRefused):
    """The problem has the right `offset`."""

    code, status, title = "upload-offset-mismatch", 409, "The upload goes on from another offset."


class TooManyPieces(AttachmentRefused):
    code, title = "upload-too-many-pieces", "The upload was interrupted too often."


class Incomplete(AttachmentRefused):
    code, status, title = "upload-incomplete", 409, "The upload is not complete."


class NotChecked(AttachmentRefused):
    code, status, title = "attachment-not-checked", 409, "The file was not checked for viruses yet."


class Infected(AttachmentRefused):
    code, status, title = "attachment-infected", 410, "A virus was found in the file; it was deleted."


class Lost(AttachmentRefused):
    """An object is missing in the store, or cannot be decrypted."""

    code, status, title = "attachment-lost", 410, "The file cannot be opened any more."


REFUSALS: Final = (
    Empty,
    TooLarge,
    TypeNotAllowed,
    TypeMismatch,
    Polyglot,
    Bomb,
    ImageTooLarge,
    Macros,
    ActiveContent,
    Encrypted,
    Broken,
    TooComplex,
)
"""The refusals that depend on a file's content."""

NO_ROOM: Final = (UnclaimedTooMany, UploadsFull, ChecksBusy)
"""The refusals that come before anything of a file is received."""

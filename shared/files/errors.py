"""Domain errors of attachments: files that are not accepted or not delivered."""

from typing import ClassVar, Final

from pydantic import JsonValue

from shared.domain.labels import Label
from shared.errors import DomainError
from shared.files.policy import policy

CHECKED_IN: Final = 30  # seconds until a slot in the queue of inspections may be free
FREED_IN: Final = 3600  # seconds between two purges of unclaimed files


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
    code, title = "attachments-too-many", "There are as many files as may be attached."


class TotalTooLarge(AttachmentRefused):
    code, status, title = "attachments-too-large", 413, "The files together are too large."


class UnclaimedTooMany(AttachmentRefused):
    """One sender has more unclaimed files than the quota allows."""

    code, status, title = "uploads-unclaimed", 429, "Too many uploads are waiting to be sent already."
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

"""The reasons for which a file is rejected, as the codes of the problems that the service answers."""

from enum import StrEnum


class RejectionReason(StrEnum):
    """The problem code of a rejection (`shared.files.errors.REFUSALS`)."""

    EMPTY = "attachment-empty"
    TYPE_NOT_ALLOWED = "attachment-type-not-allowed"
    TYPE_MISMATCH = "attachment-type-mismatch"
    POLYGLOT = "attachment-polyglot"
    BOMB = "attachment-bomb"
    IMAGE_TOO_LARGE = "attachment-image-too-large"
    MACROS = "attachment-macros"
    ACTIVE_CONTENT = "attachment-active-content"
    ENCRYPTED = "attachment-encrypted"
    BROKEN = "attachment-broken"
    TOO_COMPLEX = "attachment-too-complex"


class Rejected(Exception):
    """The file is not accepted, for this reason."""

    def __init__(self, reason: RejectionReason) -> None:
        super().__init__(reason.value)
        self.reason = reason

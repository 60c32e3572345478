"""Expected failures of the desk."""

from shared.errors import DomainError


class AttachmentNotScanned(DomainError):
    code, status, title = "attachment-not-checked", 409, "The file was not checked for viruses yet."


class AttachmentGone(DomainError):
    """The file is infected, or its bytes are lost. The conversation tells which in its state."""

    code, status, title = "attachment-gone", 410, "The file cannot be opened any more."


class TooManyViews(Exception):
    """The person has as many saved views as are allowed. The page says so."""

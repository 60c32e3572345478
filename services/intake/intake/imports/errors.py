"""Domain errors of register imports."""

from shared.errors import DomainError


class ImportUndoneBefore(DomainError):
    """An import is undone once."""

    code, status, title = "import-undone", 409, "This import was undone before."


class TooManyRefused(DomainError):
    """An import is aborted: the report of its rejected lines would be too long."""

    code, status, title = "too-many-refused-lines", 422, "Too many lines of this file are refused."

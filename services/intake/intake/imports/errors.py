"""Domain errors of register imports."""

from shared.errors import DomainError


class TooManyRefused(DomainError):
    """An import is broken off: what it says of its lines would outgrow the file."""

    code, status, title = "too-many-refused-lines", 422, "Too many lines of this file are refused."

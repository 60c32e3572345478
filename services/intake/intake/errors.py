"""What can be refused here beyond the errors that all services share."""

from shared.errors import DomainError


class ChannelNotAllowed(DomainError):
    code, status, title = "channel-not-allowed", 403, "An appeal may not be filed through this channel by you."


class TooManyRefused(DomainError):
    """An import is broken off: what it says of its lines would outgrow the file."""

    code, status, title = "too-many-refused-lines", 422, "Too many lines of this file are refused."

"""What can be refused here beyond the errors that all services share."""

from shared.errors import DomainError


class ChannelNotAllowed(DomainError):
    code, status, title = "channel-not-allowed", 403, "An appeal may not be filed through this channel by you."

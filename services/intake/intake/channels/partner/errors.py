"""Domain errors of the partner channel."""

from shared.errors import DomainError


class TooManySubscriptions(DomainError):
    code, status, title = "too-many-subscriptions", 409, "You have as many subscriptions as are allowed."

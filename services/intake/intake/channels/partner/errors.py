"""Domain errors of the partner channel."""

from shared.errors import DomainError


class ExternalNumberKnown(DomainError):
    """The problem's `number` is the registration number of the appeal that was passed on under it."""

    code, status, title = "external-number-known", 409, "You have passed on an appeal under this number before."

    def __init__(self, number: str | None) -> None:
        super().__init__(extra={"number": number})


class TooManySubscriptions(DomainError):
    code, status, title = "too-many-subscriptions", 409, "You have as many subscriptions as are allowed."

"""Expected failures of deliveries."""

from datetime import datetime

from shared.errors import DomainError


class LinkUsed(DomainError):
    """The one-time link was used. `is_late`: its answer came when none was expected any more."""

    code, status, title = "link-used", 409, "This link was used already."

    def __init__(self, used_at: datetime, *, is_late: bool) -> None:
        super().__init__()
        self.used_at, self.is_late = used_at, is_late


class LinkExpired(DomainError):
    """The one-time link is too old."""

    code, status, title = "link-expired", 410, "This link is not valid any more."

    def __init__(self, expired_at: datetime) -> None:
        super().__init__()
        self.expired_at = expired_at

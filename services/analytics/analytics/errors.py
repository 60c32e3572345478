"""What can go wrong in this service beyond what all services share."""

from shared.errors import DomainError


class UnknownAppeal(LookupError):
    """An event of an appeal whose first event was not applied: it is parked and may be replayed once that one is there."""


class PeriodNotPublic(DomainError):
    """Everybody reads whole quarters, half-years and years that are over: differences of other spans would show single appeals."""

    code, status, title = "period-not-public", 422, "Figures of this period are not public."

    def __init__(self) -> None:
        super().__init__(
            "Public periods are whole calendar quarters (such as 2025-01-01 to 2025-03-31), half-years (2025-01-01 to 2025-06-30, "
            "2025-07-01 to 2025-12-31) and years (2025-01-01 to 2025-12-31) that are over in the region asked for."
        )

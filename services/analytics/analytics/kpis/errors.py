"""Expected failures of figures."""

from shared.errors import DomainError


class PeriodNotPublic(DomainError):
    """Public figures exist for whole, past quarters, half-years and years: differences of other periods would reveal single appeals."""

    code, status, title = "period-not-public", 422, "Figures of this period are not public."

    def __init__(self) -> None:
        super().__init__(
            "Public periods are whole calendar quarters (such as 2025-01-01 to 2025-03-31), half-years (2025-01-01 to 2025-06-30, "
            "2025-07-01 to 2025-12-31) and years (2025-01-01 to 2025-12-31) that are over in the region asked for."
        )

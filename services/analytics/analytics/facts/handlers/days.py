"""Local days of events."""

from datetime import date, datetime

from shared.domain.regions import regions


def local_day(moment: datetime, region: str) -> date:
    """Return the local date of a moment in a region (KZ-00: Asia/Almaty). Raises KeyError for an unknown region."""
    return moment.astimezone(regions()[region].timezone).date()

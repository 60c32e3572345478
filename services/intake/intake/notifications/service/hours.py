"""The hours in which people may be written to."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from intake.notifications.policy import NotificationPolicy


def next_opening(now: datetime, zone: ZoneInfo, hours: NotificationPolicy) -> datetime:
    """Return `now` if it is within the hours in which people may be written to, else the time at which they begin."""
    local = now.astimezone(zone)
    if hours.opens <= local.time() < hours.closes:
        return now
    day = local.date() if local.time() < hours.opens else local.date() + timedelta(days=1)
    return datetime.combine(day, hours.opens, zone)

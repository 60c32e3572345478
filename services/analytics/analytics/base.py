"""The declarative base of this service's tables."""

from typing import Final

from sqlalchemy import MetaData
from sqlmodel import SQLModel

NOT_FROM_EVENTS: Final = "not_from_events"
"""In the `info` of a table: its rows do not come from the log, so a rebuild leaves them as they are."""


class AnalyticsModel(SQLModel):
    metadata = MetaData()

"""The declarative base of this service's tables."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel


class AnalyticsModel(SQLModel):
    metadata = MetaData()

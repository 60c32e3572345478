"""The declarative base of routing's tables."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel


class RoutingModel(SQLModel):
    """Base of every table of the service. Its metadata is complete once the `models` of all slices are imported."""

    metadata = MetaData()

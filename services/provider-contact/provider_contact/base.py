"""The declarative base of this service's tables; every slice adds its own to the metadata."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel


class ProviderContactModel(SQLModel):
    metadata = MetaData()

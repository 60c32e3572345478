"""The metadata that all tables of intake share."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel


class IntakeModel(SQLModel):
    metadata = MetaData()

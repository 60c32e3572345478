"""Tables of imports of open appeals."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index
from sqlmodel import Field

from intake.base import IntakeModel
from intake.imports.codes import ImportState
from shared.enum_column import EnumColumn


class OpenImport(IntakeModel, table=True):
    """An import of appeals that were open in a former register."""

    __tablename__ = "open_import"
    __table_args__ = (Index("ix_open_import_at", "at", "import_id"),)

    import_id: UUID = Field(primary_key=True)
    state: ImportState = Field(sa_column=Column(EnumColumn(ImportState), nullable=False))
    notified: bool
    """The applicants' contacts count as confirmed, and the applicants were sent the receipt."""
    asks_providers: bool
    """Inquiries were sent by rule."""
    received: int
    imported: int
    unchanged: int
    rejected: int
    removed: int
    """Appeals that were removed because the import was undone."""
    actor: str
    at: datetime
    undone_by: str | None
    undone_at: datetime | None


class TakenOver(IntakeModel, table=True):
    """An open appeal of a former register, and the import that brought it."""

    __tablename__ = "taken_over"
    __table_args__ = (Index("ix_taken_over_import", "import_id"),)

    appeal_id: UUID = Field(primary_key=True)
    import_id: UUID
    remains: bool
    """Its import was undone, but somebody has worked on the appeal, so it stays."""

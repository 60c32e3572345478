"""The tables of the people behind the desk: the staff, the deputies of a head, and the queues whose cases are assigned by rule."""

from datetime import date, datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field

from routing.base import RoutingModel
from routing.cases.schemas.staffing import AbsenceCodes, ShiftCodes


class Colleague(RoutingModel, table=True):
    """A member of staff who has used the desk, with the claims of the latest token."""

    subject: str = Field(primary_key=True)
    name: str | None
    role: str
    region: str | None
    seen_on: date
    """The day of the latest recorded visit."""
    absent_until: date | None = None
    """The local day of return of an absence recorded before absences had a first day: it is read, and not written any more."""
    absences: list[AbsenceCodes] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The absences that run or are planned, the earliest first; they do not overlap."""
    capacity: int | None = None
    """How many open cases the colleague works on at once; None: as many as the role usually does. 0: no case is assigned by rule."""
    languages: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The languages of the cases that are assigned by rule; None: all."""
    tiers: list[int] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The tiers of the cases that are assigned by rule; None: those of the role."""
    shifts: list[ShiftCodes | None] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """The shift of each day of the week from Monday; None: the hours of the branch on its working days."""
    left_at: datetime | None = None
    """When the colleague left the team; None: works here."""


class DeputyAppointment(RoutingModel, table=True):
    """A supervisor who decides in the place of the head of the region until a day (АППК art. 76(3), 88(2)).

    Nothing is deleted: who was entitled to a decision must be provable.
    """

    __tablename__ = "deputy_appointment"

    region: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    starts_on: date | None = None
    """The first day, local to the region; None: the appointment began when it was made."""
    until: date
    """The last day, local to the region."""
    appointed_by: str
    appointed_at: datetime = Field(primary_key=True)
    ended_at: datetime | None = None
    """When the head ended the appointment or replaced it by another; None: it lasts until its last day."""


class QueueSetting(RoutingModel, table=True):
    """A queue for which somebody has decided whether its cases are assigned by rule. A queue without a row is not."""

    __tablename__ = "queue_setting"

    queue: str = Field(primary_key=True)
    region: str = Field(index=True)
    automatic: bool
    changed_by: str
    """The subject of the token of who decided it last."""
    changed_at: datetime

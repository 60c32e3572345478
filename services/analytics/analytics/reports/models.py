"""Issued reports: their figures as they were, from which a report is written again in every language and form."""

from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import JSON, Column, Index, Table, text
from sqlmodel import Field

from analytics.base import NOT_FROM_EVENTS, AnalyticsModel
from analytics.kpis.schemas import Compare
from analytics.reports.schemas import ReportState
from shared.enum_column import EnumColumn
from shared.rows import table_of


class IssuedReport(AnalyticsModel, table=True):
    """A report that was ordered, and once it is ready its content. Numbers and codes only."""

    __tablename__ = "issued_report"
    __table_args__: Any = (
        Index("uq_issued_report_issue", "region", "period", "compare", "issue", unique=True),
        Index(
            "uq_issued_report_queued",
            "region",
            "period",
            "compare",
            unique=True,
            sqlite_where=text("state = 'QUEUED'"),
            postgresql_where=text("state = 'QUEUED'"),
        ),
        Index("ix_issued_report_ordered", "ordered_at"),
        {"info": {NOT_FROM_EVENTS: True}},
    )

    report_id: UUID = Field(primary_key=True)
    region: str
    """`KZ` for the whole country."""
    period: str
    compare: Compare = Field(sa_column=Column(EnumColumn(Compare), nullable=False))
    state: ReportState = Field(sa_column=Column(EnumColumn(ReportState), nullable=False))
    ordered_at: datetime
    claimed_until: datetime | None
    """Until when a worker computes it; after that another one may."""
    attempts: int
    done: int
    """Figures that are computed, of `total`."""
    total: int
    issue: int | None
    """1 for the first issue of its region, period and comparison."""
    issued_at: datetime | None
    content: JsonValue = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    previous: JsonValue = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    contradictions: JsonValue = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


issued_report: Table = table_of(IssuedReport)


class OrderChange(TypedDict, total=False):
    """What changes in an ordered report."""

    state: ReportState
    claimed_until: datetime | None
    attempts: int
    done: int
    issue: int
    issued_at: datetime
    content: JsonValue
    previous: JsonValue
    contradictions: JsonValue

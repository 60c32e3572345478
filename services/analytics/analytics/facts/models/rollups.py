"""Sums of facts by day and by month: what the figures of long periods read instead of the facts.

`rollup_day` has a row for each cell: a day, a region, a kind and a code of one dimension. `rollup_month` has the sums of its days. Nothing
is stored in place of 0, and codes that an appeal does not have are empty. `repository.recounts` writes these tables.
"""

from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Column, Integer, Table
from sqlmodel import Field

from analytics.base import AnalyticsModel
from shared.rows import table_of


class Dimension(StrEnum):
    """What the cells of a day, region and kind are split by."""

    NONE = "none"
    """One cell, whose code is empty."""
    CHANNEL = "channel"
    CATEGORY = "category"
    TOPIC = "topic"
    TIER = "tier"
    OUTCOME = "outcome"
    LANGUAGE = "language"
    PROVIDER = "provider"
    PROOF = "proof"
    """Appeals of which something is known from the applicant: first-time ones alone are counted."""
    DECISION = "decision"
    """Appeals that the classifier decided and a person reviewed."""
    ANSWER_TIME = "answer_time"
    """Answered first-time appeals that were not imported, by the class of the time to the answer (`repository.sketch`)."""
    ENDED = "ended"
    """All appeals that were answered or ended, by the day (`2025-01-31`) on which they first were."""


class RollupDay(AnalyticsModel, table=True):
    """The sums of a cell of one day."""

    __tablename__ = "rollup_day"

    dimension: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    first: date = Field(primary_key=True)
    """The day on which the appeals were received."""
    kind: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    n: int | None
    """First-time appeals. Every column below but the last five counts these."""
    ours: int | None
    """Not imported."""
    answered: int | None
    """Answered, not imported."""
    answered_due: int | None
    """Answered, with a statutory term."""
    in_time: int | None
    late: int | None
    extended: int | None
    reopened: int | None
    first_contact: int | None
    answered_first_tier: int | None
    leaked: int | None
    held_by_fund_n: int | None
    held_by_fund: int | None = Field(sa_column=Column(BigInteger))
    held_by_provider_n: int | None
    held_by_provider: int | None = Field(sa_column=Column(BigInteger))
    held_by_applicant_n: int | None
    held_by_applicant: int | None = Field(sa_column=Column(BigInteger))
    everything: int | None
    """All appeals, with those that continue others; likewise the columns below."""
    score_n: int | None
    score: int | None
    reviewed: int | None
    agreed: int | None


class PendingRecount(AnalyticsModel, table=True):
    """A day and region whose facts changed since their cells were counted, or an appeal of such a day and region.

    Consumers only insert rows, so that they never wait for each other. Whoever reads a rollup counts these days from the facts.
    """

    __tablename__ = "pending_recount"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
    )
    received_on: date | None
    region: str | None
    appeal_id: UUID | None


class RollupState(AnalyticsModel, table=True):
    """The single row that says by which definitions the cells were counted. Cells of other definitions are not read."""

    __tablename__ = "rollup_state"

    id: int = Field(primary_key=True)
    version: int
    leakage_seconds: int
    """How soon a complaint after an answer counted as leakage."""


rollup_day: Final[Table] = table_of(RollupDay)
rollup_month: Final[Table] = rollup_day.to_metadata(AnalyticsModel.metadata, name="rollup_month")
"""As `rollup_day`; `first` is the first day of the month."""
pending_recount: Final[Table] = table_of(PendingRecount)
rollup_state: Final[Table] = table_of(RollupState)
CELL: Final = ("dimension", "region", "first", "kind", "code")
"""The key of a cell."""
MEASURES: Final = tuple(column.name for column in rollup_day.c if column.name not in CELL)

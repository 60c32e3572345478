"""Requests of exports."""

from pydantic import Field

from analytics.kpis.schemas import CohortQuery
from shared.domain.labels import Language


class ExportQuery(CohortQuery):
    """The appeals of an export: those that a figure of the same period and filters is about, continuations included."""

    labels: Language = Field("kk", description="The language of headings and labels. `language` is that of the appeal.")

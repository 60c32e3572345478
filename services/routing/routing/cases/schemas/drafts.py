"""Unsent answers: what a clerk saves while writing, and how it is returned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from routing.cases.schemas.fields import MAX_FINDINGS, MAX_SOURCES, ArticleSource, CategoryCode, FindingOutcomeCode, Remark
from shared.domain.labels import Language
from shared.http import StrictModel, Text20k


@dataclass(frozen=True, slots=True)
class DraftRecord:
    """An unsent answer as it is stored; `content` is a sealed `DraftContent`."""

    draft_id: UUID
    appeal_id: UUID
    actor: str
    version: int
    saved_at: datetime
    language: str
    content: bytes
    actor_role: str | None
    outcome: str | None


class DraftFinding(StrictModel):
    """A finding as far as it is written."""

    category: CategoryCode | None = None
    outcome: FindingOutcomeCode | None = None
    fact: Remark | None = None
    rule: Remark | None = None


class DraftContent(StrictModel):
    """The content of an unsent answer, every part of which may be missing; it is stored sealed."""

    text: Text20k | None = None
    findings: Annotated[list[DraftFinding], Field(default_factory=list, max_length=MAX_FINDINGS)]
    next_steps: Remark | None = None
    how_to_complain: Remark | None = None
    sources: Annotated[list[ArticleSource], Field(default_factory=list, max_length=MAX_SOURCES)]


class SaveDraft(DraftContent):
    """An unsent answer to be saved. `expected_draft_version`: the version that the sender read, 0 if there was no draft."""

    expected_draft_version: Annotated[int, Field(ge=0, lt=2**31)]
    language: Language


class DraftFindingView(BaseModel):
    """A finding of an unsent answer; None for what is not written yet."""

    category: str | None
    outcome: str | None
    fact: str | None
    rule: str | None


class ArticleSourceView(BaseModel):
    """A ready answer whose text was inserted."""

    article: str
    version: int


class DraftView(BaseModel):
    """An unsent answer, opened for its author; None for what is not written yet."""

    draft_version: int
    saved_at: datetime
    language: str
    text: str | None
    findings: list[DraftFindingView]
    next_steps: str | None
    how_to_complain: str | None
    sources: list[ArticleSourceView] = []

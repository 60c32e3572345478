"""What is stored sealed: letters, findings and questions to providers."""

from typing import Annotated

from pydantic import Field

from routing.cases.schemas.fields import MAX_FINDINGS, MissingCode, QuestionCode, RefusalReasonCode, Remark
from shared.http import StrictModel


class LetterContent(StrictModel):
    """The content of a letter to the applicant; it is stored sealed."""

    text: Remark | None = None
    missing: list[MissingCode] = Field(default_factory=list)


class FindingContent(StrictModel):
    """The texts of a finding on an issue; they are stored sealed."""

    fact: Remark
    rule: Remark
    refusal_rule: Remark | None = None


class ProviderQuestionContent(StrictModel):
    """The content of a clerk's question to a provider; it is stored sealed."""

    questions: Annotated[list[QuestionCode], Field(default_factory=list, max_length=MAX_FINDINGS)]
    text: Remark | None = None


class Refusal(StrictModel):
    """A refusal of care: the provider's reason, the rule by which the clerk judges it, and whether the refusal is lawful."""

    reason: RefusalReasonCode
    rule: Remark
    lawful: bool

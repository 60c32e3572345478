"""The types of the fields that the bodies of actions, drafts and filters share: codes of the policy files, and texts."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from routing.cases.codes import DeskStatus
from routing.cases.policy import (
    applicant_outcomes,
    bodies,
    body_delivery_methods,
    closing_outcomes,
    confirmed_outcomes,
    escalation_reasons,
    finding_outcomes,
    missing_data,
    return_grounds,
    termination_grounds,
)
from shared.code_fields import Options, code_of
from shared.domain.protection import protection_grounds
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.http import StrictModel, Text

APPLICANTS_OUTCOME: Final = "This outcome follows only from the applicant's own confirmation or withdrawal."


def _is_for_clerks(code: str) -> str:
    if code in applicant_outcomes():
        raise PydanticCustomError("applicants_outcome", APPLICANTS_OUTCOME)
    return code


def _may_close(code: str) -> str:
    if code in applicant_outcomes() and code not in confirmed_outcomes():
        raise PydanticCustomError("applicants_outcome", APPLICANTS_OUTCOME)
    return code


class ArticleSource(StrictModel):
    """A ready answer whose text was inserted into an answer: the code of the article and its version."""

    article: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,80}$")]
    version: Annotated[int, Field(ge=1, lt=2**31)]


MAX_SOURCES: Final = 10
KindCode = Annotated[str, *code_of(taxonomy().kinds)]
CategoryCode = Annotated[str, *code_of(taxonomy().categories)]
TopicCode = Annotated[str, *code_of(taxonomy().topics)]
FormCode = Annotated[str, *code_of(taxonomy().forms)]
ChannelCode = Annotated[str, *code_of(taxonomy().channels)]
RegionCode = Annotated[str, *code_of(regions())]
StatusCode = Annotated[str, *code_of([*taxonomy().statuses, *DeskStatus])]
OutcomeCode = Annotated[str, AfterValidator(_is_for_clerks), *code_of(finding_outcomes())]
"""What an answer may say of an issue."""
ClosingOutcomeCode = Annotated[
    str, AfterValidator(_may_close), code_of([*closing_outcomes(), *confirmed_outcomes()])[0], Options(closing_outcomes())
]
"""An outcome of a case; whether the applicant's confirmation stands is checked with the case, and the offer of the action follows it."""
FindingOutcomeCode = Annotated[str, *code_of([*finding_outcomes(), *sorted(applicant_outcomes())])]
"""An outcome in a stored answer, which stays readable; a new answer is checked when it is given."""
ReasonCode = Annotated[str, *code_of(escalation_reasons())]

RefusalReasonCode = Annotated[str, *code_of(taxonomy().refusal_reasons)]
QuestionCode = Annotated[str, *code_of(taxonomy().provider_questions)]
ServiceCode = Annotated[str, *code_of(taxonomy().concerned_services)]
DepartmentCode = Annotated[str, *code_of(taxonomy().departments)]
MissingCode = Annotated[str, *code_of(missing_data())]
ReturnGroundCode = Annotated[str, *code_of(return_grounds())]
TerminationGroundCode = Annotated[str, *code_of(termination_grounds())]
ForwardBodyCode = Annotated[str, *code_of(code for code, body in bodies().items() if body.forwards)]
SuperiorBodyCode = Annotated[str, *code_of(code for code, body in bodies().items() if body.superiors)]
RedirectBodyCode = Annotated[str, *code_of(code for code, body in bodies().items() if body.redirects)]

ProtectionGroundCode = Annotated[str, *code_of(protection_grounds())]
BodyDeliveryCode = Annotated[str, *code_of(body_delivery_methods())]

Remark = Annotated[str, Text(4_000)]
MAX_FINDINGS = 50

"""The types of the fields that the bodies of actions, drafts and filters share: codes of the policy files, and texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from routing.cases.codes import DeskStatus
from routing.cases.policy import (
    applicant_outcomes,
    bodies,
    closing_outcomes,
    escalation_reasons,
    missing_data,
    return_grounds,
    termination_grounds,
)
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.field_errors import DETAILS
from shared.http import Text


@dataclass(frozen=True, slots=True)
class Options:
    """Metadata of a code field: the codes to choose from, in the order of their file."""

    codes: tuple[str, ...]

    def check(self, code: str) -> str:
        if code not in self.codes:
            raise PydanticCustomError("unknown_code", DETAILS["unknown-code"])
        return code


def _code_of(known: Iterable[str]) -> tuple[AfterValidator, Options]:
    options = Options(tuple(known))
    return AfterValidator(options.check), options


APPLICANTS_OUTCOME: Final = "This outcome follows only from the applicant's own confirmation or withdrawal."


def _is_for_clerks(code: str) -> str:
    if code in applicant_outcomes():
        raise PydanticCustomError("applicants_outcome", APPLICANTS_OUTCOME)
    return code


KindCode = Annotated[str, *_code_of(taxonomy().kinds)]
CategoryCode = Annotated[str, *_code_of(taxonomy().categories)]
TopicCode = Annotated[str, *_code_of(taxonomy().topics)]
FormCode = Annotated[str, *_code_of(taxonomy().forms)]
ChannelCode = Annotated[str, *_code_of(taxonomy().channels)]
RegionCode = Annotated[str, *_code_of(regions())]
StatusCode = Annotated[str, *_code_of([*taxonomy().statuses, *DeskStatus])]
OutcomeCode = Annotated[str, AfterValidator(_is_for_clerks), *_code_of(closing_outcomes())]
FindingOutcomeCode = Annotated[str, *_code_of([*closing_outcomes(), *sorted(applicant_outcomes())])]
"""An outcome in a stored answer, which stays readable; a new answer is checked when it is given."""
ReasonCode = Annotated[str, *_code_of(escalation_reasons())]

RefusalReasonCode = Annotated[str, *_code_of(taxonomy().refusal_reasons)]
QuestionCode = Annotated[str, *_code_of(taxonomy().provider_questions)]
MissingCode = Annotated[str, *_code_of(missing_data())]
ReturnGroundCode = Annotated[str, *_code_of(return_grounds())]
TerminationGroundCode = Annotated[str, *_code_of(termination_grounds())]
ForwardBodyCode = Annotated[str, *_code_of(code for code, body in bodies().items() if body.forwards)]
RedirectBodyCode = Annotated[str, *_code_of(code for code, body in bodies().items() if body.redirects)]

Remark = Annotated[str, Text(4_000)]
MAX_FINDINGS = 50

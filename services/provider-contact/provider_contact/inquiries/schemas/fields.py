"""The types of the fields that the bodies of actions share: codes of the policy files, and texts."""

from typing import Annotated, Final

from provider_contact.inquiries.policy import cancel_reasons, escalation_bodies, excuse_reasons, return_reasons
from shared.code_fields import code_of
from shared.domain.taxonomy import taxonomy
from shared.http import Text

ReturnReasonCode = Annotated[str, *code_of(return_reasons())]
CancelReasonCode = Annotated[str, *code_of(cancel_reasons())]
ExcuseReasonCode = Annotated[str, *code_of(excuse_reasons())]
BodyCode = Annotated[str, *code_of(escalation_bodies())]
ResponseCodeField = Annotated[str, *code_of(taxonomy().response_codes)]
RefusalReasonCode = Annotated[str, *code_of(taxonomy().refusal_reasons)]
QuestionCode = Annotated[str, *code_of(taxonomy().provider_questions)]

Remark = Annotated[str, Text(4_000)]
MAX_ANSWERS: Final = 50
MAX_ATTACHMENTS: Final = 10

"""What the exchange tells and is told. Unknown fields are refused; what a person keyed or said is not kept beyond its use."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, RootModel, StringConstraints, model_validator

from intake.register.schemas import Moment
from shared.domain.labels import Language
from shared.http import StrictModel, Text

Type = Literal[
    "offered",
    "ivr_choice",
    "queued",
    "ringing",
    "answered",
    "held",
    "transferred",
    "abandoned",
    "ended",
    "recording_ready",
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[!-~]+$")]  # an exchange's own ids and names
Seconds = Annotated[int, Field(ge=0, le=86_400)]
TOGETHER = 200


class CallEventIn(StrictModel):
    """A fact of a call. Sent again (`call_id`, `type`, `seq`) it changes nothing; a late one finds its place by `at` and `seq`."""

    call_id: Name = Field(description="the exchange's id of the whole call, the same on all its legs")
    leg_id: Name | None = None
    seq: Annotated[int, Field(ge=0, le=2**31 - 1)]
    type: Type
    at: Moment = Field(description="RFC 3339")
    direction: Literal["in", "out"] | None = Field(None, description="`in` unless one of the call's events says otherwise")
    caller: Annotated[str, Text(40)] | None = Field(
        None, alias="from", description="kept as a keyed hash; sealed while a call-back may follow"
    )
    to: Annotated[str, Text(40)] | None = None
    queue: Name | None = None
    agent_id: Name | None = Field(None, description="the subject of the operator's token")
    ivr_path: Name | None = Field(None, description="a path of the voice menu; what is keyed besides is not kept")
    wait_s: Seconds | None = None
    talk_s: Seconds | None = None
    disposition: Literal["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"] | None = None
    recording_ref: Annotated[str, Text(300)] | None = None


class CallEventsIn(RootModel[Annotated[list[CallEventIn], Field(min_length=1, max_length=TOGETHER)]]):
    """One event, or a list of up to 200."""

    @model_validator(mode="before")
    @classmethod
    def _one_is_a_list_of_one(cls, given: Any) -> Any:
        return [given] if isinstance(given, dict) else given


class CallEventsTaken(BaseModel):
    """How many were new; the others were told before."""

    received: int
    new: int


class KeypadIn(StrictModel):
    """What a caller keyed in: digits without hyphens."""

    number: Annotated[str, Text(40)]
    pin: Annotated[str, Text(40)]
    language: Language = "kk"
    caller: Annotated[str, Text(40)] | None = Field(
        None, alias="from", description="counts wrong attempts; all withheld numbers count as one"
    )


class KeypadStatus(BaseModel):
    """Codes, and a sentence to be read out."""

    status: str
    holder: str
    tier: int | None
    due_on: str | None
    answered: bool
    language: Language
    sentence: str

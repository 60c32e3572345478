"""Requests of the telephone exchange and their answers. Unknown fields are refused; keyed digits are never stored."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, RootModel, StringConstraints, model_validator

from intake.channels.phone.codes import CallEventType
from intake.register.schemas import Moment
from shared.domain.labels import Language
from shared.http import StrictModel, Text

ExchangeName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[!-~]+$")]
"""An id or a name that the exchange made."""
Seconds = Annotated[int, Field(ge=0, le=86_400)]
MAX_EVENTS: Final = 200  # events in one request


class CallEventIn(StrictModel):
    """A fact of a call. A repeat (`call_id`, `type`, `seq`) changes nothing; a late event is ordered by `at` and `seq`."""

    call_id: ExchangeName = Field(description="the exchange's id of the whole call, the same on all its legs")
    leg_id: ExchangeName | None = None
    seq: Annotated[int, Field(ge=0, le=2**31 - 1)]
    type: CallEventType
    at: Moment = Field(description="RFC 3339")
    direction: Literal["in", "out"] | None = Field(None, description="`in` unless one of the call's events says otherwise")
    caller: Annotated[str, Text(40)] | None = Field(
        None, alias="from", description="stored as a keyed hash; sealed while a call-back may follow"
    )
    to: Annotated[str, Text(40)] | None = None
    queue: ExchangeName | None = None
    agent_id: ExchangeName | None = Field(None, description="the subject of the operator's token")
    ivr_path: ExchangeName | None = Field(None, description="a path of the voice menu; any other digits are not stored")
    wait_s: Seconds | None = None
    talk_s: Seconds | None = None
    disposition: Literal["ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"] | None = None
    recording_ref: Annotated[str, Text(300)] | None = None


class CallEventsIn(RootModel[Annotated[list[CallEventIn], Field(min_length=1, max_length=MAX_EVENTS)]]):
    """One event, or a list of up to 200."""

    @model_validator(mode="before")
    @classmethod
    def _wrap_single_event(cls, given: Any) -> Any:
        return [given] if isinstance(given, dict) else given


class CallEventsReceipt(BaseModel):
    """How many events were received, and how many of them were new."""

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

"""The public calculation of deadlines."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from routing.clocks import service
from routing.clocks.errors import CalendarDoesNotReach
from routing.clocks.schemas import DeadlineView
from shared.errors import InvalidInput, responses
from shared.field_errors import DETAILS
from shared.http import KnownQuery

router = APIRouter(tags=["deadlines"])


def _check_day(text: str) -> str:
    try:
        is_day = date.fromisoformat(text).isoformat() == text  # Python also reads weeks and days without hyphens
    except ValueError:
        is_day = False
    if not is_day:
        raise PydanticCustomError("bad_format", DETAILS["bad-format"])
    return text


Day = Annotated[str, AfterValidator(_check_day), Query(alias="from", description="The day of the event the policy starts at, YYYY-MM-DD.")]


@router.get("/v1/deadlines", responses=responses(InvalidInput, CalendarDoesNotReach))
async def read_deadline(policy: str, start: Day, _query: KnownQuery) -> DeadlineView:
    """Return the last day of a term and its calculation, day by day."""
    return service.deadline(policy, date.fromisoformat(start))

"""Request dependencies and small helpers that the routes of every slice use."""

from typing import Annotated

from fastapi import Query

from shared.domain.regions import regions
from shared.errors import Forbidden, InvalidInput, Unauthorized, responses

RegionCode = Annotated[str | None, Query(max_length=10)]

LIST_ERRORS = responses(Unauthorized, Forbidden, InvalidInput)


def known_region(code: str | None) -> str | None:
    """Return the region code of a query. Raises InvalidInput for a code that does not exist."""
    if code is not None and code not in regions():
        raise InvalidInput.field("region", "unknown-code", "The value is not one of the known codes.")
    return code

"""Request dependencies and small helpers that the routes of every slice use."""

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from shared import idempotency
from shared.auth import Principal
from shared.domain.regions import regions
from shared.errors import Forbidden, InvalidInput, Unauthorized, responses
from shared.service import Parts


def get_parts(request: Request) -> Parts:
    """Return the service's collaborators, which `shared.service.assemble` stored on the application."""
    parts: Parts = request.app.state.parts
    return parts


PartsDep = Annotated[Parts, Depends(get_parts)]
RegionCode = Annotated[str | None, Query(max_length=10)]

LIST_ERRORS = responses(Unauthorized, Forbidden, InvalidInput)


def known_region(code: str | None) -> str | None:
    """Return the region code of a query. Raises InvalidInput for a code that does not exist."""
    if code is not None and code not in regions():
        raise InvalidInput.field("region", "unknown-code", "The value is not one of the known codes.")
    return code


def repeatable(parts: Parts, principal: Principal, key: str | None, operation: str, payload: BaseModel) -> idempotency.Request | None:
    """Return the request as identified by its idempotency key; None if the client sent no key."""
    return parts.idempotency.request(idempotency.scope_of(principal), key, operation, payload) if key else None

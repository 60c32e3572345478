"""Conditional responses: a weak `ETag`, and 304 when the client already has the current response."""

import hashlib
from typing import Annotated, Final

from fastapi import Header, Response
from pydantic import BaseModel

from shared.errors import Responses
from shared.header_fields import entries_of

NOT_MODIFIED: Final[Responses] = {304: {"description": "The client has the current response (`If-None-Match`)."}}
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="The `ETag` of the response that the client has.")]


def conditional(answer: BaseModel, known: str | None, *, passing: frozenset[str] = frozenset()) -> Response:
    """Return `answer` as a response, or 304 without a body if `known` contains its tag. `passing`: fields that change with time alone."""
    headers = _tagged(answer.model_dump_json(exclude=set(passing)).encode())
    if _has(known, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(answer.model_dump_json(), 200, headers, "application/json")


def conditional_page(page: Response, known: str | None) -> Response:
    """Return a rendered page with its tag, or 304 without a body if `known` contains the tag."""
    headers = _tagged(bytes(page.body))
    if _has(known, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    page.headers.update(headers)
    return page


def _tagged(content: bytes) -> dict[str, str]:
    """Return the headers of a response: caches on the way store nothing; the client itself may store the response."""
    return {"ETag": f'W/"{hashlib.sha256(content).hexdigest()[:32]}"', "Cache-Control": "no-store"}


def _has(known: str | None, tag: str) -> bool:
    held = {entry.removeprefix("W/") for entry in entries_of(known or "")}  # weak comparison: RFC 9110 §13.1.2
    return tag.removeprefix("W/") in held or "*" in held

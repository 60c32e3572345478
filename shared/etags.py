"""Answers that a client holds already: a weak `ETag` of what it was told, and 304 when that is still so."""

import hashlib
from typing import Annotated, Any, Final

from fastapi import Header, Response
from pydantic import BaseModel

from shared.header_fields import entries_of

NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "It is still as `If-None-Match` says."}}
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", description="The `ETag` of the answer that you hold.")]


def conditional(answer: BaseModel, known: str | None, *, passing: frozenset[str] = frozenset()) -> Response:
    """`answer`, or 304 without a body if `known` names it. `passing`: fields that change by themselves, as seconds that pass."""
    said = answer.model_dump_json(exclude=set(passing)).encode()
    tag = f'W/"{hashlib.sha256(said).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-store"}  # no cache on the way keeps it; the client may keep both
    held = {one.removeprefix("W/") for one in entries_of(known or "")}  # compared weakly: RFC 9110 §13.1.2
    if tag.removeprefix("W/") in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(answer.model_dump_json(), 200, headers, "application/json")

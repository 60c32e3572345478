"""The claim check: events carry ids, and an authorised service reads the sealed text from its owner through this audited endpoint."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field

from shared.auth.issuer import ISSUER
from shared.auth.principal import Principal
from shared.errors import Forbidden, InvalidInput, Unavailable

MAX_IDS = 500  # one consumer batch
TIMEOUT_SECONDS = 10.0
ANY_SERVICE = "service"  # the subject of `aryz token --role service`; with another issuer it is an ordinary service name


class ContentsRequest(BaseModel):
    """Request body of `POST /{service}/internal/v1/contents`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    ids: list[UUID] = Field(max_length=MAX_IDS)
    purpose: str = Field(min_length=1, max_length=60, pattern=r"^[a-z-]+$")
    on_behalf_of: str | None = Field(None, max_length=200)


class ContentItem(BaseModel):
    id: UUID
    found: bool
    """False for an id that is unknown, erased or not readable for this service. Asking again is useless."""
    content: dict[str, Any] | None = None


class ContentsResponse(BaseModel):
    items: list[ContentItem]


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of reading text: the services that may read for it, and whether they must name the person they act for."""

    readers: frozenset[str]
    for_a_person: bool


P = TypeVar("P", bound=Purpose)


def entitled(asked: ContentsRequest, reader: Principal, purposes: Mapping[str, P]) -> P:
    """Return the requested purpose if the reader, known by the subject of its token, may read for it.

    On one machine whoever holds the data folder acts for every service: a token of the local issuer for `ANY_SERVICE` reads for
    every purpose. Raises InvalidInput for an unknown purpose or a missing person, Forbidden for a service that may not read for
    it.
    """
    purpose = purposes.get(asked.purpose)
    if purpose is None:
        raise InvalidInput.field("purpose", "unknown-code", "The value is not one of the known codes.")
    if reader.subject not in purpose.readers and (reader.issuer, reader.subject) != (ISSUER, ANY_SERVICE):
        raise Forbidden("This purpose is another service's.")
    if purpose.for_a_person and not asked.on_behalf_of:
        raise InvalidInput.field("on_behalf_of", "required", "This field is required.")
    return purpose


class OwnerUnavailable(Exception):
    """The service that stores the text does not answer now. Wait and ask again."""


class Contents:
    """Client of the contents endpoints. `client_for` returns an HTTP client and a bearer token for a service."""

    def __init__(self, client_for: Callable[[str], httpx.AsyncClient], token: Callable[[], Any]) -> None:
        self._client_for = client_for
        self._token = token

    async def read(
        self, service: str, ids: Sequence[UUID], *, purpose: str, on_behalf_of: str | None = None
    ) -> Mapping[UUID, dict[str, Any] | None]:
        """Return the contents by id, None for an id without readable content.

        Raises:
            OwnerUnavailable: the owner is down, too slow, or does not accept our token now.
        """
        found: dict[UUID, dict[str, Any] | None] = {}
        for start in range(0, len(ids), MAX_IDS):
            request = ContentsRequest(ids=list(ids[start : start + MAX_IDS]), purpose=purpose, on_behalf_of=on_behalf_of)
            try:
                answer = await self._client_for(service).post(
                    f"/{service}/internal/v1/contents",
                    content=request.model_dump_json(),
                    headers={"Authorization": f"Bearer {await self._token()}", "Content-Type": "application/json"},
                    timeout=TIMEOUT_SECONDS,
                )
            except (httpx.TransportError, Unavailable) as error:
                raise OwnerUnavailable(f"{service} does not answer") from error
            if answer.status_code != httpx.codes.OK:
                raise OwnerUnavailable(f"{service} answers {answer.status_code}")
            try:
                items = ContentsResponse.model_validate_json(answer.content).items
            except ValueError as error:
                raise OwnerUnavailable(f"{service} answers something else") from error
            for item in items:
                found[item.id] = item.content if item.found else None
        return found

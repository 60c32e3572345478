"""The claim check: events carry ids, and an authorised service reads the sealed text from its owner through this audited endpoint."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.auth.issuer import ISSUER
from shared.auth.principal import Principal
from shared.errors import Forbidden, InvalidInput, Unavailable

MAX_IDS = 500  # one consumer batch
TIMEOUT_SECONDS = 10.0
WITHHELD = frozenset({httpx.codes.NOT_FOUND, httpx.codes.CONFLICT, httpx.codes.GONE})
"""What an owner answers for a file that is unknown, not scanned yet, infected or lost."""
ANY_SERVICE = "service"  # the subject of `aryz token --role service`; with another issuer it is an ordinary service name


class ContentsRequest(BaseModel):
    """Request body of `POST /{service}/internal/v1/contents`."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    ids: list[UUID] = Field(max_length=MAX_IDS)
    purpose: str = Field(min_length=1, max_length=60, pattern=r"^[a-z-]+$")
    on_behalf_of: str | None = Field(None, max_length=200)
    role: str | None = Field(None, max_length=40, description="the role of the person, which the applicant may see")


class ContentItem(BaseModel):
    id: UUID
    found: bool
    """False for an id that is unknown, erased or not readable for this service. Asking again is useless."""
    content: dict[str, Any] | None = None


class ContentsResponse(BaseModel):
    items: list[ContentItem]


class FileRequest(BaseModel):
    """Request body of `POST /{service}/internal/v1/attachments`: a file of an appeal whose case the service has found visible."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    appeal_id: UUID
    attachment_id: UUID
    purpose: str = Field(min_length=1, max_length=60, pattern=r"^[a-z-]+$")
    on_behalf_of: str = Field(min_length=1, max_length=200)
    role: str | None = Field(None, max_length=40)


class LetterRequest(BaseModel):
    """Request body of `POST /routing/internal/v1/letters`: an answer as an official letter to the applicant, who is not stored with it.

    `origin`: the address under which citizens reach the pages, such as `https://aryz.example`.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    appeal_id: UUID
    answer_id: UUID
    purpose: str = Field(min_length=1, max_length=60, pattern=r"^[a-z-]+$")
    on_behalf_of: str = Field(min_length=1, max_length=200)
    addressee: str | None = Field(None, max_length=500)
    address: str | None = Field(None, max_length=1000)
    origin: str = Field(max_length=500)


class LookupRequest(BaseModel):
    """Request body of `POST /intake/internal/v1/lookups`: a phone in E.164, an IIN, an appeal, or a provider's name as typed; one of them.

    `same_applicant_as`: the appeal whose applicant's other appeals are wanted.

    `region`: where to look for the provider, None for everywhere. Phones and IINs are compared as keyed hashes.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    purpose: str = Field(min_length=1, max_length=60, pattern=r"^[a-z-]+$")
    on_behalf_of: str = Field(min_length=1, max_length=200)
    phone: str | None = Field(None, max_length=20)
    iin: str | None = Field(None, max_length=12)
    same_applicant_as: UUID | None = None
    provider_name: str | None = Field(None, max_length=200)
    region: str | None = Field(None, max_length=5)

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if sum(value is not None for value in (self.phone, self.iin, self.same_applicant_as, self.provider_name)) != 1:
            raise PydanticCustomError("required", "Ask for a phone, an IIN, an appeal or a provider.")
        return self


class LookupResponse(BaseModel):
    """The ids that were found: appeals, latest first and at most MAX_IDS, or providers, best match first."""

    appeal_ids: list[UUID] = []
    provider_ids: list[UUID] = []


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of reading text: the services that may read for it, and whether they must name the person they act for."""

    readers: frozenset[str]
    for_a_person: bool


P = TypeVar("P", bound=Purpose)


def entitled(asked: ContentsRequest | LookupRequest, reader: Principal, purposes: Mapping[str, P]) -> P:
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


class FileWithheld(Exception):
    """The owner does not give the file: `code` and `status` of its problem say why, 404 for a file that does not exist."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class OwnedFile:
    """A file that its owner is sending. Read `chunks` to the end or call `close`: they hold a connection."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer

    @property
    def media_type(self) -> str:
        """Return the media type that the owner states."""
        return str(self._answer.headers.get("Content-Type", "application/octet-stream"))

    @property
    def disposition(self) -> str:
        """Return the header with the safe name of the file."""
        return str(self._answer.headers.get("Content-Disposition", "attachment"))

    @property
    def size(self) -> str | None:
        """Return the header with the number of bytes, None if the owner does not state it."""
        found: str | None = self._answer.headers.get("Content-Length")
        return found

    def chunks(self) -> AsyncIterator[bytes]:
        """Return the bytes in order."""
        return self._answer.aiter_bytes()

    async def close(self) -> None:
        """Release the connection."""
        await self._answer.aclose()


def _without(role: str | None) -> set[str]:
    """Return the fields to leave out: an owner of an earlier version refuses `role`, so only requests that have one send it."""
    return set() if role else {"role"}


class Contents:
    """Client of the contents endpoints. `client_for` returns an HTTP client and a bearer token for a service."""

    def __init__(self, client_for: Callable[[str], httpx.AsyncClient], token: Callable[[], Any]) -> None:
        self._client_for = client_for
        self._token = token

    async def read(
        self, service: str, ids: Sequence[UUID], *, purpose: str, on_behalf_of: str | None = None, role: str | None = None
    ) -> Mapping[UUID, dict[str, Any] | None]:
        """Return the contents by id, None for an id without readable content. `role`: that of the person on whose behalf they are read.

        Raises:
            OwnerUnavailable: the owner is down, too slow, or does not accept our token now.
        """
        found: dict[UUID, dict[str, Any] | None] = {}
        for start in range(0, len(ids), MAX_IDS):
            request = ContentsRequest(ids=list(ids[start : start + MAX_IDS]), purpose=purpose, on_behalf_of=on_behalf_of, role=role)
            try:
                answer = await self._client_for(service).post(
                    f"/{service}/internal/v1/contents",
                    content=request.model_dump_json(exclude=_without(request.role)),
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

    async def look_up(self, request: LookupRequest) -> LookupResponse:
        """Return the ids that intake finds. Raises OwnerUnavailable as `read` does."""
        try:
            answer = await self._client_for("intake").post(
                "/intake/internal/v1/lookups",
                content=request.model_dump_json(exclude_none=True),
                headers={"Authorization": f"Bearer {await self._token()}", "Content-Type": "application/json"},
                timeout=TIMEOUT_SECONDS,
            )
        except (httpx.TransportError, Unavailable) as error:
            raise OwnerUnavailable("intake does not answer") from error
        if answer.status_code != httpx.codes.OK:
            raise OwnerUnavailable(f"intake answers {answer.status_code}")
        try:
            return LookupResponse.model_validate_json(answer.content)
        except ValueError as error:
            raise OwnerUnavailable("intake answers something else") from error

    async def open_file(self, service: str, request: FileRequest | LetterRequest) -> OwnedFile:
        """Return a file or a letter that another service owns, before its bytes are read.

        Raises:
            OwnerUnavailable: the owner is down, too slow, or does not accept our token now.
            FileWithheld: the owner does not give the file.
        """
        try:
            client = self._client_for(service)
            path, without = ("attachments", _without(request.role)) if isinstance(request, FileRequest) else ("letters", set())
            question = client.build_request(
                "POST",
                f"/{service}/internal/v1/{path}",
                content=request.model_dump_json(exclude=without),
                headers={"Authorization": f"Bearer {await self._token()}", "Content-Type": "application/json"},
                timeout=TIMEOUT_SECONDS,
            )
            answer = await client.send(question, stream=True)
        except (httpx.TransportError, Unavailable) as error:
            raise OwnerUnavailable(f"{service} does not answer") from error
        if answer.status_code == httpx.codes.OK:
            return OwnedFile(answer)
        problem = await answer.aread()
        if answer.status_code not in WITHHELD:
            raise OwnerUnavailable(f"{service} answers {answer.status_code}")
        try:
            raise FileWithheld(answer.status_code, str(json.loads(problem)["code"]))
        except (ValueError, KeyError, TypeError) as error:
            raise OwnerUnavailable(f"{service} answers something else") from error

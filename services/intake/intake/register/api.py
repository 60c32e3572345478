"""Tracking an appeal, and reading contents as another service."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from intake.register.dependencies import AppealPin, IntakeDep
from intake.register.schemas import Tracked
from intake.register.service.contents import PURPOSES, open_contents, read_sealed
from intake.register.service.lookups import LOOKUP_PURPOSES, find_appeals, find_providers
from intake.register.service.providers import active_providers
from shared.auth import Principal, UnconfinedPrincipalDep, require
from shared.contents import ContentsRequest, ContentsResponse, LookupRequest, LookupResponse, entitled
from shared.dependencies import SealerDep, UnitsOfWorkDep
from shared.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    TooMany,
    Unauthorized,
    responses,
)
from shared.etags import NOT_MODIFIED, IfNoneMatch, conditional
from shared.http import KnownQuery, body

router = APIRouter()


@router.get(
    "/v1/appeals/{number}",
    tags=["appeals"],
    response_model=Tracked,
    responses={**responses(InvalidInput, NotFound, TooMany, Unauthorized, Forbidden), **NOT_MODIFIED},
)
async def track_appeal(
    number: str,
    request: Request,
    intake: IntakeDep,
    reader: UnconfinedPrincipalDep,
    _query: KnownQuery,
    pin: AppealPin = None,
    known: IfNoneMatch = None,
) -> Response:
    """Return the state of an appeal: with its PIN, with the token that filed it as its own, or for staff who see it."""
    intake.spend(reader)
    address = intake.address(request)
    found = await intake.opener.track(number=number, pin=pin, principal=reader, address=address)
    return conditional(found, known, passing=frozenset({"time_held"}))


@router.post("/internal/v1/contents", tags=["internal"], response_model=ContentsResponse, responses=responses(Unauthorized, Forbidden))
async def read_contents(
    intake: IntakeDep,
    reader: Annotated[Principal, Depends(require("service"))],
    units: UnitsOfWorkDep,
    sealer: SealerDep,
    asked: Annotated[ContentsRequest, body(ContentsRequest)],
) -> Response:
    """Return contents by appeal id for another service and a purpose. Every read is recorded in the audit log."""
    purpose = entitled(asked, reader, PURPOSES)
    async with units.write() as work:  # one transaction: consumers call this some ten times a second
        found = await read_sealed(work, intake.list_files, intake.list_shown, asked, purpose, reader)
    response = open_contents(sealer, asked, purpose, found)
    return Response(response.model_dump_json(), media_type="application/json")  # FastAPI would validate each content again


@router.post("/internal/v1/lookups", tags=["internal"], responses=responses(Unauthorized, Forbidden, InvalidInput))
async def look_up_appeals(
    reader: Annotated[Principal, Depends(require("service"))],
    units: UnitsOfWorkDep,
    asked: Annotated[LookupRequest, body(LookupRequest)],
) -> LookupResponse:
    """Return the ids of the appeals of a phone number or an IIN, or of the providers that a name may mean, to another service.

    A lookup of appeals is recorded in the audit log with the person for whom it is made and the appeals that it found.
    """
    entitled(asked, reader, LOOKUP_PURPOSES)
    if asked.provider_name is None:
        async with units.write() as work:
            return await find_appeals(work, asked, reader)
    async with units.read() as work:
        providers = await active_providers(work.session, asked.region)
    return await asyncio.to_thread(find_providers, asked.provider_name, providers)

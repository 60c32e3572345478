"""Tracking an appeal, and reading contents as another service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from intake.register.dependencies import AppealPin, IntakeDep
from intake.register.schemas import Tracked
from intake.register.service.contents import PURPOSES, open_contents, read_sealed
from shared.auth import Principal, UnconfinedPrincipalDep, require
from shared.contents import ContentsRequest, ContentsResponse, entitled
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
        found = await read_sealed(work, intake.list_files, asked, purpose, reader)
    response = open_contents(sealer, asked, purpose, found)
    return Response(response.model_dump_json(), media_type="application/json")  # FastAPI would validate each content again

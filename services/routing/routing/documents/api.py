"""Letters over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from routing.documents.dependencies import PDF, LetterChecks, origin_of
from routing.documents.dependencies.case_file import case_file
from routing.documents.dependencies.letters import letter_for_clerk, letter_for_service
from routing.documents.errors import CaseFileIncomplete
from routing.documents.schemas import LetterCheckIn, LetterCheckOut
from routing.documents.service.letters import check
from shared.auth import STAFF, Principal, require
from shared.contents import LetterRequest
from shared.dependencies import ContentsDep, ReadDep, UnitsOfWorkDep
from shared.domain.labels import Language
from shared.errors import Forbidden, InvalidInput, NotFound, TooMany, Unauthorized, Unavailable, responses
from shared.http import KnownQuery, body

router = APIRouter()
StaffDep = Annotated[Principal, Depends(require(*STAFF, "admin"))]
_DOCUMENT = {"description": "The document.", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}


async def _count_check(request: Request) -> None:
    checks: LetterChecks = request.app.state.letter_checks
    checks.spend(request)


@router.get(
    "/v1/cases/{appeal_id}/letter",
    tags=["letters"],
    response_class=Response,
    responses={**responses(Unauthorized, Forbidden, NotFound, InvalidInput, Unavailable), 200: _DOCUMENT},
)
async def read_letter(
    request: Request, appeal_id: UUID, principal: StaffDep, units: UnitsOfWorkDep, contents: ContentsDep, _query: KnownQuery
) -> Response:
    """Return the latest answer of a case as an official letter; 404 before there is one. The access is recorded in the audit logs."""
    return await letter_for_clerk(units, contents, principal, appeal_id, origin_of(request))


@router.get(
    "/v1/cases/{appeal_id}/file",
    tags=["cases"],
    response_class=Response,
    responses={**responses(Unauthorized, Forbidden, NotFound, InvalidInput, CaseFileIncomplete), 200: _DOCUMENT},
)
async def read_case_file(
    appeal_id: UUID,
    principal: Annotated[Principal, Depends(require("supervisor", "head", "admin"))],
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    _query: KnownQuery,
    language: Language = "kk",
) -> Response:
    """Return the whole case file as PDF, for the applicant who asks for it (АППК art. 75), without notes of colleagues.

    While a service does not answer the file is refused, and `missing` names the service. Every owner records the access in its audit log.
    """
    return await case_file(units, contents, principal, appeal_id, language)


@router.post(
    "/v1/letter-checks",
    tags=["letters"],
    dependencies=[Depends(_count_check)],
    responses=responses(NotFound, InvalidInput, TooMany),
)
async def check_letter(asked: Annotated[LetterCheckIn, body(LetterCheckIn)], work: ReadDep) -> LetterCheckOut:
    """Check a letter by its verification code, and a file of it by its SHA-256; 404 for a code that no letter has.

    The answer says what the letter is about in no word, and names nobody.
    """
    return await check(work, asked)


@router.post(
    "/internal/v1/letters",
    tags=["internal"],
    response_class=Response,
    responses={**responses(Unauthorized, Forbidden, NotFound, InvalidInput), 200: _DOCUMENT},
)
async def write_letter(
    reader: Annotated[Principal, Depends(require("service"))],
    asked: Annotated[LetterRequest, body(LetterRequest)],
    units: UnitsOfWorkDep,
) -> Response:
    """Return an answer as a letter to another service, for the applicant. Every access is recorded in the audit log."""
    return await letter_for_service(units, asked, reader)

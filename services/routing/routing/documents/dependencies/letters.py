"""Issuing letters, for the routes and pages. Call it while no unit of work is open: typesetting, and asking intake, take a while."""

import asyncio
from uuid import UUID

from starlette.responses import Response

from routing.cases import service as cases
from routing.cases.schemas.given_answers import GivenAnswer
from routing.documents.dependencies import pdf_response
from routing.documents.schemas import Addressee
from routing.documents.service.letters import compose, letter_of, record_issue
from shared.auth import Principal
from shared.contents import Contents, LetterRequest, OwnerUnavailable
from shared.errors import Unavailable
from shared.unit_of_work import UnitsOfWork


async def letter_for_service(units: UnitsOfWork, asked: LetterRequest, reader: Principal) -> Response:
    """Return an answer as a letter to another service. Raises what `answer_for_service` raises."""
    async with units.write() as work:
        given = await cases.answer_for_service(work, asked, reader)
    return await _issue(units, given, Addressee(asked.addressee, asked.address), asked.origin)


async def letter_for_clerk(units: UnitsOfWork, contents: Contents, principal: Principal, appeal_id: UUID, origin: str) -> Response:
    """Return the latest answer of a case as a letter, for staff who may see the case; the access is recorded here and in intake.

    Raises NotFound, and Unavailable while intake does not return the applicant.
    """
    async with units.write() as work:
        given = await cases.latest_answer(work, principal, appeal_id)
    try:
        found = await contents.read("intake", [appeal_id], purpose="letter", on_behalf_of=principal.subject, role=principal.role)
    except OwnerUnavailable:
        raise Unavailable from None
    applicant = (found.get(appeal_id) or {}).get("applicant") or {}
    return await _issue(units, given, Addressee(applicant.get("full_name"), applicant.get("address")), origin)


async def _issue(units: UnitsOfWork, given: GivenAnswer, addressee: Addressee, origin: str) -> Response:
    async with units.write() as work:
        letter = await letter_of(work, given.answer_id)
    document = await asyncio.to_thread(compose, given, addressee, letter.code, origin)
    async with units.write() as work:
        await record_issue(work, given.answer_id, document)
    return pdf_response(document, f"letter-{given.number}")

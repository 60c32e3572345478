"""The answer as an official letter, for the applicant. Routing owns the answer and issues the letter; intake knows whom it is for."""

from typing import Final

from fastapi import Request
from fastapi.responses import StreamingResponse

from intake.register.dependencies import Intake
from intake.register.repository.applicant import sealed_applicant
from intake.register.service.sealed_fields import open_field
from shared.auth import Principal
from shared.contents import FileWithheld, LetterRequest, OwnerUnavailable
from shared.errors import NotFound, Unavailable

PDF: Final = "application/pdf"
PURPOSE: Final = "letter"
APPLICANT: Final = "applicant"


async def open_letter(intake: Intake, request: Request, *, number: str, pin: str | None, reader: Principal) -> StreamingResponse:
    """Return the latest answer to an appeal as a letter to its applicant, as a download.

    Call it while no unit of work is open. Raises what `AppealOpener.open_own` raises, NotFound before there is an answer, and
    Unavailable while routing does not answer.
    """
    seen = await intake.opener.open_own(number=number, pin=pin, principal=reader, address=intake.address(request))
    appeal, answer_id = seen.appeal, seen.tracking.answer_id
    if answer_id is None:
        raise NotFound
    async with intake.parts.units.read() as work:
        applicant = open_field(work.sealer, appeal.id, "applicant", await sealed_applicant(work.session, appeal.id)) or {}
    asked = LetterRequest(
        appeal_id=appeal.id,
        answer_id=answer_id,
        purpose=PURPOSE,
        on_behalf_of=APPLICANT,  # an applicant's subject may be an IIN
        addressee=applicant.get("full_name"),
        address=applicant.get("address"),
        origin=intake.origin(request),
    )
    try:
        letter = await intake.parts.contents.open_file("routing", asked)
    except OwnerUnavailable:
        raise Unavailable from None
    except FileWithheld:
        raise NotFound from None
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": letter.disposition.replace("inline", "attachment", 1),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(letter.chunks(), headers=headers, media_type=PDF)

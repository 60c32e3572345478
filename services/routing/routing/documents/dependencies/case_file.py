"""The case file, for the routes and pages. Call it while no unit of work is open."""

import asyncio
from uuid import UUID

from starlette.responses import Response

from routing.documents.dependencies import pdf_response
from routing.documents.service.case_file import compose, fetch_others, providers_of, read_own
from shared.auth import Principal
from shared.contents import Contents
from shared.domain.labels import Language
from shared.unit_of_work import UnitsOfWork


async def case_file(units: UnitsOfWork, contents: Contents, principal: Principal, appeal_id: UUID, language: Language) -> Response:
    """Return the case file as PDF; every owner records the access in its audit log.

    Raises NotFound as `visible_case` and `fetch_others` do, and CaseFileIncomplete with the services whose part is missing.
    """
    async with units.write() as work:
        own = await read_own(work, principal, appeal_id)
    others = await fetch_others(contents, own, principal)
    async with units.read() as work:
        providers = await providers_of(work, others)
    return pdf_response(await asyncio.to_thread(compose, own, others, providers, language), f"case-file-{own.case.number}")

"""The search for cases, the conversation of a case and its files over HTTP."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from routing.cases import service as cases
from routing.cases.schemas.views import CaseFilter
from routing.desk.errors import AttachmentGone, AttachmentNotScanned
from routing.desk.schemas import CaseSearch, CaseSearchResult, Conversation, RelatedCases
from routing.desk.service import related
from routing.desk.service.attachments import PROVIDER, open_attachment
from routing.desk.service.conversation import INTAKE, FileAddresses, conversation, fetch_owners
from routing.desk.service.macros import macros_of
from routing.desk.service.search import resolve
from routing.knowledge.schemas import MacroView
from shared.auth import STAFF, Principal, require
from shared.dependencies import ContentsDep, ReadDep, UnitsOfWorkDep
from shared.domain.labels import Language
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, Unavailable, responses
from shared.http import KnownQuery, ListResponse, body

router = APIRouter()
StaffDep = Annotated[Principal, Depends(require(*STAFF, "admin"))]


@router.post("/v1/cases/search", tags=["cases"], responses=responses(Unauthorized, Forbidden, InvalidInput))
async def search_cases(
    request: Request,
    principal: StaffDep,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    asked: Annotated[CaseSearch, body(CaseSearch)],
) -> CaseSearchResult:
    """Return the cases that you may see by a number or its end, an exact phone or IIN, or a provider's name, under the filters.

    A phone, an IIN and a name are looked up by intake, which records it in its audit log. `unavailable` names a service that does not
    answer now: cases may be missing then.
    """
    await request.app.state.colleagues.record(principal)
    result = await resolve(contents, principal, asked.query)
    async with units.read() as work:
        wanted = asked.narrow(principal, CaseFilter(number=result.number, found=result.found))
        page = await cases.list_cases(work, principal, wanted, limit=asked.limit, cursor=asked.cursor)
    return CaseSearchResult(**dict(page), unavailable=list(result.unavailable))


@router.get("/v1/cases/{appeal_id}/conversation", tags=["cases"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_conversation(
    request: Request, appeal_id: UUID, principal: StaffDep, units: UnitsOfWorkDep, contents: ContentsDep, _query: KnownQuery
) -> Conversation:
    """Return everything that was written in a case, oldest first: by the applicant, the Fund, the provider and colleagues.

    Every access is recorded in the audit logs of routing and of the services that own the texts. `unavailable` names those of them
    that do not answer now.
    """
    await request.app.state.colleagues.record(principal)
    async with units.write() as work:  # closed before the owners are asked: nobody holds a connection while waiting for another service
        case = await cases.read_conversation(work, principal, appeal_id)
    fetched = await fetch_owners(contents, case, principal, shows_applicant=False)
    files = f"/routing/v1/cases/{appeal_id}"
    return conversation(case, fetched, FileAddresses(f"{files}/attachments", f"{files}/provider-files"))


@router.get("/v1/cases/{appeal_id}/suggestions", tags=["cases"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def suggest_links(
    request: Request, appeal_id: UUID, principal: StaffDep, units: UnitsOfWorkDep, contents: ContentsDep, _query: KnownQuery
) -> RelatedCases:
    """Return cases that may belong to this one: the applicant's other appeals, and recent ones about the same with a similar text.

    Intake records the lookup and the read of each compared text in its audit log. `unavailable` names it while it does not answer.
    """
    await request.app.state.colleagues.record(principal)
    async with units.read() as work:
        case = related.subject_of(await cases.read_case(work, principal, appeal_id))
        alike = await related.candidates(work, principal, case)
    own = await related.fetch_appeals_of_applicant(contents, appeal_id, principal)
    async with units.read() as work:
        found = await related.of_applicant(work, principal, case, own or [])
    known = {other.appeal_id for other in found}
    similar = await related.similar(contents, principal, case, [other for other in alike if other.appeal_id not in known])
    items = [*found, *(similar or [])]
    unavailable = [INTAKE] if own is None or similar is None else []
    return RelatedCases(items=items, total=len(items), next_cursor=None, unavailable=unavailable)


@router.get("/v1/cases/{appeal_id}/macros", tags=["cases"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def read_case_macros(
    appeal_id: UUID, principal: StaffDep, work: ReadDep, _query: KnownQuery, language: Language = "kk"
) -> ListResponse[MacroView]:
    """Return the sentences that clerks put into answers, filled for the case. Those with an unknown value are left out."""
    found = macros_of(await cases.read_case(work, principal, appeal_id), language)
    return ListResponse(items=found, total=len(found), next_cursor=None)


_FILE: Final[dict[int | str, dict[str, Any]]] = {
    **responses(Unauthorized, Forbidden, NotFound, InvalidInput, AttachmentNotScanned, AttachmentGone, Unavailable),
    200: {"description": "The file.", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
}


@router.get("/v1/cases/{appeal_id}/attachments/{attachment_id}", tags=["cases"], response_class=StreamingResponse, responses=_FILE)
async def download_attachment(
    appeal_id: UUID, attachment_id: UUID, principal: StaffDep, units: UnitsOfWorkDep, contents: ContentsDep, _query: KnownQuery
) -> StreamingResponse:
    """Return a file of a case from intake, which records the access."""
    async with units.read() as work:
        await cases.visible_case(work, principal, appeal_id)
    return await open_attachment(contents, principal, appeal_id, attachment_id)


@router.get("/v1/cases/{appeal_id}/provider-files/{file_id}", tags=["cases"], response_class=StreamingResponse, responses=_FILE)
async def download_provider_file(
    appeal_id: UUID, file_id: UUID, principal: StaffDep, units: UnitsOfWorkDep, contents: ContentsDep, _query: KnownQuery
) -> StreamingResponse:
    """Return a file of a provider's answer from provider-contact, which records the access."""
    async with units.read() as work:
        await cases.visible_case(work, principal, appeal_id)
    return await open_attachment(contents, principal, appeal_id, file_id, PROVIDER)

"""Reads across services: providers' answers for others, appeals' texts from intake."""

from typing import NamedTuple
from uuid import UUID

from provider_contact.inquiries import repository
from provider_contact.inquiries.models import ProviderResponse
from provider_contact.inquiries.policy import content_purposes
from provider_contact.inquiries.schemas import JsonObject
from shared.auth import Principal
from shared.contents import ContentItem, Contents, ContentsRequest, OwnerUnavailable, entitled
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

DISCLOSURE_PURPOSE = "provider-disclosure"


class DisclosedContent(NamedTuple):
    """What the applicant consented to disclose. `available` is False while intake does not answer."""

    text: str | None = None
    applicant: JsonObject | None = None
    available: bool = True


async def disclosed_content(contents: Contents, appeal_id: UUID, principal: Principal) -> DisclosedContent:
    """Read the appeal's text and applicant from intake, on behalf of the provider's user."""
    try:
        found = await contents.read("intake", [appeal_id], purpose=DISCLOSURE_PURPOSE, on_behalf_of=principal.subject)
    except OwnerUnavailable:
        return DisclosedContent(available=False)
    content = found.get(appeal_id) or {}
    return DisclosedContent(content.get("text"), content.get("applicant"))


async def response_contents(work: UnitOfWork, request: ContentsRequest, reader: Principal) -> list[ContentItem]:
    """Return providers' answers for another service, and record the read in the audit log.

    Raises InvalidInput for an unknown purpose or one that lacks its person, Forbidden for a reader that the purpose does not include.
    """
    entitled(request, reader, content_purposes())
    found = await repository.responses(work.session, request.ids)
    await work.audit.record(reader=reader.subject, on_behalf_of=request.on_behalf_of, purpose=request.purpose, ids=request.ids)
    return [_content(response_id, found.get(response_id), work.sealer) for response_id in request.ids]


def _content(response_id: UUID, response: ProviderResponse | None, sealer: Sealer) -> ContentItem:
    if response is None:
        return ContentItem(id=response_id, found=False)
    text = sealer.open("response", response_id, "text", response.text).decode()
    content = {"language": response.language, "code": response.code, "text": text, "at": response.at.isoformat()}
    return ContentItem(id=response_id, found=True, content=content)

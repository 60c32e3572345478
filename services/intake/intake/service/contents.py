"""The claim check: words by appeal id for the services entitled to them, each read audited."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from sqlalchemy import Row

from intake import repository
from intake.schemas import Content
from shared.auth import Principal
from shared.contents import ContentItem, ContentsRequest, ContentsResponse, Purpose, entitled
from shared.sealing import Sealer, SealError
from shared.service import Parts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WordsPurpose(Purpose):
    """A purpose with the sealed fields that it opens, and for which appeals."""

    fields: tuple[str, ...]
    applies: Callable[[Row[Any]], bool] = lambda _row: True


def _discloses(row: Row[Any]) -> bool:
    return "DISCLOSE_TO_PROVIDER" in row.consents


ROUTING, PROVIDER_CONTACT = frozenset({"routing"}), frozenset({"provider-contact"})
PURPOSES: Final[Mapping[str, WordsPurpose]] = {
    "classification": WordsPurpose(ROUTING, for_a_person=False, fields=("text",)),
    "desk-text": WordsPurpose(ROUTING, for_a_person=True, fields=("text",)),  # a clerk reads the case; who filed it is asked for apart
    "desk": WordsPurpose(ROUTING, for_a_person=True, fields=("text", "applicant")),
    "provider-matching": WordsPurpose(PROVIDER_CONTACT, for_a_person=False, fields=("provider_name", "provider_bin")),
    "provider-disclosure": WordsPurpose(PROVIDER_CONTACT, for_a_person=True, fields=("text", "applicant"), applies=_discloses),
}


async def read_contents(parts: Parts, request: ContentsRequest, reader: Principal) -> ContentsResponse:
    """The contents of each id asked for, in that order; unknown and withheld ones are `found: false`.

    Raises what `entitled` raises.
    """
    purpose = entitled(request, reader, PURPOSES)
    async with parts.database.write() as session:
        await repository.add_content_read(
            session,
            {
                "id": parts.ids.new(),
                "at": parts.clock.now(),
                "reader": reader.subject,
                "on_behalf_of": request.on_behalf_of,
                "purpose": request.purpose,
                "ids": [str(one) for one in request.ids],
            },
        )
    async with parts.database.read() as session:
        rows = await repository.sealed_contents(session, request.ids)
    items = []
    for appeal_id in request.ids:
        row = rows.get(appeal_id)
        content = _readable(parts.sealer, row, purpose.fields) if row is not None and purpose.applies(row) else None
        items.append(ContentItem(id=appeal_id, found=content is not None, content=content))
    return ContentsResponse(items=items)


def _readable(sealer: Sealer, row: Row[Any], fields: tuple[str, ...]) -> Content | None:
    """The fields opened; None for a row whose seal is broken: one damaged row must not keep the readers of all others waiting."""
    try:
        return _content(sealer, row, fields)
    except SealError:
        log.exception("sealed words cannot be opened", appeal_id=str(row.id))
        return None


def _content(sealer: Sealer, row: Row[Any], fields: tuple[str, ...]) -> Content:
    return {field: _opened(sealer, row, field) for field in fields}


def _opened(sealer: Sealer, row: Row[Any], field: str) -> Any:
    value = getattr(row, field)
    if value is None:
        return None
    plain = sealer.open("appeal", row.id, field, value).decode()
    return json.loads(plain) if field == "applicant" else plain

"""The claim check: words by appeal id for the services entitled to them, each read audited (design §1.3)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row

from intake import repository
from intake.schemas import Content
from intake.service.filing import fault
from shared.contents import ContentItem, ContentsRequest, ContentsResponse
from shared.errors import InvalidInput
from shared.sealing import Sealer
from shared.service import Parts


@dataclass(frozen=True, slots=True)
class Purpose:
    """Which sealed fields a purpose opens, for which appeals, and whether it must say on whose behalf."""

    fields: tuple[str, ...]
    applies: Callable[[Row[Any]], bool] = lambda _row: True
    for_a_person: bool = False


def _discloses(row: Row[Any]) -> bool:
    return "DISCLOSE_TO_PROVIDER" in row.consents


PURPOSES: Final[Mapping[str, Purpose]] = {
    "classification": Purpose(("text",)),
    "provider-matching": Purpose(("provider_name", "provider_bin")),
    "desk-text": Purpose(("text",), for_a_person=True),  # a clerk reads the case; who filed it is asked for apart
    "desk": Purpose(("text", "applicant"), for_a_person=True),
    "provider-disclosure": Purpose(("text", "applicant"), applies=_discloses),
}


async def read_contents(parts: Parts, request: ContentsRequest, reader: str) -> ContentsResponse:
    """The contents of each id asked for, in that order; unknown and withheld ones are `found: false`.

    Raises InvalidInput for an unknown purpose, or for one that must say on whose behalf and does not.
    """
    purpose = PURPOSES.get(request.purpose)
    if purpose is None:
        raise InvalidInput([fault("purpose", "unknown-code")])
    if purpose.for_a_person and not request.on_behalf_of:
        raise InvalidInput([fault("on_behalf_of", "on-behalf-of-required")])
    async with parts.database.write() as session:
        await repository.add_content_read(
            session,
            {
                "id": parts.ids.new(),
                "at": parts.clock.now(),
                "reader": reader,
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
        content = _content(parts.sealer, row, purpose.fields) if row is not None and purpose.applies(row) else None
        items.append(ContentItem(id=appeal_id, found=content is not None, content=content))
    return ContentsResponse(items=items)


def _content(sealer: Sealer, row: Row[Any], fields: tuple[str, ...]) -> Content:
    return {field: _opened(sealer, row, field) for field in fields}


def _opened(sealer: Sealer, row: Row[Any], field: str) -> Any:
    value = getattr(row, field)
    if value is None:
        return None
    plain = sealer.open("appeal", row.id, field, value).decode()
    return json.loads(plain) if field == "applicant" else plain

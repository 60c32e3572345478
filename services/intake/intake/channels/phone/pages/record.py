"""An oral appeal is read back, confirmed, and kept as a record that can be printed (АППК art. 63(1))."""

import json
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.phone import repository
from intake.channels.phone.pages import form as call_form
from intake.pages_kit import PAGES
from intake.register import repository as register
from intake.register.models import Appeal
from intake.register.schemas import Registered
from intake.register.service.registration import Condition
from shared.auth import Principal
from shared.domain.regions import branch_label, regions
from shared.errors import NotFound
from shared.service import Parts
from shared.web.languages import language_of

PURPOSE: Final = "oral-record"


def read_back(request: Request, draft: call_form.Draft, *, key: str, call: str, tried: bool, error: str) -> Response:
    """What was written down, to be read to the caller; `tried`: it was sent without their consent."""
    return PAGES.render(
        request,
        "call_read_back.html",
        422 if tried else 200,
        told=call_form.read_back(draft, language_of(request)),
        hidden={name: value for name, value in draft.items() if value},
        key=key,
        call=call,
        error=PAGES.text(request, error) if tried else None,
    )


def with_record(parts: Parts, *, operator: str, call_id: UUID | None) -> Condition:
    """Store with the appeal who wrote it down, in which call, and when the caller confirmed it (АППК art. 63(1))."""
    row = {"call_id": call_id, "receiver": operator, "confirmed_at": parts.clock.now()}

    async def condition(session: AsyncSession, appeal_id: UUID) -> None:
        await repository.add_oral_record(session, {"appeal_id": appeal_id, **row})

    return condition


def registered(request: Request, talon: Registered, region: str, *, has_record: bool) -> Response:
    """Number and PIN, to be dictated: the PIN is shown this once."""
    zone = regions()[region].timezone
    due_on = talon.due_at.astimezone(zone).date()
    return PAGES.render(request, "call_registered.html", 201, talon=talon, zone=zone, due_on=due_on, has_record=has_record)


async def show_record(request: Request, parts: Parts, operator: Principal, appeal_id: UUID, *, back: str) -> Response:
    """The record, for whoever wrote it down; the look is recorded. `back`: where that person works. Raises NotFound for anybody else."""
    async with parts.database.read() as session:
        found = await repository.oral_record(session, appeal_id)
        if found is None or found[0].receiver != operator.subject:
            raise NotFound
        row, appeal = found
        call = await repository.call(session, row.call_id) if row.call_id else None
    look = {"id": parts.ids.new(), "at": parts.clock.now(), "reader": operator.subject, "on_behalf_of": None}
    async with parts.database.write() as session:
        await register.add_content_read(session, {**look, "purpose": PURPOSE, "ids": [str(appeal_id)]})
    reference = parts.sealer.open("call", call.id, "recording", call.recording).decode() if call and call.recording else None
    return PAGES.render(
        request,
        "call_record.html",
        number=appeal.number,
        branch=branch_label(appeal.region).in_(language_of(request)),
        zone=regions()[appeal.region].timezone,
        received_at=appeal.received_at,
        registered_at=appeal.registered_at,
        confirmed_at=row.confirmed_at,
        receiver=_opened(parts, appeal, "received_by"),
        applicant=_opened(parts, appeal, "applicant") or {},
        text=_opened(parts, appeal, "text"),
        text_language=appeal.language,
        recording=reference,
        back=back,
    )


def _opened(parts: Parts, appeal: Appeal, field: str) -> Any:
    value = getattr(appeal, field)
    if value is None:
        return None
    plain = parts.sealer.open("appeal", appeal.id, field, value).decode()
    return plain if field == "text" else json.loads(plain)

"""What leaves for applicants, as staff see it: the log of notices, a machine's own folder of them, and what persons print or say."""

import json
from collections.abc import Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy import Row

from intake.notifications import repository
from intake.notifications.service.composition import answer_blocks, answer_of
from intake.notifications.service.contacts import contacts
from intake.notifications.service.policy import routes
from intake.notifications.service.senders import local_file, opened_file
from intake.notifications.service.texts import as_language, filled, texts
from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import Intake, IntakeDep
from intake.register.service.answer_channels import answer_channels
from intake.register.service.audit import record_read
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role
from shared.contents import OwnerUnavailable
from shared.domain.labels import Label
from shared.domain.regions import CENTRAL_OFFICE, branch_label, regions
from shared.errors import NotFound
from shared.sealing import SealError
from shared.visibility import visible_cases
from shared.web.formats import Formats
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/outgoing"
SHOWN: Final = 100
BADGES: Final = {"SENT": "", "DELIVERED": "good", "BY_HAND": "warn", "FAILED": "bad"}

router = APIRouter()


@router.get("/outgoing")
async def outgoing(request: Request, intake: IntakeDep, principal: PagePrincipalDep) -> Response:
    """The latest notices and how they fare, for admins; each with a link to its file on a machine without gateways."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    async with intake.parts.database.read() as session:
        rows, counts = await repository.latest(session, SHOWN), await repository.counts_by_state(session)
    language = language_of(request)
    listed = [_line(row) | {"file": _file(intake, row) is not None} for row in rows]
    states = {code: (label.in_(language), counts.get(code, 0)) for code, label in texts().states.items()}
    return PAGES.render(request, "outgoing.html", notices=listed, states=states, named=lambda label: label.in_(language))


@router.get("/outgoing/by-hand")
async def by_hand(request: Request, intake: IntakeDep, principal: PagePrincipalDep) -> Response:
    """Letters to print and calls to make, for staff who see their cases."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, *STAFF, "admin")
    async with intake.parts.database.read() as session:
        rows, total = await repository.by_hand(session, visible_cases(principal), SHOWN)
    language = language_of(request)
    listed = [_line(row) for row in rows]
    return PAGES.render(request, "outgoing_by_hand.html", notices=listed, total=total, named=lambda label: label.in_(language))


@router.get("/outgoing/by-hand/{notice_id}")
async def letter(request: Request, notice_id: UUID, intake: IntakeDep, principal: PagePrincipalDep) -> Response:
    """A letter to print, or what to say and to which telephone; reading it is audited."""
    if principal.is_anonymous:
        return to_sign_in(request)
    row = await _for_a_person(intake, principal, notice_id)
    await _audit(intake, principal, row)
    try:
        known: Mapping[str, str] = contacts(intake.parts.sealer, row)
        opened = intake.parts.sealer.open("appeal", row.appeal_id, "applicant", row.applicant) if row.applicant else b"{}"
    except SealError:
        raise NotFound from None
    route = routes()[row.fact, row.recipient, row.channel]
    answer, is_away = None, False
    if route.with_answer:
        try:
            answer = await answer_of(intake.parts.contents, row, reader=principal.subject)
        except OwnerUnavailable:
            is_away = True
    language = as_language(row.appeal_language)
    values = {"number": row.number}
    body = filled(texts().templates[route.template].body, language, values)
    return PAGES.render(
        request,
        "letter.html",
        notice=row,
        written_in=language,
        addressee=json.loads(opened).get("full_name"),
        address=known.get(row.channel),
        branch=branch_label(row.region).in_(language),
        heading=filled(texts().templates[route.template].short, language, values),
        paragraphs=[body, *(answer_blocks(answer, language, texts().mail) if answer else [])],
        today=Formats(language).date(intake.parts.clock.now(), regions()[row.region].timezone),
        is_away=is_away,
    )


@router.post("/outgoing/by-hand/{notice_id}/done", dependencies=[Depends(require_same_origin)])
async def done(request: Request, notice_id: UUID, intake: IntakeDep, principal: PagePrincipalDep) -> Response:
    """Somebody says that it was posted, or said on the telephone."""
    if principal.is_anonymous:
        return to_sign_in(request)
    row = await _for_a_person(intake, principal, notice_id)
    sent = {"state": "SENT", "sent_at": intake.parts.clock.now()}
    async with intake.parts.database.write() as session:
        await repository.settle(session, row.id, sent, among_states=("BY_HAND",))
    return PAGES.redirect(f"{PATH}/by-hand")


@router.get("/outgoing/{notice_id}")
async def local_message(request: Request, notice_id: UUID, intake: IntakeDep, principal: PagePrincipalDep) -> Response:
    """A message as it would have left, on a machine without gateways; for admins, audited."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    async with intake.parts.database.read() as session:
        found = await repository.with_appeals(session, [notice_id])
    place = _file(intake, found[0]) if found else None
    if place is None:
        raise NotFound
    path, kind = place
    try:
        raw = opened_file(intake.parts.sealer, path, notice_id, kind)
    except SealError:
        raise NotFound from None
    await _audit(intake, principal, found[0])
    return PAGES.render(request, "outgoing_message.html", notice=found[0], **_readable(raw, kind))


async def _for_a_person(intake: Intake, principal: Principal, notice_id: UUID) -> Row[Any]:
    """What somebody who sees the case has to do. Raises Forbidden, and NotFound for all else alike."""
    check_role(principal, *STAFF, "admin")
    async with intake.parts.database.read() as session:
        found = await repository.with_appeals(session, [notice_id])
    if not found or found[0].state != "BY_HAND":
        raise NotFound
    if not visible_cases(principal).allows(found[0].region, found[0].tier, found[0].provider_id):
        raise NotFound
    return found[0]


async def _audit(intake: Intake, principal: Principal, row: Row[Any]) -> None:
    async with intake.parts.database.write() as session:
        await record_read(session, intake.parts, reader=principal.subject, purpose="notice", ids=[row.appeal_id])


def _line(row: Row[Any]) -> dict[str, Any]:
    route = routes().get((row.fact, row.recipient, row.channel))
    channel = answer_channels().get(row.channel)
    return {
        "id": row.id,
        "number": row.number,
        "what": _sentence(route.template, row.number) if route else None,
        "channel": channel.label if channel else None,
        "state": texts().states[row.state],
        "badge": BADGES.get(row.state, "quiet"),
        "reason": texts().reasons[row.reason] if row.reason else None,
        "attempts": row.attempts,
        "at": row.sent_at or row.planned_at,
        "zone": regions()[getattr(row, "region", CENTRAL_OFFICE)].timezone,
    }


def _sentence(template: str, number: str) -> Label:
    short = texts().templates[template].short
    return Label(*(filled(short, language, {"number": number}) for language in short.as_dict()))


def _file(intake: Intake, row: Row[Any]) -> tuple[Path, str] | None:
    """Where the machine's own folder has it, and of what kind it is."""
    if row.sent_at is None:
        return None
    places = ((local_file(intake.parts.settings.data, row.id, row.sent_at, kind), kind) for kind in ("eml", "txt"))
    return next((place for place in places if place[0].is_file()), None)


def _readable(raw: bytes, kind: str) -> dict[str, Any]:
    if kind == "txt":
        to, _, text = raw.decode().partition("\n\n")
        return {"to": to, "subject": None, "text": text}
    mail = message_from_bytes(raw, _class=EmailMessage, policy=default)
    return {"to": mail["To"], "subject": mail["Subject"], "text": mail.get_content()}

"""Pages of notifications for staff: the log, the messages of a machine without gateways, and the letters and calls to be done by people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from intake.notifications import repository
from intake.notifications.codes import NotificationState
from intake.notifications.models import Notification
from intake.notifications.policy import notification_texts, routes
from intake.notifications.repository import AddressedNotification
from intake.notifications.service.composition import answer_paragraphs, read_answer
from intake.notifications.service.contacts import contacts
from intake.notifications.service.senders import local_file, open_local_file
from intake.notifications.service.texts import fill, writing_language
from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import IntakeDep
from intake.register.service import answer_channels
from intake.register.service.sealed_fields import open_field
from intake.settings import Settings
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role
from shared.contents import OwnerUnavailable
from shared.dependencies import ContentsDep, SealerDep, UnitsOfWorkDep
from shared.domain.labels import Label
from shared.domain.regions import CENTRAL_OFFICE, branch_label, regions
from shared.errors import NotFound
from shared.sealing import SealError
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases
from shared.web.formats import Formats
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/outgoing"
PAGE_SIZE: Final = 100
BADGES: Final[Mapping[NotificationState, str]] = {
    NotificationState.SENT: "",
    NotificationState.DELIVERED: "good",
    NotificationState.BY_HAND: "warn",
    NotificationState.FAILED: "bad",
}

router = APIRouter()


@dataclass(frozen=True, slots=True)
class NotificationLine:
    """A notification as the lists show it."""

    id: UUID
    number: str
    subject: Label | None
    channel: Label | None
    state: Label
    badge: str
    reason: Label | None
    at: datetime
    zone: ZoneInfo
    has_file: bool = False
    """The message was written to a file of this machine."""


class LocalMessage(TypedDict):
    """A message from a file of this machine."""

    to: str | None
    subject: str | None
    text: str


@router.get("/outgoing")
async def outgoing(request: Request, intake: IntakeDep, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Show the latest notifications and their delivery to admins, with links to the files of a machine without gateways."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    async with units.read() as work:
        rows, counts = await repository.latest_notifications(work.session, PAGE_SIZE), await repository.counts_by_state(work.session)
    language = language_of(request)
    lines = [_line(row.notification, row.number, has_file=_local_file(intake.parts.settings, row.notification) is not None) for row in rows]
    labels = notification_texts().states
    states = {code: (label.in_(language), counts.get(NotificationState(code), 0)) for code, label in labels.items()}
    return PAGES.render(request, "outgoing.html", notifications=lines, states=states, named=lambda label: label.in_(language))


@router.get("/outgoing/by-hand")
async def letters_and_calls(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Show the letters to print and the calls to make to staff who may see their cases."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, *STAFF, "admin")
    async with units.read() as work:
        items, total = await repository.manual_notifications(work.session, visible_cases(principal), PAGE_SIZE)
    language = language_of(request)
    lines = [_line(item.notification, item.number, region=item.region) for item in items]
    return PAGES.render(request, "outgoing_by_hand.html", notifications=lines, total=total, named=lambda label: label.in_(language))


@router.get("/outgoing/by-hand/{notice_id}")
async def letter(
    request: Request, notice_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, sealer: SealerDep, contents: ContentsDep
) -> Response:
    """Show a letter to print, or the phone number to call and what to say; the access is recorded in the audit log."""
    if principal.is_anonymous:
        return to_sign_in(request)
    async with units.write() as work:  # closed before the answer is fetched from its owner
        item = await _manual_notification(work, principal, notice_id)
        await _record_access(work, principal, item)
    try:
        addresses = contacts(sealer, item)
        applicant = open_field(sealer, item.notification.appeal_id, "applicant", item.applicant) or {}
    except SealError:
        raise NotFound from None
    notification, texts = item.notification, notification_texts()
    route = routes()[notification.fact, notification.recipient, notification.channel]
    answer, is_away = None, False
    if route.with_answer:
        try:
            answer = await read_answer(contents, item, reader=principal.subject)
        except OwnerUnavailable:
            is_away = True
    language, template = writing_language(item.appeal_language), texts.templates[route.template]
    values = {"number": item.number}
    return PAGES.render(
        request,
        "letter.html",
        notification=notification,
        number=item.number,
        written_in=language,
        addressee=applicant.get("full_name"),
        address=addresses.get(notification.channel),
        branch=branch_label(item.region).in_(language),
        heading=fill(template.short, language, values),
        paragraphs=[fill(template.body, language, values), *(answer_paragraphs(answer, language, texts.mail) if answer else [])],
        today=Formats(language).date(units.clock.now(), regions()[item.region].timezone),
        is_away=is_away,
    )


@router.post("/outgoing/by-hand/{notice_id}/done", dependencies=[Depends(require_same_origin)])
async def mark_done(request: Request, notice_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Record that a letter was posted or a call was made."""
    if principal.is_anonymous:
        return to_sign_in(request)
    async with units.write() as work:
        item = await _manual_notification(work, principal, notice_id)
        await repository.change_notification(
            work.session,
            item.notification.id,
            was=(NotificationState.BY_HAND,),
            state=NotificationState.SENT,
            sent_at=work.clock.now(),
        )
    return PAGES.redirect(f"{PATH}/by-hand")


@router.get("/outgoing/{notice_id}")
async def local_message(
    request: Request, notice_id: UUID, intake: IntakeDep, principal: PagePrincipalDep, units: UnitsOfWorkDep, sealer: SealerDep
) -> Response:
    """Show admins a message from the folder of a machine without gateways; the access is recorded in the audit log."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    async with units.read() as work:
        found = await repository.addressed_notifications(work.session, [notice_id])
    file = _local_file(intake.parts.settings, found[0].notification) if found else None
    if file is None:
        raise NotFound
    path, kind = file
    try:
        raw = open_local_file(sealer, path, notice_id, kind)
    except SealError:
        raise NotFound from None
    async with units.write() as work:
        await _record_access(work, principal, found[0])
    return PAGES.render(request, "outgoing_message.html", number=found[0].number, **_parse_message(raw, kind))


async def _manual_notification(work: UnitOfWork, principal: Principal, notification_id: UUID) -> AddressedNotification:
    """Return a letter or call that waits for a person. Raises Forbidden; NotFound also for a case that the reader may not see."""
    check_role(principal, *STAFF, "admin")
    found = await repository.addressed_notifications(work.session, [notification_id])
    if not found or found[0].notification.state != NotificationState.BY_HAND:
        raise NotFound
    item = found[0]
    if not visible_cases(principal).allows(item.region, item.tier, item.provider_id):
        raise NotFound
    return item


async def _record_access(work: UnitOfWork, principal: Principal, item: AddressedNotification) -> None:
    """Record in the audit log that the principal reads a notification with its address and text."""
    appeal_id = item.notification.appeal_id
    await work.audit.record(reader=principal.subject, purpose="notice", ids=[appeal_id], appeal_id=appeal_id, role=principal.role)


def _line(notification: Notification, number: str, *, region: str = CENTRAL_OFFICE, has_file: bool = False) -> NotificationLine:
    texts = notification_texts()
    route = routes().get((notification.fact, notification.recipient, notification.channel))
    channel = answer_channels().get(notification.channel)
    return NotificationLine(
        id=notification.id,
        number=number,
        subject=_subject(route.template, number) if route else None,
        channel=channel.label if channel else None,
        state=texts.states[notification.state],
        badge=BADGES.get(notification.state, "quiet"),
        reason=texts.reasons[notification.reason] if notification.reason else None,
        at=notification.sent_at or notification.planned_at,
        zone=regions()[region].timezone,
        has_file=has_file,
    )


def _subject(template: str, number: str) -> Label:
    short = notification_texts().templates[template].short
    return Label(*(fill(short, language, {"number": number}) for language in short.as_dict()))


def _local_file(settings: Settings, notification: Notification) -> tuple[Path, str] | None:
    """Return the file of a message in the machine's own folder, and its kind; None if there is none."""
    if notification.sent_at is None:
        return None
    for kind in ("eml", "txt"):
        path = local_file(settings.data, notification.id, notification.sent_at, kind)
        if path.is_file():
            return path, kind
    return None


def _parse_message(raw: bytes, kind: str) -> LocalMessage:
    if kind == "txt":
        to, _, text = raw.decode().partition("\n\n")
        return {"to": to, "subject": None, "text": text}
    mail = message_from_bytes(raw, _class=EmailMessage, policy=default)
    return {"to": mail["To"], "subject": mail["Subject"], "text": mail.get_content()}

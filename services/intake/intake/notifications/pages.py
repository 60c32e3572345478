"""Pages of notifications for staff: the log, the messages of a machine without gateways, and the letters and calls to be done by people."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Annotated, Final, TypedDict
from urllib.parse import parse_qsl, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from intake.notifications import repository
from intake.notifications.codes import DeliveryMethod, NotificationState
from intake.notifications.models import Notification
from intake.notifications.policy import notification_texts, routes
from intake.notifications.repository import AddressedNotification, OutgoingFilter
from intake.notifications.service.composition import answer_paragraphs, read_answer
from intake.notifications.service.contacts import contacts, mask_address, sent_address
from intake.notifications.service.resending import resend, resendable
from intake.notifications.service.texts import fill, writing_language
from intake.pages_kit import PAGES, to_sign_in
from intake.register.dependencies import Intake, IntakeDep
from intake.register.service import answer_channels
from intake.register.service.sealed_fields import open_field
from intake.settings import Settings
from shared.auth import STAFF, PagePrincipalDep, Principal, check_role, require_page
from shared.contents import OwnerUnavailable
from shared.dependencies import ContentsDep, SealerDep, UnitsOfWorkDep
from shared.domain.identifiers import digits_as_typed
from shared.domain.labels import Label
from shared.domain.regions import CENTRAL_OFFICE, branch_label, regions
from shared.domain.text import clean
from shared.errors import NotFound
from shared.forms import read_fields
from shared.http import Cursor, CursorText
from shared.outgoing.senders import local_file, open_local_file
from shared.sealing import Sealer, SealError
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.visibility import visible_cases
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/outgoing"
PAGE_SIZE: Final = 100
FILTERS: Final = ("number", "state", "method", "region", "from", "to")
TYPED_LIMIT: Final = 200
BACK_LIMIT: Final = 2000  # characters of the filter and the cursor of a list, encoded
EARLIEST, LATEST = "2000-01-01", "2099-12-31"
MESSAGES: Final = {
    "number": N_("Write the number of an appeal or its last digits."),
    "state": N_("Choose a state of the list."),
    "method": N_("Choose a channel of the list."),
    "region": N_("Choose a region of the list."),
    "from": N_("Write the first day as year, month and day."),
    "to": N_("Write the last day as year, month and day."),
}
_CODE: Final = re.compile(r"(?<![\w-])\d{4,8}(?![\w-])")
"""A one-time code or a PIN within a text; groups of a registration number stand between hyphens."""
BADGES: Final[Mapping[NotificationState, str]] = {
    NotificationState.SENT: "",
    NotificationState.DELIVERED: "good",
    NotificationState.BY_HAND: "warn",
    NotificationState.FAILED: "bad",
}

router = APIRouter()
AdminDep = Annotated[Principal, Depends(require_page("admin"))]


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
    may_resend: bool = False
    address: str | None = None
    """Masked."""


class LocalMessage(TypedDict):
    """A message from a file of this machine."""

    to: str | None
    subject: str | None
    text: str


@router.get("/outgoing")
async def outgoing(
    request: Request, intake: IntakeDep, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None
) -> Response:
    """Show the notifications that pass the filter of the address and their delivery to admins, those planned last first."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    typed = {name: clean(request.query_params.get(name, "")[:TYPED_LIMIT]) for name in FILTERS}
    wanted, wrong = _filter_of(typed)
    before = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with units.read() as work:
        counts = {} if wrong else await repository.counts_by_state(work.session, wanted)
        rows = [] if wrong else await repository.outgoing_notifications(work.session, wanted, before, PAGE_SIZE + 1)
        again = await resendable(work, [row.notification for row in rows])
    language, labels, shown = language_of(request), notification_texts().states, rows[:PAGE_SIZE]
    lines = [
        _line(row.notification, row.number, region=row.region, intake=intake, may_resend=row.notification.id in again) for row in shown
    ]
    given = {name: value for name, value in typed.items() if value}
    last = shown[-1].notification if len(rows) > PAGE_SIZE else None
    return PAGES.render(
        request,
        "outgoing.html",
        422 if wrong else 200,
        notifications=lines,
        counts=[(label.in_(language), counts.get(NotificationState(code), 0)) for code, label in labels.items()],
        total=counts.get(wanted.state, 0) if wanted.state else sum(counts.values()),
        states=[(code, label.in_(language)) for code, label in labels.items()],
        methods=[(channel.code, channel.label.in_(language)) for channel in answer_channels().values()],
        regions=[(code, region.label.in_(language)) for code, region in regions().items()],
        typed=typed,
        is_filtered=bool(given),
        errors=[(name, PAGES.text(request, MESSAGES[name])) for name in wrong],
        next=f"{PATH}?{urlencode(given | {'cursor': Cursor.encode(last.planned_at, last.id)})}" if last else None,
        first=PATH + (f"?{urlencode(given)}" if given else "") if cursor else None,
        named=lambda label: label.in_(language),
        back=urlencode(given | ({"cursor": cursor} if cursor else {})),
    )


@router.post("/outgoing/{notice_id}/resend", dependencies=[Depends(require_same_origin)])
async def send_again(request: Request, notice_id: UUID, admin: AdminDep, units: UnitsOfWorkDep) -> Response:
    """Send a failed notification again and return to the page of the list. A second request changes nothing."""
    sent = await read_fields(request)
    async with units.write() as work:
        is_planned = await resend(work, notice_id, admin)
    filters = {name: value for name, value in parse_qsl(sent.get("back", "")[:BACK_LIMIT]) if name in {*FILTERS, "cursor"}}
    return PAGES.redirect(
        PATH + (f"?{urlencode(filters)}" if filters else ""), flash="notice-resent" if is_planned else "notice-not-failed"
    )


@router.get("/outgoing/by-hand")
async def letters_and_calls(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None) -> Response:
    """Show the letters to print and the calls to make to staff who may see their cases, oldest first."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, *STAFF, "admin")
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    async with units.read() as work:
        items, total = await repository.manual_notifications(work.session, visible_cases(principal), PAGE_SIZE + 1, after)
    language, shown = language_of(request), items[:PAGE_SIZE]
    last = shown[-1].notification if len(items) > PAGE_SIZE else None
    return PAGES.render(
        request,
        "outgoing_by_hand.html",
        notifications=[_line(item.notification, item.number, region=item.region) for item in shown],
        total=total,
        named=lambda label: label.in_(language),
        next=f"{PATH}/by-hand?{urlencode({'cursor': Cursor.encode(last.planned_at, last.id)})}" if last else None,
        first=f"{PATH}/by-hand" if cursor else None,
    )


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
async def masked_message(
    request: Request, notice_id: UUID, intake: IntakeDep, principal: PagePrincipalDep, units: UnitsOfWorkDep, sealer: SealerDep
) -> Response:
    """Show admins a message from the folder of a machine without gateways, its address and codes masked."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "admin")
    return await _show_message(request, notice_id, intake, principal, units, sealer, is_masked=True)


@router.post("/outgoing/{notice_id}", dependencies=[Depends(require_same_origin)])
async def whole_message(
    request: Request, notice_id: UUID, intake: IntakeDep, admin: AdminDep, units: UnitsOfWorkDep, sealer: SealerDep
) -> Response:
    """Show the same message with its address and codes, on demand."""
    return await _show_message(request, notice_id, intake, admin, units, sealer, is_masked=False)


async def _show_message(
    request: Request, notice_id: UUID, intake: Intake, principal: Principal, units: UnitsOfWork, sealer: Sealer, *, is_masked: bool
) -> Response:
    """Show a message; the access is recorded in the audit log. Raises NotFound where there is no file."""
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
    message = _parse_message(raw, kind)
    if is_masked:
        to = mask_address(found[0].notification.channel, message["to"] or "") or "•••"
        message = LocalMessage(to=to, subject=message["subject"], text=_CODE.sub("••••••", message["text"]))
    return PAGES.render(request, "outgoing_message.html", number=found[0].number, notice_id=notice_id, is_masked=is_masked, **message)


def _filter_of(typed: Mapping[str, str]) -> tuple[OutgoingFilter, list[str]]:
    """Return the filter, and the names of the fields that cannot be read."""
    state, method, region = (typed[name] or None for name in ("state", "method", "region"))
    tail, first, last = digits_as_typed(typed["number"]), _day(typed["from"]), _day(typed["to"])
    checks = {
        "state": state is None or state in set(NotificationState),
        "method": method is None or method in answer_channels(),
        "region": region is None or region in regions(),
        "number": bool(tail) or not typed["number"],
        "from": first is not None or not typed["from"],
        "to": last is not None or not typed["to"],
    }
    if wrong := [name for name, is_right in checks.items() if not is_right]:
        return OutgoingFilter(), wrong
    zone = regions()[region or CENTRAL_OFFICE].timezone
    return OutgoingFilter(
        state=NotificationState(state) if state else None,
        method=DeliveryMethod(method) if method else None,
        region=region,
        planned_from=datetime.combine(first, time(), zone).astimezone(UTC) if first else None,
        planned_before=datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC) if last else None,
        number_tail=tail,
    ), []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if EARLIEST <= text <= LATEST else None
    except ValueError:
        return None


async def _manual_notification(work: UnitOfWork, principal: Principal, notification_id: UUID) -> AddressedNotification:
    """Return a letter or call that waits for a person. Raises Forbidden; NotFound also for a case that the reader may not see."""
    check_role(principal, *STAFF, "admin")
    found = await repository.addressed_notifications(work.session, [notification_id])
    if not found or found[0].notification.state != NotificationState.BY_HAND:
        raise NotFound
    item = found[0]
    if not visible_cases(principal).allows(item.region, item.tier, item.provider_id, item.protection):
        raise NotFound
    return item


async def _record_access(work: UnitOfWork, principal: Principal, item: AddressedNotification) -> None:
    """Record in the audit log that the principal reads a notification with its address and text."""
    appeal_id = item.notification.appeal_id
    await work.audit.record(reader=principal.subject, purpose="notice", ids=[appeal_id], appeal_id=appeal_id, role=principal.role)


def _line(
    notification: Notification, number: str, *, region: str, intake: Intake | None = None, may_resend: bool = False
) -> NotificationLine:
    """Return a line of a list. `intake`: of the log, where files and masked addresses are shown."""
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
        has_file=intake is not None and _local_file(intake.parts.settings, notification) is not None,
        may_resend=may_resend,
        address=sent_address(intake.parts.sealer, notification) if intake is not None else None,
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

"""The page of the colleagues: invitations, roles, absence, removal, transfer of work, the log; and the page of an invitation."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json

from provider_contact.accounts.codes import FUND, AccountRole, AccountState
from provider_contact.accounts.errors import AccountChanged, AccountUnavailable, InvitationGone, LastManager, NoAccount, TooManyAccounts
from provider_contact.accounts.schemas import AccountView, EntryLine, Invitation, InvitationMail, InviteRequest, OpenWork
from provider_contact.accounts.service import account_entries, account_roles
from provider_contact.accounts.service import colleagues as accounts
from provider_contact.deliveries.service.provider_mails import MailProgress, invitation_mails
from provider_contact.deliveries.service.senders import can_mail
from provider_contact.directory.dependencies import DirectoryDep
from provider_contact.portal.pages import forms
from provider_contact.portal.pages.deliveries import TONES
from provider_contact.portal.pages.inquiry_routes import id_in
from provider_contact.portal.pages.visitor import PAGES, PATH, Visit, VisitDep, to_sign_in
from shared.auth import PagePrincipalDep, check_role
from shared.dependencies import UnitsOfWorkDep
from shared.domain.labels import Language
from shared.errors import Conflict, InvalidInput, NotFound, Unauthorized
from shared.http import parse
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

COLLEAGUES: Final = f"{PATH}/colleagues"
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
_POSTED: Final = [Depends(require_same_origin)]
_INVITE_ERRORS: Final[Mapping[str, str]] = {
    "name": N_("Give the colleague's name."),
    "email": N_("Give an e-mail address such as name@example.kz."),
    "role": N_("Choose from the list."),
}
_FUND: Final = N_("the Fund")
_INVITED_ALREADY: Final = N_("This colleague has an account or an invitation already.")


class MailLine(NamedTuple):
    """How far the mail of an invitation is. `error`: why the latest attempt failed; empty: none did."""

    state: str
    tone: str
    at: datetime
    error: str


class ColleagueLine(NamedTuple):
    """A colleague with the work that waits for them."""

    account_id: UUID
    version: int
    name: str
    email: str
    role: AccountRole
    role_label: str
    invited_until: datetime | None
    has_expired: bool
    absent_until: date | None
    work: OpenWork
    is_self: bool
    mail: MailLine | None
    """How far the mail of the invitation is; None: none was sent, or it was accepted."""


class LogLine(NamedTuple):
    at: datetime
    text: str
    who: str
    about: str
    inquiries: int | None


class InviteForm(NamedTuple):
    """What was typed into the form of an invitation, with the messages at its fields."""

    values: Mapping[str, str]
    errors: Mapping[str, str]


_BLANK: Final = InviteForm({}, {})


@router.get("/portal/colleagues")
async def colleagues_page(visit: VisitDep) -> Response:
    """Show the colleagues; a manager also sees the log and the forms."""
    return visit if isinstance(visit, Response) else await _show(visit)


@router.post("/portal/colleagues", dependencies=_POSTED)
async def invite(visit: VisitDep, request: Request) -> Response:
    """Invite a colleague. The link is mailed where this installation sends mail, and the page that comes back shows it once."""
    if isinstance(visit, Response):
        return visit
    sent = await forms.read(request)
    try:
        given = parse(InviteRequest, to_json({name: sent[name] for name in ("name", "email", "role") if sent.get(name)}))
        async with visit.units.write() as work:
            invitation = await accounts.invite(work, visit.account, given, _invitation_mail(visit))
    except InvalidInput as error:
        errors = {
            each.field: visit.text(_INVITED_ALREADY if each.code == "given-twice" else _INVITE_ERRORS.get(each.field, ""))
            for each in error.errors
        }
        return await _show(visit, form=InviteForm(sent, errors), status=error.status)
    except TooManyAccounts as error:
        return await _show(visit, form=InviteForm(sent, {"name": visit.text(error.title)}), status=error.status)
    return await _show(visit, invitation=invitation)


@router.post("/portal/colleagues/{account_id}/renew", dependencies=_POSTED)
async def renew(visit: VisitDep, request: Request, account_id: UUID) -> Response:
    """Make a new link for an invited colleague, mailed and shown once. A page that is sent again makes no other one."""
    if isinstance(visit, Response):
        return visit
    version = forms.number_in(await forms.read(request), "expected_version")
    try:
        async with visit.units.write() as work:
            invitation = await accounts.renew_invitation(work, visit.account, account_id, version, _invitation_mail(visit))
    except AccountChanged:
        return PAGES.redirect(COLLEAGUES, flash="account-changed")
    return await _show(visit, invitation=invitation)


def _invitation_mail(visit: Visit) -> InvitationMail | None:
    """Return what the mail of an invitation says: first in the language of the inviter. None: this installation sends no mail."""
    if not can_mail(visit.request.app.state.parts.settings):
        return None
    provider = visit.provider
    languages: tuple[Language, ...] = ("ru", "kk") if visit.language == "ru" else ("kk", "ru")
    return InvitationMail(languages, provider.name_kk if provider else "", provider.name_ru if provider else "", visit.region.timezone)


async def _role(work: UnitOfWork, visit: Visit, account_id: UUID, sent: Mapping[str, str]) -> None:
    if sent.get("role") not in frozenset[str](AccountRole):
        raise NotFound
    await accounts.change_role(work, visit.account, account_id, AccountRole(sent["role"]), forms.number_in(sent, "expected_version"))


async def _absence(work: UnitOfWork, visit: Visit, account_id: UUID, sent: Mapping[str, str]) -> None:
    typed = sent.get("absent_until", "")
    try:
        until = date.fromisoformat(typed) if typed else None
    except ValueError:
        raise AccountChanged from None
    await accounts.set_absence(work, visit.account, account_id, until, forms.number_in(sent, "expected_version"))


async def _remove(work: UnitOfWork, visit: Visit, account_id: UUID, sent: Mapping[str, str]) -> None:
    if sent.get("sure") != "yes":
        raise AccountChanged
    await accounts.remove(work, visit.account, account_id, id_in(sent.get("to", "")), forms.number_in(sent, "expected_version"))


async def _transfer(work: UnitOfWork, visit: Visit, account_id: UUID, sent: Mapping[str, str]) -> None:
    await accounts.transfer_work(work, visit.account, account_id, id_in(sent.get("to", "")))


_Change = Callable[[UnitOfWork, Visit, UUID, Mapping[str, str]], Awaitable[None]]
_CHANGES: Final[Mapping[str, tuple[_Change, str]]] = {
    "role": (_role, "role-changed"),
    "absence": (_absence, "absence-changed"),
    "remove": (_remove, "removed"),
    "transfer": (_transfer, "transferred"),
}


@router.post("/portal/colleagues/{account_id}/{change}", dependencies=_POSTED)
async def change(visit: VisitDep, request: Request, account_id: UUID, change: str) -> Response:
    """Change the role or the absence of a colleague, remove them, or move their work."""
    if isinstance(visit, Response):
        return visit
    if change not in _CHANGES:
        raise NotFound
    carry_out, done = _CHANGES[change]
    sent = await forms.read(request)
    try:
        async with visit.units.write() as work:
            await carry_out(work, visit, account_id, sent)
    except LastManager:
        return PAGES.redirect(COLLEAGUES, flash="last-manager")
    except AccountUnavailable:
        return PAGES.redirect(COLLEAGUES, flash="colleague-unavailable")
    except Conflict:
        return PAGES.redirect(COLLEAGUES, flash="account-changed")
    return PAGES.redirect(COLLEAGUES, flash=done)


@router.get("/portal/join/{token}")
async def invitation_page(
    request: Request, token: str, principal: PagePrincipalDep, units: UnitsOfWorkDep, directory: DirectoryDep
) -> Response:
    """Show an invitation. Nothing changes before the person confirms it."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, "provider")
    try:
        async with units.read() as work:
            invited = await accounts.invitation(work, token)
    except InvitationGone as error:
        return PAGES.render(request, "portal_join.html", error.status, problem="gone", organisation="", invited="")
    if principal.provider_id != invited.provider_id:
        return PAGES.render(request, "portal_join.html", 404, problem="other", organisation="", invited="")
    provider = (await directory.current()).providers.get(invited.provider_id)
    name = (provider.name_kk if language_of(request) == "kk" else provider.name_ru) if provider else ""
    return PAGES.render(request, "portal_join.html", problem="", organisation=name, invited=invited.name)


@router.post("/portal/join/{token}", dependencies=_POSTED)
async def join(request: Request, token: str, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Accept an invitation: the account is the person's who is signed in."""
    if principal.is_anonymous:
        raise Unauthorized
    check_role(principal, "provider")
    try:
        async with units.write() as work:
            await accounts.accept(work, principal, token)
    except InvitationGone as error:
        return PAGES.render(request, "portal_join.html", error.status, problem="gone", organisation="", invited="")
    except AccountChanged as error:
        return PAGES.render(request, "portal_join.html", error.status, problem="has-account", organisation="", invited="")
    return PAGES.redirect(PATH, flash="joined")


async def _show(visit: Visit, *, form: InviteForm = _BLANK, invitation: Invitation | None = None, status: int = 200) -> Response:
    async with visit.units.read() as work:
        everybody = await accounts.colleagues(work, visit.account.provider_id)
        own = next((each for each in everybody if each.account_id == visit.account.account_id), None)
        if own is None:
            raise NoAccount
        mails = await invitation_mails(work, [each.account_id for each in everybody if each.state is AccountState.INVITED])
        loads = await accounts.open_work(work, visit.account.provider_id)
        entries = await accounts.log_of(work, own) if own.is_manager else []
    names = {each.account_id: each.name for each in everybody}
    present = [each for each in everybody if each.state is not AccountState.REMOVED]
    lines = [_line(each, loads.get(each.account_id, OpenWork(0, 0)), mails.get(each.account_id), visit) for each in present]
    today = visit.now.astimezone(visit.region.timezone).date()
    return visit.render(
        "portal_colleagues.html",
        status,
        here="colleagues",
        path=COLLEAGUES,
        lines=lines,
        is_manager=own.is_manager,
        choices=[(str(each.account_id), each.name) for each in present if each.state is AccountState.ACTIVE and not each.is_absent(today)],
        roles=[(code, visit.label(label)) for code, label in account_roles().items()],
        form=form,
        link=f"{visit.request.url.scheme}://{visit.request.url.netloc}{accounts.JOIN}/{invitation.token}" if invitation else None,
        link_until=invitation.until if invitation else None,
        is_mailed=invitation is not None and _invitation_mail(visit) is not None,
        invited=names.get(invitation.account_id, "") if invitation else "",
        log=[_log_line(each, names, visit) for each in entries],
        today=today,
    )


def _mail_line(mail: MailProgress, visit: Visit) -> MailLine:
    error = visit.label(mail.error) if mail.error else ""
    return MailLine(visit.label(mail.label), TONES.get(mail.state, "quiet"), mail.at, error)


def _line(account: AccountView, work: OpenWork, mail: MailProgress | None, visit: Visit) -> ColleagueLine:
    today = visit.now.astimezone(visit.region.timezone).date()
    is_invited = account.state is AccountState.INVITED
    return ColleagueLine(
        account_id=account.account_id,
        version=account.version,
        name=account.name,
        email=account.email or "",
        role=account.role,
        role_label=visit.label(account_roles()[account.role]),
        invited_until=account.invite_until if is_invited else None,
        has_expired=is_invited and account.invite_until is not None and account.invite_until <= visit.now,
        absent_until=account.absent_until if account.is_absent(today) else None,
        work=work,
        is_self=account.account_id == visit.account.account_id,
        mail=_mail_line(mail, visit) if mail is not None else None,
    )


def _log_line(entry: EntryLine, names: Mapping[UUID, str], visit: Visit) -> LogLine:
    label = account_entries()[entry.type]
    about = names.get(entry.account_id, "") if entry.account_id != entry.actor_id else ""
    who = visit.text(_FUND) if entry.actor_id == FUND else names.get(entry.actor_id, "")
    return LogLine(entry.at, visit.label(label), who, about, entry.inquiries)

"""What the routes of the operator's page share: who may use it, the request with the current call, and the page itself."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from starlette.responses import RedirectResponse

from intake.channels.phone.pages.view import (
    CurrentCall,
    call_back_lines,
    caller_number,
    current_call,
    held_lines,
    incident_banners,
    ongoing_call_backs,
    page_content,
    region_of,
)
from intake.channels.phone.service import call_backs, consultations, incidents
from intake.channels.phone.service.insurance import InsuredStatus
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.register.dependencies import Intake, IntakeDep
from intake.register.service.admission import Admission, admit_principal
from intake.register.service.filing import check
from intake.suggestions.schemas import ShownSuggestion
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import SealerDep, UnitsOfWorkDep
from shared.errors import DomainError
from shared.idempotency import new_key
from shared.sealing import Sealer
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/call"
CHANNEL: Final = "CALL_1414"
MESSAGES: Final = {
    "not-enough": N_("Tick the name and at least one more check before the caller counts as verified."),
    "service": N_("Choose what the appeal is."),
    "region": N_("Choose the region that the caller asks from."),
    "answered": N_("Only a question, an opinion or thanks is closed in the call."),
    "iin": N_("This IIN is not right. Check its 12 digits, or leave the field empty."),
    "used": N_("This form was sent before with other words. Look whether the appeal is registered already."),
    "confirm": N_("Read the appeal back and tick that the caller confirmed it."),
}


async def _operator(principal: PagePrincipalDep) -> Principal | None:
    """Return the operator; None for an anonymous visitor, who is sent to sign in. Raises Forbidden for any other role."""
    return None if principal.is_anonymous else check_role(principal, "operator")


OperatorDep = Annotated[Principal | None, Depends(_operator)]
SignedInOperatorDep = Annotated[Principal, Depends(require_page("operator"))]


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A request for the page, and what answers it. Forms are received, and registers are asked, between transactions."""

    request: Request
    intake: Intake
    units: UnitsOfWork
    sealer: Sealer

    async def current_call(self, operator: Principal) -> CurrentCall | None:
        """Return the call that the operator works on."""
        async with self.units.read() as work:
            return await current_call(work, operator.subject)


async def _call_request(request: Request, intake: IntakeDep, units: UnitsOfWorkDep, sealer: SealerDep) -> CallRequest:
    return CallRequest(request, intake, units, sealer)


class Offered(NamedTuple):
    """Articles that may answer the caller. `asked`: the operator asked for them; `shown`: ids of those shown before for this text."""

    articles: Sequence[ShownSuggestion] = ()
    asked: bool = False
    shown: Sequence[UUID] = ()

    @property
    def noted(self) -> str:
        """The ids of all that were shown, as the hidden field has them."""
        return " ".join(dict.fromkeys(str(each) for each in (*self.shown, *(article.article_id for article in self.articles))))


NOTHING_OFFERED: Final = Offered()
CallRequestDep = Annotated[CallRequest, Depends(_call_request)]
OWN_SITE: Final = [Depends(require_same_origin)]


async def close_consultation(
    asked: CallRequest,
    operator: Principal,
    current: CurrentCall | None,
    sent: Mapping[str, str],
    *,
    topics: Collection[str],
    incident: UUID | None = None,
) -> Response:
    """Hold a consultation until it cannot be taken back any more. `incident`: the one that the caller spoke of."""
    now = asked.units.clock.now()
    received_at = first_ring(asked, current, sent) or as_text(now)  # it is registered later, but received now
    appeal = call_form.consultation(sent, received_at=received_at, topics=topics)
    admission = admission_of(operator)._replace(resolved_in_contact=True)
    check(appeal, admission, now)
    async with asked.units.write() as work:
        is_first = await consultations.hold(work, form.key_of(sent), appeal, admission, operator, incident=incident)
    return PAGES.redirect(PATH, flash=None if is_first else "closed-before")


def as_text(moment: datetime) -> str:
    """Return a time as a request names it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_sign_in(request: Request) -> Response:
    query = request.scope["query_string"].decode()
    here = f"{PATH}?{query}" if request.method == "GET" and request.scope["path"] == PATH and query else PATH
    return RedirectResponse("/sign-in?" + urlencode({"next": here}), 303)


def message_of(request: Request, message: str) -> str:
    return PAGES.text(request, MESSAGES[message])


def admission_of(operator: Principal) -> Admission:
    return admit_principal(operator, CHANNEL)


def first_ring(asked: CallRequest, current: CurrentCall | None, sent: Mapping[str, str]) -> str | None:
    """Return when an appeal made in the call was received: at the first ring. АППК art. 64(3) then says when it is registered."""
    if current is None or sent.get("call") != str(current.call.id):
        return None
    return as_text(min(current.call.offered_at, asked.units.clock.now()))  # the exchange's clock may run ahead of ours


async def blank_form(asked: CallRequest, current: CurrentCall | None) -> call_form.OperatorDraft:
    """Return an empty form with the number of the caller and the region that is known of them."""
    draft, language = call_form.typed({}), language_of(asked.request)
    async with asked.units.read() as work:
        draft["region"] = (await region_of(work, current)).code
    draft["language"] = language if language in forms.REPLY_LANGUAGES else ""
    number = caller_number(asked.sealer, current) if current is not None else None
    if number is not None:
        draft["applicant.phone"] = number
    return draft


async def show(
    asked: CallRequest,
    operator: Principal,
    current: CurrentCall | None,
    draft: call_form.OperatorDraft,
    *,
    key: str | None = None,
    errors: list[tuple[str, str]] | None = None,
    insured: tuple[InsuredStatus | None] | None = None,
    offered: Offered = NOTHING_OFFERED,
    status: int = 200,
) -> Response:
    """Render the page with the form of an appeal. `insured` as in `page_content`; `offered`: articles that may answer the caller."""
    language, found = language_of(asked.request), errors or []
    async with asked.units.read() as work:
        content = await page_content(work, asked.request, operator, current, insured)
        entries, total = await ongoing_call_backs(work)
        held = await consultations.waiting(work, operator)
        announced = await incidents.current(work, operator)
    numbers: Mapping[UUID, str] = {}
    if claimed := call_backs.claimed_by(entries, operator.subject):
        async with asked.units.write() as work:
            numbers = await call_backs.numbers_of(work, claimed, operator.subject)
    return PAGES.render(
        asked.request,
        "call.html",
        status,
        **content,
        backs=call_back_lines(entries, numbers, operator, language, asked.units.clock.now()),
        backs_total=total,
        incidents=incident_banners(announced, language),
        held=held_lines(held, language, asked.units.clock.now()),
        draft=draft,
        key_value=key or new_key(),
        quick_key=new_key(),
        parts=call_form.shown(draft, language),
        services=call_form.services(language),
        offered=offered,
        subjects=json.dumps(dict(call_form.subjects())),
        errors=[(name or None, text) for name, text in found],
        error=dict(found),
    )


def errors_of(request: Request, refusal: DomainError) -> list[tuple[str, str]]:
    own = {"service", "answered"}
    return [
        (name, message_of(request, name) if name in own else PAGES.text(request, message))
        for name, message in form.errors_of(refusal, to_staff=True)
    ]

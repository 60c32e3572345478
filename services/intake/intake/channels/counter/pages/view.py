"""Content of the counter's pages: the form, its preview, the talon to give out, and the list of what the clerk registered."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final, TypedDict
from urllib.parse import urlencode

from fastapi import Request, Response

from intake.attachments.dependencies import form_uploads as uploads
from intake.channels.counter.policy import IntakeMethod
from intake.channels.counter.service.reception import Counter, registered_by
from intake.channels.web.service import qr
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.register.codes import Channel
from intake.register.schemas import AppealIn
from intake.register.service import providers
from intake.register.service.registration import RegistrationReceipt
from shared.auth import Principal
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_on, policies
from shared.domain.labels import Language
from shared.domain.regions import branch_label, regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitOfWork
from shared.web.languages import language_of

PATH: Final = "/intake/counter"
LISTED: Final = 20  # registered appeals on a page
FIELDS_OF_COUNTER: Final = frozenset({"region", "provider.name"})
CLOCK: Final = "SPP_5CD"

Draft = call_form.OperatorDraft


class CounterContent(TypedDict):
    """What the template of the counter's page gets in addition to the draft and its errors."""

    location: str | None
    methods: list[tuple[str, str]]
    is_dated: bool
    is_oral: bool
    groups: Sequence[call_form.FieldGroup]
    services: list[tuple[str, str]]
    subjects: str
    attached: int
    accept: str
    limits: uploads.FileLimits
    registered: list[tuple[str, str]]
    registered_total: int
    registered_next: str | None
    is_first: bool


async def page(
    request: Request, work: UnitOfWork, principal: Principal, counter: Counter, draft: Draft, cursor: str | None
) -> CounterContent:
    """Return the content of the page beyond what was typed. Raises InvalidInput `bad-cursor`."""
    language, listed = language_of(request), await registered_by(work, principal, cursor, LISTED)
    fixed = {"region"} if counter.region else set()
    fixed |= FIELDS_OF_COUNTER if counter.organisation else set()
    groups = [
        replace(group, fields=[field for field in group.fields if field.name not in fixed]) for group in call_form.shown(draft, language)
    ]
    return {
        "location": _location(counter, counter.region, language),
        "methods": [(code, method.label.in_(language)) for code, method in counter.methods.items()],
        "is_dated": any(method.dated for method in counter.methods.values()),
        "is_oral": any(method.oral for method in counter.methods.values()),
        "groups": groups,
        "services": call_form.services(language),
        "subjects": json.dumps(dict(call_form.subjects())),
        "attached": len(uploads.parse_tickets(draft[form.UPLOADS])),
        "accept": uploads.accepted_extensions(),
        "limits": uploads.file_limits(language),
        "registered": [(appeal.number, taxonomy().statuses[appeal.status].label.in_(language)) for appeal in listed.items],
        "registered_total": listed.total,
        "registered_next": f"{PATH}?{urlencode({'cursor': listed.next_cursor})}" if listed.next_cursor else None,
        "is_first": cursor is None,
    }


def preview(
    request: Request, draft: Draft, method: IntakeMethod, *, key: str, to_confirm: bool, error: str | None, refused: Sequence[str]
) -> Response:
    """Render the form for checking. `to_confirm`: an oral appeal, to be read back first; `error`: it was sent without confirmation."""
    language = language_of(request)
    return PAGES.render(
        request,
        "counter_preview.html",
        422 if error else 200,
        method=method.label.in_(language),
        received_on=date.fromisoformat(draft["received_on"]) if draft["received_on"] else None,
        written=call_form.read_back(draft, language),
        hidden={name: value for name, value in draft.items() if value},
        attached=len(uploads.parse_tickets(draft[form.UPLOADS])),
        key=key,
        to_confirm=to_confirm,
        error=error,
        refused=refused,
    )


def talon(
    request: Request, receipt: RegistrationReceipt, appeal: AppealIn, method: IntakeMethod, counter: Counter, refused: Sequence[str]
) -> Response:
    """Render the talon in the language of the appeal. It is the only page that shows the PIN (АППК art. 64(2))."""
    registered, zone = receipt.registered, regions()[appeal.region].timezone
    language = next((code for code in ("kk", "ru") if code == appeal.language), language_of(request))
    received_on = registered.received_at.astimezone(zone).date()
    is_supported = method.channel == Channel.SPP
    return PAGES.render_in(
        language,
        request,
        "counter_talon.html",
        201,
        talon=registered,
        zone=zone,
        location=_location(counter, appeal.region, language),
        due_on=registered.due_at.astimezone(zone).date(),
        support_by=due_on(received_on, policies()[CLOCK], planning_calendar()).due_on if is_supported else None,
        working=[{"date": day.date, "counts": day.counts, "text": getattr(day, language)} for day in registered.due_explanation],
        record=f"{PATH}/record/{registered.appeal_id}" if method.oral else None,
        back=PATH,
        refused=refused,
        qr=qr.tracking_code(request, registered.number),
    )


def _location(counter: Counter, region: str | None, language: Language) -> str | None:
    """Return the name of the organisation or branch of a counter; None while the region is not chosen."""
    if counter.organisation is not None:
        return providers.name_in(counter.organisation, language)
    return branch_label(region).in_(language) if region else None

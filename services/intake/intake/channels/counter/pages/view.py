"""What the counter's pages show: the form, a look at it, the talon to hand over, and what its clerk has registered."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response

from intake.attachments.service import form_uploads as uploads
from intake.channels.counter.service.policy import Way
from intake.channels.counter.service.reception import Counter, handed_to
from intake.channels.web.service import qr
from intake.forms.service import draft as form
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.register.schemas import AppealIn
from intake.register.service import providers
from intake.register.service.registration import Receipt
from shared.auth import Principal
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_on, policies
from shared.domain.labels import Language
from shared.domain.regions import branch_label, regions
from shared.domain.taxonomy import taxonomy
from shared.service import Parts
from shared.web.languages import language_of

PATH: Final = "/intake/counter"
LISTED: Final = 20  # of what somebody registered, on a page
OF_THE_COUNTER: Final = frozenset({"region", "provider.name"})
PATIENT_SUPPORT: Final = "SPP"
CLOCK: Final = "SPP_5CD"

Draft = call_form.Draft


async def page(request: Request, parts: Parts, principal: Principal, counter: Counter, draft: Draft, cursor: str | None) -> dict[str, Any]:
    """Everything that the page shows beside what was typed. Raises InvalidInput for a cursor that is none."""
    language, listed = language_of(request), await handed_to(parts, principal, cursor, LISTED)
    fixed = {"region"} if counter.region else set()
    fixed |= OF_THE_COUNTER if counter.organisation else set()
    groups = call_form.shown(draft, language)
    for group in groups:
        group["fields"] = [one for one in group["fields"] if one["name"] not in fixed]
    return {
        "place": _place(counter, counter.region, language),
        "ways": [(code, way.label.in_(language)) for code, way in counter.ways.items()],
        "is_dated": any(way.dated for way in counter.ways.values()),
        "is_oral": any(way.oral for way in counter.ways.values()),
        "groups": groups,
        "services": call_form.services(language),
        "subjects": json.dumps(dict(call_form.subjects())),
        "enclosed": len(uploads.read(draft[form.UPLOADS])),
        "accept": uploads.accepted(),
        "handed": [(one.number, taxonomy().statuses[one.status].label.in_(language)) for one in listed.items],
        "handed_total": listed.total,
        "handed_next": f"{PATH}?{urlencode({'cursor': listed.next_cursor})}" if listed.next_cursor else None,
        "is_first": cursor is None,
    }


def preview(request: Request, draft: Draft, way: Way, *, key: str, to_confirm: bool, error: str | None, refused: Sequence[str]) -> Response:
    """`to_confirm`: it was said, and is read back before it is registered; `error`: it was sent without that."""
    language = language_of(request)
    return PAGES.render(
        request,
        "counter_preview.html",
        422 if error else 200,
        way=way.label.in_(language),
        received_on=date.fromisoformat(draft["received_on"]) if draft["received_on"] else None,
        told=call_form.read_back(draft, language),
        hidden={name: value for name, value in draft.items() if value},
        enclosed=len(uploads.read(draft[form.UPLOADS])),
        key=key,
        to_confirm=to_confirm,
        error=error,
        refused=refused,
    )


def talon(request: Request, receipt: Receipt, appeal: AppealIn, way: Way, counter: Counter, refused: Sequence[str]) -> Response:
    """The paper that the applicant takes along, in the language of the appeal; the PIN is shown this once (АППК art. 64(2))."""
    registered, zone = receipt.registered, regions()[appeal.region].timezone
    language = next((one for one in ("kk", "ru") if one == appeal.language), language_of(request))
    day = registered.received_at.astimezone(zone).date()
    is_supported = way.channel == PATIENT_SUPPORT
    return PAGES.render_in(
        language,
        request,
        "counter_talon.html",
        201,
        talon=registered,
        zone=zone,
        place=_place(counter, appeal.region, language),
        due_on=registered.due_at.astimezone(zone).date(),
        support_by=due_on(day, policies()[CLOCK], planning_calendar()).due_on if is_supported else None,
        working=[{"date": one.date, "counts": one.counts, "text": getattr(one, language)} for one in registered.due_explanation],
        record=f"{PATH}/record/{registered.appeal_id}" if way.oral else None,
        back=PATH,
        refused=refused,
        qr=qr.tracking_code(request, registered.number),
    )


def _place(counter: Counter, region: str | None, language: Language) -> str | None:
    """Whose counter it is; None where the region is still to be chosen."""
    if counter.organisation is not None:
        return providers.name_in(counter.organisation, language)
    return branch_label(region).in_(language) if region else None

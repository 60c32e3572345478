"""The pages of an oral appeal: it is read back, confirmed, and recorded so that it can be printed (АППК art. 63(1))."""

from collections.abc import Mapping

from fastapi import Request, Response

from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.register.schemas import Registered
from shared.domain.regions import regions
from shared.web.languages import language_of


def read_back(request: Request, draft: call_form.OperatorDraft, hidden: Mapping[str, str], *, tried: bool, error: str) -> Response:
    """Render the appeal to be read to the caller. `hidden`: fields to be sent with it; `tried`: it was sent without a confirmation."""
    return PAGES.render(
        request,
        "call_read_back.html",
        422 if tried else 200,
        content=call_form.read_back(draft, language_of(request)),
        hidden={name: value for name, value in draft.items() if value} | dict(hidden),
        error=PAGES.text(request, error) if tried else None,
    )


def registered(request: Request, receipt: Registered, region: str, *, has_record: bool) -> Response:
    """Render number and PIN to be dictated. The PIN is shown only once."""
    zone = regions()[region].timezone
    due_on = receipt.due_at.astimezone(zone).date()
    return PAGES.render(request, "call_registered.html", 201, receipt=receipt, zone=zone, due_on=due_on, has_record=has_record)

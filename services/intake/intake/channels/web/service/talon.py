"""The talon's page and the list of kinds, shared by the web form and the people's control section."""

from collections.abc import Sequence

from fastapi import Request
from fastapi.responses import HTMLResponse

from intake.channels.web.service import qr
from intake.forms.service import definitions as forms
from intake.forms.service import draft as form
from intake.pages_kit import PAGES
from intake.register.schemas.filing import Filing
from intake.register.service import answer_channels
from intake.register.service.registration import RegistrationReceipt
from intake.register.service.verification import CODE_CHANNELS
from shared.domain.deadlines import policies
from shared.domain.labels import Language
from shared.domain.regions import branch_label, regions
from shared.language.danger import speaks_of_danger
from shared.offload import run_on_text
from shared.web.i18n import N_
from shared.web.languages import language_of


async def talon_page(request: Request, receipt: RegistrationReceipt, filing: Filing, refused: Sequence[str]) -> HTMLResponse:
    """Render the talon of a new appeal. `refused`: messages about documents that were not accepted."""
    language, talon = language_of(request), receipt.registered
    zone = regions()[filing.region].timezone
    return PAGES.render(
        request,
        "receipt.html",
        201,
        talon=talon,
        zone=zone,
        branch=branch_label(filing.region).in_(language),
        due_on=talon.due_at.astimezone(zone).date(),
        working=[{"date": day.date, "counts": day.counts, "text": getattr(day, language)} for day in talon.due_explanation],
        provider_days=policies()["PROVIDER_REPLY"].amount,
        anonymous=filing.applicant is None,
        has_contact=filing.applicant is not None and not filing.applicant.keys().isdisjoint({"phone", "email"}),
        danger=await run_on_text(filing.text or "", speaks_of_danger, filing.text or ""),
        refused=refused,
        answer_waits=filing.answer_by in CODE_CHANNELS.values(),
        answer_by=answer_channels()[filing.answer_by].label.in_(language) if filing.answer_by else None,
        qr=qr.tracking_code(request, talon.number),
    )


def kinds(request: Request, language: Language) -> list[dict[str, str]]:
    """Return the kinds that may be filed. `asks`: names of the fields that only some kinds have."""
    shown = [
        {
            "code": service.code,
            "label": service.label.in_(language),
            "hint": service.description.in_(language),
            "asks": " ".join(field.name for field in service.fields if field.name in form.sometimes()),
        }
        for service in forms.services(form.CHANNEL)
    ]
    unsure = {
        "code": "",
        "label": PAGES.text(request, N_("I am not sure")),
        "hint": PAGES.text(request, N_("we will see it from your words")),
    }
    return [*shown, {**unsure, "asks": ""}]

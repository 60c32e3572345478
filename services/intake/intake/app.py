"""The application of the intake service."""

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Depends, FastAPI

from intake.assembly import build_intake, check_policies
from intake.attachments import api as attachments
from intake.attachments.dependencies.uploads import Uploads
from intake.channels.app.api import applicant, recovery, registration, updates
from intake.channels.counter import api as counter
from intake.channels.counter.pages import counter as counter_pages
from intake.channels.partner import api as partner
from intake.channels.partner.service.update_streams import UpdateStreams
from intake.channels.peoples_control import pages as peoples_control_pages
from intake.channels.phone import api as phone
from intake.channels.phone.pages import call as call_pages
from intake.channels.phone.pages import call_backs as call_back_pages
from intake.channels.phone.pages import incidents as incident_pages
from intake.channels.phone.pages import questions as question_pages
from intake.channels.phone.pages import suggestions as call_suggestion_pages
from intake.channels.phone.service.insurance import FileInsuranceRegister
from intake.channels.telegram import api as telegram
from intake.channels.web.pages import actions, filing, offers, tracking
from intake.channels.web.pages import recovery as recovery_pages
from intake.forms import api as forms
from intake.handlers import HANDLERS
from intake.imports import api as imports
from intake.imports import pages as import_pages
from intake.jobs import jobs
from intake.notifications import api as notifications
from intake.notifications import pages as notification_pages
from intake.pages_kit import PAGES
from intake.ratings import api as ratings
from intake.ratings import pages as rating_pages
from intake.ratings.dependencies import Rosters
from intake.register import api
from intake.register.models import ContentRead
from intake.register.pages import consents as consent_pages
from intake.register.pages import withdrawals as withdrawal_pages
from intake.settings import Settings
from intake.suggestions import api as suggestions
from intake.suggestions.dependencies import Suggester
from shared.contracts import APPEALS, ARTICLES, PROVIDERS
from shared.files.receiving import check_store_of
from shared.rows import table_of
from shared.service import Foundation, Parts, Service, assemble
from shared.web.viewer import show_viewer

TAGS: Final = {
    "appeals": "Register an appeal, follow it, and carry out the applicant's own actions: messages, withdrawal, rating, reopening.",
    "attachments": "Upload files in pieces, add them to an appeal, and download them.",
    "ratings": "Rate a medical organisation or a doctor, once a month, with or without an appeal.",
    "suggestions": "Published answers to a question, before it is filed.",
    "forms": "What may be filed, and the fields that each form asks for.",
    "updates": "Changes of the appeals that you follow: a gapless feed, a stream, and the appeals forwarded to your body.",
    "subscriptions": "Webhooks: signed updates sent to your address, their delivery log, a test, and replay.",
    "withdrawals": "Withdrawals that wait for a call back, for the staff of the contact centre.",
    "counter": "Receptions of the counter, for its staff.",
    "notifications": "Notifications to the applicant and their delivery, for staff.",
    "phone": "Call events and keypad status, for the telephone exchange.",
    "gateways": "Calls of the Telegram servers and of the SMS gateway.",
    "imports": "Import of a former register.",
    "internal": "Calls between the services.",
}

SERVICE = Service[Settings](
    name="intake",
    package="intake",
    title="Aryz intake",
    description="Registers appeals, shows them to their applicants, and reports their changes to apps and partners.",
    tags=TAGS,
    handlers=HANDLERS,
    topics=(APPEALS, PROVIDERS, ARTICLES),
    jobs=jobs,
    check=check_store_of,
    audit=table_of(ContentRead),
)

pages: Final = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
for _router in (
    filing.router,
    call_pages.router,
    call_back_pages.router,
    call_suggestion_pages.router,
    incident_pages.router,
    question_pages.router,
    tracking.router,
    recovery_pages.router,
    actions.router,
    offers.router,
    notification_pages.router,
    counter_pages.router,
    peoples_control_pages.router,
    rating_pages.router,
    withdrawal_pages.router,
    consent_pages.router,
    import_pages.router,
):
    pages.include_router(_router)

ROUTERS: Final[Sequence[APIRouter]] = (
    api.router,
    imports.router,
    pages,
    forms.router,
    applicant.router,
    recovery.router,
    ratings.router,
    suggestions.router,
    updates.router,
    counter.router,
    partner.router,
    phone.router,
    telegram.router,
    notifications.router,
    attachments.router,
)


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """Return the service's application; without a foundation it is alone in its process."""
    settings = settings or Settings()

    def prepare(app: FastAPI, parts: Parts[Settings]) -> None:
        check_policies()  # before the first request
        app.state.intake = build_intake(parts, settings)
        app.state.suggester = Suggester(parts.units, parts.pepper, parts.ids)
        app.state.rosters = Rosters(parts.client_for, parts.clock)
        app.state.uploads = Uploads.build(parts, settings)
        app.state.update_streams = UpdateStreams(parts.units, settings.streams_each)
        app.state.insurance = FileInsuranceRegister(settings.insurance_file) if settings.insurance_file else None

    app = assemble(SERVICE, settings, foundation, ROUTERS, prepare=prepare, front=registration.front.routes)
    PAGES.mount_static(app)
    return app

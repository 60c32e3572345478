"""The page on which a supervisor announces a mass incident to the operators, and ends it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from intake.channels.phone.models import Incident
from intake.channels.phone.service import incidents
from intake.channels.phone.service.incidents import ANNOUNCERS, COUNTRY, Announcement
from intake.forms.service.draft import key_of
from intake.pages_kit import PAGES, to_sign_in
from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.dependencies import UnitsOfWorkDep
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.forms import read_fields
from shared.idempotency import new_key
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/incidents"
ANSWER_LIMIT: Final = 1000  # characters: what an operator reads out in a minute
HOURS: Final = ("1", "2", "4", "8", "24")
FIELDS: Final = ("region", "topic", "answer_kk", "answer_ru", "answer_en", "hours")
MESSAGES: Final = {
    "region": N_("Choose the region where it happened."),
    "topic": N_("Choose what the callers ask about."),
    "answer_kk": N_("Write the answer in Kazakh, up to 1,000 characters."),
    "answer_ru": N_("Write the answer in Russian, up to 1,000 characters."),
    "answer_en": N_("The answer in English is too long: up to 1,000 characters."),
    "hours": N_("Choose when the announcement ends."),
}

router: Final = APIRouter()
AnnouncerDep = Annotated[Principal, Depends(require_page(*ANNOUNCERS))]


class IncidentLine(NamedTuple):
    """An incident of the list. `answers`: language and text."""

    id: str
    topic: str
    region: str
    answers: Sequence[tuple[Language, str]]
    announced_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    callers: int
    is_current: bool


@router.get("/incidents")
async def announced_incidents(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep) -> Response:
    """Show the latest incidents of the supervisor's region, and the form of a new one."""
    if principal.is_anonymous:
        return to_sign_in(request)
    check_role(principal, *ANNOUNCERS)
    return await _show(request, principal, units, dict.fromkeys(FIELDS, ""), ())


@router.post("/incidents", dependencies=[Depends(require_same_origin)])
async def announce_incident(request: Request, principal: AnnouncerDep, units: UnitsOfWorkDep) -> Response:
    """Announce an incident, once a form: every operator of its region sees it at once."""
    sent = await read_fields(request)
    typed, key = {name: sent.get(name, "").strip() for name in FIELDS}, key_of(sent)
    if wrong := _wrong(typed, incidents.announced_regions(principal)):
        return await _show(request, principal, units, typed, wrong, key=key)
    async with units.write() as work:
        is_new = await incidents.announce(work, UUID(key), _announcement(typed), principal)
    return PAGES.redirect(PATH, flash="incident-announced" if is_new else "incident-known")


@router.post("/incidents/{incident_id}/end", dependencies=[Depends(require_same_origin)])
async def end_incident(incident_id: UUID, principal: AnnouncerDep, units: UnitsOfWorkDep) -> Response:
    """End an incident before its time."""
    async with units.write() as work:
        is_ended = await incidents.end(work, incident_id, principal)
    return PAGES.redirect(PATH, flash="incident-ended" if is_ended else "incident-over")


def _wrong(typed: Mapping[str, str], allowed: Sequence[str]) -> list[str]:
    """Return the names of the fields that need correcting."""
    texts = {name: 0 < len(typed[name]) <= ANSWER_LIMIT for name in ("answer_kk", "answer_ru")}
    checks = {
        "region": typed["region"] in allowed,
        "topic": typed["topic"] in taxonomy().topics,
        **texts,
        "answer_en": len(typed["answer_en"]) <= ANSWER_LIMIT,
        "hours": typed["hours"] in HOURS,
    }
    return [name for name, is_right in checks.items() if not is_right]


def _announcement(typed: Mapping[str, str]) -> Announcement:
    return Announcement(
        region=None if typed["region"] == COUNTRY else typed["region"],
        topic=typed["topic"],
        kk=typed["answer_kk"],
        ru=typed["answer_ru"],
        en=typed["answer_en"] or None,
        lasts=timedelta(hours=int(typed["hours"])),
    )


async def _show(
    request: Request, principal: Principal, units: UnitsOfWork, typed: Mapping[str, str], wrong: Sequence[str], *, key: str | None = None
) -> Response:
    language, now, codes = language_of(request), units.clock.now(), incidents.announced_regions(principal)
    async with units.read() as work:
        found = await incidents.announced(work, principal)
    country = PAGES.text(request, N_("The whole country"))
    errors = [(name, PAGES.text(request, MESSAGES[name])) for name in wrong]
    return PAGES.render(
        request,
        "incidents.html",
        422 if wrong else 200,
        incidents=[_line(incident, country, language, now) for incident in found],
        own=frozenset(str(incident.id) for incident in found if (incident.region or COUNTRY) in codes),
        regions=[(code, country if code == COUNTRY else regions()[code].label.in_(language)) for code in codes],
        topics=[(code, topic.label.in_(language)) for code, topic in taxonomy().topics.items()],
        hours=[(hours, hours) for hours in HOURS],
        typed=typed,
        key=key or new_key(),
        limit=ANSWER_LIMIT,
        errors=errors,
        error=dict(errors),
    )


def _line(incident: Incident, country: str, language: Language, now: datetime) -> IncidentLine:
    region = regions()[incident.region or CENTRAL_OFFICE]
    answers = {"kk": incident.answer_kk, "ru": incident.answer_ru, "en": incident.answer_en or ""}
    return IncidentLine(
        id=str(incident.id),
        topic=taxonomy().topics[incident.topic].label.in_(language),
        region=region.label.in_(language) if incident.region else country,
        answers=[(each, answers[each]) for each in LANGUAGES if answers[each]],
        announced_at=incident.announced_at,
        ends_at=incident.ended_at or incident.ends_at,
        zone=region.timezone,
        callers=incident.callers,
        is_current=incidents.is_current(incident, now),
    )

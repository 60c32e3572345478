"""What the pages about one colleague show: shifts, absences, and for the supervisor what is assigned by rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

from pydantic_core import to_json

from routing.cases.schemas.staffing import Absence, Destination, Reassigned
from routing.cases.schemas.views import ColleagueView
from routing.cases.service import assignment, colleagues, shifts
from routing.cases.service.shifts import WorkDay
from routing.desk.pages.filters import YES, FilterName
from routing.desk.pages.listing import PATH, ListPosition
from routing.desk.pages.reader import LANGUAGE_NAMES, DeskReader
from shared.auth import Principal
from shared.domain.taxonomy import taxonomy
from shared.errors import InvalidInput
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_
from shared.web.viewer import role_labels

SHIFTS: Final = "shifts"
MEMBER: Final = "team/member"
DAYS_AHEAD: Final = 14
_DIGITS: Final = 9  # of a number; Python refuses to read one of thousands
WEEKDAYS: Final = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))
Sent = Mapping[str, str]
_DESTINATIONS: Final[Mapping[Destination, str]] = {
    Destination.SHARED: N_("Share among those who are present"),
    Destination.QUEUE: N_("Put back into the queues"),
    Destination.DEPUTY: N_("Give to the colleague who stands in"),
}
_ERRORS: Final[Mapping[str, str]] = {
    "absent_from": N_("Give a first day that has not passed."),
    "absent_until": N_("Give a day of return after the first day."),
    "deputy": N_("Choose a colleague of your region who is there. A head chooses a supervisor."),
    "capacity": N_("Give a whole number from 0 to 1000."),
    "shifts": N_("A shift ends after it begins, on the same day."),
    "to": N_("Nobody stands in for this colleague today."),
}
_OTHER_ERROR: Final = N_("Check what you entered.")


@dataclass(frozen=True, slots=True)
class DayLine:
    """A day with its shift. `hours`: empty for a day without one."""

    day: date
    weekday: str
    hours: str
    is_absent: bool


@dataclass(frozen=True, slots=True)
class ReplacedLine:
    """An absent colleague for whom the reader stands in, with the list of the open cases."""

    name: str
    return_on: date
    open: int
    href: str


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """An absence that runs or is planned. `first_day`: None for one that runs."""

    first_day: date | None
    return_on: date
    deputy: str | None
    value: str
    """What the form sends to end it."""


@dataclass(frozen=True, slots=True)
class WeekdayFields:
    """The fields of the shift of a weekday."""

    name: str
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A skill that can be ticked."""

    name: str
    label: str
    is_ticked: bool


@dataclass(frozen=True, slots=True)
class StaffingForm:
    """The form of capacity, skills and shifts, with what is stored or was sent."""

    capacity: str
    usual_capacity: int
    usual_tiers: str
    languages: Sequence[Tick]
    tiers: Sequence[Tick]
    week: Sequence[WeekdayFields]
    works_here: bool


@dataclass(frozen=True, slots=True)
class MemberPage:
    """A colleague on a page of one's own or of the supervisor, who alone gets `staffing` and `destinations`."""

    subject: str
    name: str
    role: str
    is_own: bool
    is_present: bool
    has_left: bool
    days: Sequence[DayLine]
    absences: Sequence[AbsenceLine]
    replaced: Sequence[ReplacedLine]
    deputies: Sequence[tuple[str, str]]
    capacity: int
    tiers: str
    languages: str
    open: int
    staffing: StaffingForm | None
    destinations: Sequence[tuple[str, str]]
    outcome: Reassigned | None
    sent: Sent
    errors: Sequence[tuple[str, str]]
    action: str
    back: str


async def member_page(
    work: UnitOfWork,
    principal: Principal,
    colleague: ColleagueView,
    reader: DeskReader,
    *,
    sent: Sent | None = None,
    refusal: InvalidInput | None = None,
    outcome: Reassigned | None = None,
) -> MemberPage:
    """Return the page about a colleague. Of others the reader is a supervisor or head of the region."""
    is_own, is_boss = colleague.subject == principal.subject, principal.has("supervisor", "head") and colleague.region == principal.region
    standing_in = [
        each
        for each in await colleagues.listed(work, principal)
        if each.region == colleague.region and each.subject != colleague.subject and (colleague.role != "head" or each.role == "supervisor")
    ]
    names = await colleagues.names_of(work, [absence.deputy for absence in _running(colleague, reader) if absence.deputy])
    running = shifts.running_absence(colleague, reader.now)
    has_deputy = running is not None and running.deputy is not None
    is_for_boss = is_boss and not is_own
    return MemberPage(
        subject=colleague.subject,
        name=colleague.name or colleague.subject,
        role=reader.label(role_labels()[colleague.role]),
        is_own=is_own,
        is_present=shifts.is_present(colleague, reader.now),
        has_left=colleague.left_at is not None,
        days=[_day(found, reader) for found in shifts.days_ahead(colleague, reader.now, DAYS_AHEAD)],
        absences=[_absence(absence, names, colleague, reader) for absence in _running(colleague, reader)],
        replaced=await _replaced(work, colleague.subject),
        deputies=colleagues.labels(standing_in, reader.language) if is_own or colleague.role != "head" else [],
        capacity=assignment.capacity_of(colleague),
        tiers=", ".join(map(str, sorted(assignment.tiers_of(colleague)))),
        languages=", ".join(map(reader.language_name, colleague.languages or ())),
        open=await colleagues.open_load(work, colleague.subject),
        staffing=_staffing(colleague, reader, sent if sent and "works_here_asked" in sent else None) if is_for_boss else None,
        destinations=[
            (code, reader.translate(text)) for code, text in _DESTINATIONS.items() if has_deputy or code is not Destination.DEPUTY
        ]
        if is_for_boss
        else [],
        outcome=outcome,
        sent=sent or {},
        errors=_errors(refusal, reader),
        action=f"{PATH}/{MEMBER}" if is_for_boss else f"{PATH}/{SHIFTS}",
        back=f"{PATH}/team" if is_for_boss else PATH,
    )


def member_href(subject: str) -> str:
    """Return the address of the supervisor's page about a colleague."""
    return f"{PATH}/{MEMBER}?{urlencode({'subject': subject})}"


def _running(colleague: ColleagueView, reader: DeskReader) -> list[Absence]:
    return shifts.absences_from(colleague, shifts.today_of(colleague, reader.now))


def _errors(refusal: InvalidInput | None, reader: DeskReader) -> list[tuple[str, str]]:
    """Return the fields that are wrong, each once, with what to do. The parts of a shift are named by their day."""
    found = {error.field.partition(".")[0]: error.field for error in (refusal.errors if refusal is not None else ())}
    return [(_field(name, full), reader.translate(_ERRORS.get(name, _OTHER_ERROR))) for name, full in found.items()]


def _field(name: str, full: str) -> str:
    parts = full.split(".")
    if name != "shifts":
        return name
    return f"begins-{parts[1]}" if len(parts) > 1 and parts[1].isdigit() else "begins-0"


def _day(found: WorkDay, reader: DeskReader) -> DayLine:
    hours = f"{found.shift.begins:%H:%M}–{found.shift.ends:%H:%M}" if found.shift is not None else ""
    return DayLine(found.day, reader.translate(WEEKDAYS[found.day.weekday()]), hours, found.is_absent)


async def _replaced(work: UnitOfWork, subject: str) -> list[ReplacedLine]:
    return [
        ReplacedLine(
            each.name or each.subject,
            return_on,
            await colleagues.open_load(work, each.subject),
            ListPosition(filters={FilterName.ASSIGNEE: each.subject, FilterName.OPEN: YES}).href(),
        )
        for each, return_on in await colleagues.replaced_by(work, subject)
    ]


def _absence(absence: Absence, names: Mapping[str, str | None], colleague: ColleagueView, reader: DeskReader) -> AbsenceLine:
    begins_later = absence.first_day > shifts.today_of(colleague, reader.now)
    deputy = None if absence.deputy is None else names.get(absence.deputy) or absence.deputy
    first_day = absence.first_day if begins_later else None
    return AbsenceLine(first_day, absence.return_on, deputy, first_day.isoformat() if first_day else "")


def _staffing(colleague: ColleagueView, reader: DeskReader, sent: Sent | None) -> StaffingForm:
    usual = assignment.usual_of(colleague)
    stored = colleague.shifts or [None] * len(WEEKDAYS)
    week = [
        WeekdayFields(
            reader.translate(name),
            sent.get(f"begins-{n}", "") if sent is not None else shift["begins"] if shift else "",
            sent.get(f"ends-{n}", "") if sent is not None else shift["ends"] if shift else "",
        )
        for n, (name, shift) in enumerate(zip(WEEKDAYS, stored, strict=True))
    ]
    languages, tiers = colleague.languages or [], colleague.tiers or []
    capacity = "" if colleague.capacity is None else str(colleague.capacity)
    return StaffingForm(
        capacity=sent.get("capacity", "") if sent is not None else capacity,
        usual_capacity=usual.capacity,
        usual_tiers=", ".join(map(str, sorted(usual.tiers))),
        languages=[
            Tick(f"language-{code}", reader.language_name(code), _is_ticked(sent, f"language-{code}", stored=code in languages))
            for code in LANGUAGE_NAMES
        ],
        tiers=[
            Tick(f"tier-{number}", reader.label(tier.label), _is_ticked(sent, f"tier-{number}", stored=number in tiers))
            for number, tier in taxonomy().tiers.items()
        ],
        week=week,
        works_here=_is_ticked(sent, "works_here", stored=colleague.left_at is None),
    )


def _is_ticked(sent: Sent | None, name: str, *, stored: bool) -> bool:
    return stored if sent is None else name in sent


def staffing_command(sent: Sent) -> bytes:
    """Return the command of the form as JSON. Nothing ticked or entered: as usual."""
    days = [
        {"begins": sent.get(f"begins-{n}", ""), "ends": sent.get(f"ends-{n}", "")}
        if sent.get(f"begins-{n}") or sent.get(f"ends-{n}")
        else None
        for n in range(len(WEEKDAYS))
    ]
    command = {
        "subject": sent.get("subject", ""),
        "capacity": int(typed) if (typed := sent.get("capacity", "").strip()).isdecimal() and len(typed) <= _DIGITS else typed or None,
        "languages": [code for code in LANGUAGE_NAMES if f"language-{code}" in sent] or None,
        "tiers": [number for number in taxonomy().tiers if f"tier-{number}" in sent] or None,
        "shifts": days if any(days) else None,
        "works_here": "works_here" in sent,
    }
    return to_json(command)

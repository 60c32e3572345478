"""The pages about colleagues: the load of a team, where each figure is the number of cases in the list that it links to; and users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from routing.cases import service as cases
from routing.cases.schemas.colleagues import UserView, Workload
from routing.cases.schemas.staffing import QueueItem, QueueName, Share
from routing.cases.schemas.views import ColleagueView
from routing.cases.service import colleagues, shifts, staffing
from routing.desk.pages.filters import YES, FilterName, Filters
from routing.desk.pages.listing import OVERDUE_PATH, PATH, DeskTab, ListPosition, count_at, tabs_of
from routing.desk.pages.member import member_href
from routing.desk.pages.reader import DeskReader
from shared.auth import Principal
from shared.domain.calendar import planning_calendar
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitOfWork
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.viewer import role_labels

TEAM: Final = "team"
USERS: Final = "users"
AGES: Final = ((0, 3), (4, 10), (11, 15), (16, None))
"""The age of open cases in working days since the day of receipt: from, to."""
_QUEUES: Final[Mapping[DeskTab, str]] = {
    DeskTab.REGION: N_("Open"),
    DeskTab.QUEUE: N_("Not taken"),
    DeskTab.OVERDUE: N_("Overdue"),
    DeskTab.APPROVALS: N_("Awaiting approval"),
}
_OPEN: Final[Filters] = {FilterName.OPEN: YES}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with the list of the cases that it counts."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A colleague with the open and overdue cases and the day of the oldest one. `until`: the day of return of an absent one.

    `fair`: the open cases that the colleague would have by capacity, empty for one who has no share; `href`: the page about the colleague.
    """

    subject: str
    name: str
    role: str
    open: Figure
    overdue: Figure
    oldest: str
    oldest_href: str
    until: date | None
    may_record: bool
    is_present: bool
    has_left: bool
    capacity: int
    fair: str
    href: str


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A queue with the cases that wait in it and the colleagues who may get one now."""

    queue: str
    name: str
    waiting: int
    able: int
    is_automatic: bool


@dataclass(frozen=True, slots=True)
class Team:
    """The load of a team. `away`: absent colleagues who have open cases, which a bulk of their list gives to others."""

    figures: Sequence[Figure]
    ages: Sequence[Figure]
    lines: Sequence[TeamLine]
    away: Sequence[TeamLine]
    queues: Sequence[QueueLine]


@dataclass(frozen=True, slots=True)
class UserLine:
    """A person who has used the desk."""

    name: str
    subject: str
    role: str
    region: str
    seen_on: date
    until: date | None


async def team_page(work: UnitOfWork, principal: Principal, reader: DeskReader) -> Team:
    """Return the load of the reader's team, those with most overdue and open cases first."""
    tabs = await tabs_of(work, principal)
    figures = [await _figure(work, principal, ListPosition(tab), reader.translate(text)) for tab, text in _QUEUES.items() if tab in tabs]
    if (level := cases.report_level(principal)) is not None:
        count = await cases.count_overdue_reports(work, principal, level)
        figures.append(Figure(reader.translate(N_("Overdue reports")), count, f"{PATH}/{OVERDUE_PATH}"))
    ages = [await _figure(work, principal, position, text) for position, text in _ages(reader)]
    found = sorted(await colleagues.team(work, principal), key=_by_load)
    oldest = await colleagues.oldest_open(work, principal)
    shares = await staffing.team_shares(work)
    lines = [
        _line(principal, colleague, load, oldest.get(colleague.subject), shares[colleague.subject], reader) for colleague, load in found
    ]
    away = [line for line in lines if (line.until is not None or line.has_left) and line.open.count]
    queues = [_queue_line(item, reader) for item in await staffing.queues(work, principal)] if principal.region in regions() else []
    return Team(figures, ages, lines, away=away, queues=queues)


def _queue_line(item: QueueItem, reader: DeskReader) -> QueueLine:
    queue = QueueName.read(item.queue)
    if queue.protected:
        tier = reader.translate(N_("protected cases"))
    else:
        tier = reader.translate(N_("unsorted")) if queue.tier is None else reader.label(taxonomy().tiers[queue.tier].label)
    return QueueLine(item.queue, f"{tier}, {reader.language_name(queue.language)}", item.waiting, item.able, item.automatic)


async def _figure(work: UnitOfWork, principal: Principal, position: ListPosition, label: str) -> Figure:
    return Figure(label, await count_at(work, principal, position), position.href())


def _ages(reader: DeskReader) -> list[tuple[ListPosition, str]]:
    """Return the lists of open cases by age, each with its name."""
    today = reader.now.astimezone(regions()[CENTRAL_OFFICE].timezone).date()
    return [(ListPosition(filters=_received(today, least, most)), _age_text(least, most, reader)) for least, most in AGES]


def _received(today: date, least: int, most: int | None) -> Filters:
    """Return the days of receipt from which `least` to `most` working days have passed, as filters of open cases."""
    filters = dict(_OPEN)
    if most is not None:
        filters[FilterName.RECEIVED_FROM] = _working_day(today, most + 1).isoformat()
    if least:
        filters[FilterName.RECEIVED_TO] = (_working_day(today, least) - timedelta(days=1)).isoformat()
    return filters


def _working_day(today: date, n: int) -> date:
    """Return the n-th latest working day, today included: whatever was received before it is n working days old."""
    calendar = planning_calendar()
    return calendar.add_working_days(today, -n if calendar.is_day_off(today) else 1 - n)


def _age_text(least: int, most: int | None, reader: DeskReader) -> str:
    if most is None:
        return reader.translate(N_("more than %(n)s working days"), n=least - 1)
    return reader.translate(N_("%(least)s to %(most)s working days"), least=least, most=most)


def _by_load(each: tuple[ColleagueView, Workload | None]) -> tuple[int, int, str]:
    colleague, load = each
    return (-load.overdue, -load.open, colleague.name or "") if load else (0, 0, colleague.name or "")


def _line(
    principal: Principal, colleague: ColleagueView, load: Workload | None, received_at: datetime | None, share: Share, reader: DeskReader
) -> TeamLine:
    own = {FilterName.ASSIGNEE: colleague.subject, **_OPEN}
    oldest = _received_on(received_at) if received_at else None
    return TeamLine(
        subject=colleague.subject,
        name=colleague.name or colleague.subject,
        role=reader.label(role_labels()[colleague.role]),
        open=Figure("", load.open if load else 0, ListPosition(filters=own).href()),
        overdue=Figure("", load.overdue if load else 0, ListPosition(filters={**own, FilterName.OVERDUE: YES}).href()),
        oldest=Formats(reader.language).date(oldest) if oldest else "",
        oldest_href=ListPosition(filters={**own, FilterName.RECEIVED_TO: oldest.isoformat()}).href() if oldest else "",
        until=shifts.absence_of(colleague, reader.now),
        may_record=colleagues.manages(principal, colleague),
        is_present=shifts.is_present(colleague, reader.now),
        has_left=colleague.left_at is not None,
        capacity=share.capacity,
        fair="" if share.fair is None else Formats(reader.language).number(share.fair, 1),
        href=member_href(colleague.subject),
    )


def _received_on(at: datetime) -> date:
    return at.astimezone(regions()[CENTRAL_OFFICE].timezone).date()


def user_lines(found: Sequence[UserView], reader: DeskReader) -> list[UserLine]:
    """Return the people who have used the desk as the page shows them."""
    known = regions()
    return [
        UserLine(
            name=user.name or "",
            subject=user.subject,
            role=reader.label(role_labels()[user.role]),
            region=reader.label(region.label) if (region := known.get(user.region or "")) else "",
            seen_on=user.seen_on,
            until=shifts.absence_of(user, reader.now),
        )
        for user in found
    ]

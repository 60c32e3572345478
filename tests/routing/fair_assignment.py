"""A week of sixty people with shifts and absences to whom two workers assign cases, while transactions die before they are committed."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from routing.cases.service import assign_next, is_any_case_waiting
from tests.routing.people import REGION, add_staff, add_waiting, assignees, claims, local, switch_on

PEOPLE = 60
LANGUAGES = ("kk", "ru")
CAPACITIES = (100, 150, 200, 250, 300)  # of 10 000 cases; two and a half times as many as there are cases in all
EARLY, LATE = ("08:00", "13:00"), ("13:00", "20:00")
WAVES = [(day, hour) for day in (2, 3, 4, 5, 6) for hour in (10, 15)]


class Killed(BaseException):
    """The process died: nothing of its transaction is committed."""


def die(is_time):
    if is_time:
        raise Killed


@dataclass
class Person:
    """One of the people, by what the test itself knows of them."""

    subject: str
    language: str
    capacity: int
    shift: tuple[str, str]
    away: range

    def is_present(self, day, hour):
        begins, ends = (int(edge[:2]) for edge in self.shift)
        return begins <= hour < ends and day not in self.away

    def row(self):
        absences = [{"first_day": f"2026-02-{self.away.start:02}", "return_on": f"2026-02-{self.away.stop:02}", "deputy": None}]
        shift = {"begins": self.shift[0], "ends": self.shift[1]}
        return {
            "subject": self.subject,
            "languages": [self.language],
            "capacity": self.capacity,
            "absences": absences if self.away else None,
            "shifts": [shift] * 5 + [None] * 2,
        }


@dataclass
class Week:
    """What was seen: the greatest distance of a load from the fair share, deaths, and the transactions that each worker committed."""

    distance: float = 0.0
    deaths: int = 0
    committed: Counter = field(default_factory=Counter)


def people(cases):
    """Return the people: two languages, five capacities, two shifts; every third is away for one to four days, one all week."""
    found = []
    for n in range(PEOPLE):
        away = range(2 + n % 5, min(2 + n % 5 + 1 + n % 4, 9)) if n % 3 == 0 else range(0)
        capacity = CAPACITIES[n // 4 % len(CAPACITIES)] * 5 * cases // 20_000
        person = Person(f"clerk-{n:02}", LANGUAGES[n % 2], capacity, LATE if n // 2 % 2 else EARLY, away)
        found.append(person)
    found[7].away = range(2, 9)
    return found


async def work(desk, name, lives, week):
    """Assign as the job does until nothing waits, restarted whenever a transaction dies: all do but every `lives`-th."""
    begun = 0
    while True:
        async with desk.parts.units.read() as unit:
            if not await is_any_case_waiting(unit):
                return
        try:
            async with desk.parts.units.write() as unit:
                found = await assign_next(unit)
                begun += bool(found)
                die(found and begun % lives)
            week.committed[name] += bool(found)
        except Killed:
            week.deaths += 1


def fair(start, capacities, cases):
    """Return the fair loads: everybody has the same part of the capacity, but for those who had more before."""
    low, high = 0.0, 10.0
    for _ in range(100):
        level = (low + high) / 2
        if sum(max(start[who], capacities[who] * level) for who in start) > sum(start.values()) + cases:
            high = level
        else:
            low = level
    return {who: max(start[who], capacities[who] * low) for who in start}


async def run_week(desk, cases) -> Week:
    """Assign the cases in ten waves. Assert after each: each case once, to nobody who is not there, within one case of the fair share."""
    staff, week, loads = people(cases), Week(), Counter()
    await add_staff(desk, *(person.row() for person in staff))
    await switch_on(desk, *(f"{REGION}/2/{language}" for language in LANGUAGES))
    for day, hour in WAVES:
        desk.clock.set(local(day, hour))
        added = await add_waiting(desk, cases // len(WAVES), language=lambda position: LANGUAGES[position % 3 % 2])
        await asyncio.gather(work(desk, "first", 2, week), work(desk, "second", 3, week))
        got = Counter((await assignees(desk, added)).values())
        present = {person.subject for person in staff if person.is_present(day, hour)}
        assert got.total() == len(added)
        assert set(got) <= present
        for language in LANGUAGES:
            group = {person.subject: person.capacity for person in staff if person.language == language and person.subject in present}
            expected = fair({who: loads[who] for who in group}, group, sum(got[who] for who in group))
            week.distance = max([week.distance, *(abs(loads[who] + got[who] - expected[who]) for who in group)])
        assert week.distance <= 1
        loads.update(got)
    published = await claims(desk)
    assert len(published) == len(set(published)) == cases // len(WAVES) * len(WAVES)
    assert loads["clerk-07"] == 0
    return week

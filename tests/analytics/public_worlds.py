"""Appeals at random, and everything that is public of them."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import cycle, product
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert

from analytics.facts.models import FactRow, fact
from analytics.facts.schemas import Group
from analytics.kpis.policy import Kpi, kpi_definitions
from analytics.kpis.schemas import Compare, Figure
from analytics.kpis.service.access import PUBLIC
from analytics.kpis.service.figures import FigureRequest, figure
from analytics.kpis.service.periods import Period, public_period, public_periods
from analytics.kpis.service.public_figures import PublicFigures
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from tests.analytics.attack import Attack, Cell, Sum
from tests.analytics.random_facts import random_fact

YEAR: Final = 2025
REGIONS: Final = ("KZ-43", "KZ-27", "KZ-31", "KZ-75", "KZ-00")
CHANNELS: Final = ("APP", "WEB", "CALL_1414", "MAIL", "TELEGRAM")
CATEGORIES: Final = ("QUALITY", "QUALITY_DEATH", "REFUSAL", "REFUSAL_APPOINTMENT", "DRUGS", "WAITING_SPECIALIST", "EXTORTION", None)
TOPICS: Final = ("PAY_METHODS", "REFERRAL", "DENTAL", "SICK_LEAVE", None)
KINDS: Final = ("GRATITUDE", "SUGGESTION", None)
UNSPECIFIED: Final = "UNSPECIFIED"
LEAF, CHANNEL = "leaf", "channel"
_BELOW: Final = {Group.CATEGORY: "COMPLAINT", Group.TOPIC: "CONSULTATION"}
_SIZES: Final = (
    (0, 0, 1, 1, 2, 3),
    (0, 1, 1, 2, 3, 4, 5, 6),
    (0, 0, 0, 1, 2, 7, 15),
    (1, 3, 5, 6, 8, 12, 40),
    (0, 0, 0, 0, 1),
    (9, 20, 2, 60),
)


@dataclass(frozen=True)
class Leaf:
    """A kind and what it is split by; `code` is how it is published."""

    kind: str | None
    category: str | None = None
    topic: str | None = None

    @property
    def code(self) -> str:
        kind = self.kind or UNSPECIFIED
        if self.kind == "COMPLAINT":
            return f"{kind}/{taxonomy().root_category(self.category) if self.category else UNSPECIFIED}"
        return f"{kind}/{self.topic or UNSPECIFIED}" if self.kind == "CONSULTATION" else kind


LEAVES: Final = (
    *(Leaf("COMPLAINT", category=each) for each in CATEGORIES),
    *(Leaf("CONSULTATION", topic=each) for each in TOPICS),
    *(Leaf(each) for each in KINDS),
)


def random_appeals(chance: random.Random) -> list[FactRow]:
    """Return the appeals of a year: of one to five regions, each quarter as busy or as quiet as chance has it."""
    rows: list[FactRow] = []
    used = chance.sample(LEAVES, chance.randint(2, len(LEAVES)))
    channels = chance.sample(CHANNELS, chance.randint(1, len(CHANNELS)))
    for region, quarter in product(chance.sample(REGIONS, chance.randint(1, len(REGIONS))), range(1, 5)):
        sizes = chance.choice(_SIZES)
        for leaf in used:
            for _ in range(chance.choice(sizes)):
                rows.append(_appeal(chance, len(rows), region, quarter, leaf, channels))
    return rows


def _appeal(chance: random.Random, number: int, region: str, quarter: int, leaf: Leaf, channels: list[str]) -> FactRow:
    day = date(YEAR, 3 * quarter - chance.randrange(3), chance.randint(1, 28))
    at = datetime(day.year, day.month, day.day, 6, tzinfo=UTC)
    channel = channels[min(chance.randrange(len(channels)), chance.randrange(len(channels)))]
    return random_fact(chance, number) | {  # type: ignore[return-value]
        "appeal_id": UUID(int=number + 1), "region": region, "channel": channel, "kind": leaf.kind, "category": leaf.category,
        "topic": leaf.topic, "received_at": at, "received_on": day, "follows": None,
    }  # fmt: skip


def truth_of(rows: list[FactRow]) -> Counter[Cell]:
    """Return the real counts."""
    counts: Counter[Cell] = Counter()
    for row in rows:
        quarter = f"{row['received_on'].year}-Q{(row['received_on'].month + 2) // 3}"
        code = Leaf(row["kind"], row["category"], row["topic"]).code
        counts[Cell(quarter, row["region"], CHANNEL, row["channel"])] += 1
        counts[Cell(quarter, row["region"], LEAF, code)] += 1
    return counts


class Reader:
    """Reads every public answer and notes what it says."""

    def __init__(self, rows: list[FactRow]) -> None:
        self.attack = Attack(truth_of(rows))
        self.regions = sorted({row["region"] for row in rows})
        known = taxonomy()
        leaves = {leaf.code for leaf in LEAVES}
        self.channels = CHANNELS
        self.leaves = sorted(leaves | {f"COMPLAINT/{UNSPECIFIED}", f"CONSULTATION/{UNSPECIFIED}", UNSPECIFIED})
        self.known = {
            Group.CHANNEL: set(known.channels),
            Group.KIND: {*known.kinds, UNSPECIFIED},
            Group.CATEGORY: {*(known.root_category(code) for code in known.categories), UNSPECIFIED},
            Group.TOPIC: {*known.topics, UNSPECIFIED},
            Group.REGION: set(regions()),
        }

    def cells(self, kpi: Kpi, period: Period, region: str | None, code: str | None = None) -> Sum:
        """Return the unknown counts that a figure, or the part of a code, adds up."""
        places = [region] if region else self.regions
        if kpi.group is Group.REGION and code is not None:
            places = [code] if code in self.regions else []
        if kpi.group is Group.CHANNEL:
            table, codes = CHANNEL, [each for each in self.channels if code in {None, each}]
        else:
            table, codes = LEAF, [each for each in self.leaves if _counts(kpi, code, each)]
        quarters = [f"{quarter.year}-Q{quarter.number}" for quarter in period.quarters()]
        return frozenset(Cell(*where, table, each) for where in product(quarters, places) for each in codes)

    def note(self, kpi: Kpi, answer: Figure) -> None:
        """Note a figure with its parts and its comparison."""
        period = Period(answer.first, answer.last)
        self._note_value(kpi, period, answer.region, answer.value)
        parts = {part.code: part for part in answer.parts}
        if kpi.group is not None and (parts or answer.value == 0):
            known = {answer.region} if kpi.group is Group.REGION and answer.region else self.known[kpi.group]
            is_present = bool(known - parts.keys())
            for code in known:
                self._note_part(kpi, period, answer, code, parts.get(code), is_present=is_present)
        if answer.comparison is not None:
            before = Period(answer.comparison.first, answer.comparison.last)
            self._note_value(kpi, before, answer.region, answer.comparison.value)
            if answer.value is None or answer.comparison.value is None:
                assert answer.comparison.change is None
                assert answer.comparison.change_percent is None

    def _note_value(self, kpi: Kpi, period: Period, region: str | None, value: float | None) -> None:
        cells = self.cells(kpi, period, region)
        if value is None:
            self.attack.hidden(cells, is_present=False)
        else:
            self.attack.shown(cells, int(value))

    def _note_part(self, kpi: Kpi, period: Period, answer: Figure, code: str, part: Any, *, is_present: bool) -> None:
        cells = self.cells(kpi, period, answer.region, code)
        if not cells:
            assert part is None or part.value is None
        elif part is None:
            self.attack.shown(cells, 0)
        elif part.value is None:
            assert part.share is None
            assert part.n is None
            self.attack.hidden(cells, is_present=is_present)
        else:
            self.attack.shown(cells, int(part.value))
            assert part.n == part.value
            if part.share is not None:
                self.attack.share(cells, self.cells(kpi, period, answer.region), part.share)


def _counts(kpi: Kpi, code: str | None, leaf: str) -> bool:
    """Return whether a figure, or the part of a code, counts the appeals of a leaf."""
    kind, _, below = leaf.partition("/")
    if kpi.kind not in {None, kind}:
        return False
    if code is None or kpi.group is Group.REGION:
        return True
    return (kind if kpi.group is Group.KIND else below) == code


def public_kpis() -> list[Kpi]:
    """Return the figures that everybody may read."""
    return [kpi for kpi in kpi_definitions().values() if kpi.public]


def requests(read_regions: list[str]) -> Iterator[FigureRequest]:
    """Yield every public request: each whole period of the year, everywhere and in each region, with either comparison."""
    compare = cycle(Compare)
    for period, region in product(public_periods(YEAR), (None, *read_regions)):
        yield FigureRequest(period.period, region, next(compare))


async def read_everything(world: Any, rows: list[FactRow]) -> Reader:
    """Store these appeals alone, read every public answer, and return what was read."""
    async with world.parts.database.write() as session:
        await session.execute(delete(fact))
        if rows:
            await session.execute(insert(fact), rows)
    reader, public = Reader(rows), PublicFigures()
    async with world.parts.units.read() as work:
        for kpi in public_kpis():
            for request in requests(reader.regions):
                assert public_period(request.period) is not None
                reader.note(kpi, await figure(work, kpi, request, PUBLIC, public))
    return reader

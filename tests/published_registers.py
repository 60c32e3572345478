"""Former registers that add up to statistics which the Fund published, as rows of an import: synthetic appeals, true counts.

The year of Kyzylorda: Kazinform, 2026-02-05. The first half of 2021 of the country: the Fund's report. What a publication leaves open (the
days, the tail of a list, the parts of a rounded number) is made up here so that its own sums agree.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice
from math import gcd
from pathlib import Path
from typing import Any, NamedTuple

UNKNOWN, UNSPLIT = "UNKNOWN", "ON_SPOT_OR_WITHDRAWN_UNSPLIT"
COLUMNS = ("legacy_number", "channel", "language", "kind", "category", "topic", "region", "received_at", "closed_at", "outcome")
LINES = 100_000  # of a file: an import takes at most 64 MB
REGIONS = [f"KZ-{number}" for number in (11, 15, 19, 23, 27, 31, 35, 39, 43, 47, 55, 59, 61, 63, 71, 75, 79)]
"""The regions of 2021."""


class Register(NamedTuple):
    """A register: the counts of its complaints by reason and outcome, of its other appeals by kind and topic, and of all by channel."""

    name: str
    first: date
    last: date
    regions: Sequence[str]
    categories: Mapping[str, int]
    outcomes: Mapping[str, int]
    others: Mapping[tuple[str, str], int]
    channels: Mapping[str, int]

    @property
    def complaints(self) -> int:
        return sum(self.categories.values())

    @property
    def received(self) -> int:
        return self.complaints + sum(self.others.values())


KYZYLORDA_2024 = Register(
    "kyzylorda-2024", date(2024, 1, 1), date(2024, 12, 31), ["KZ-43"],
    categories={UNKNOWN: 847},
    outcomes={"WITHDRAWN": 433, "JUSTIFIED": 250, "UNJUSTIFIED": 164},
    others={},
    channels={"CALL_1414": 600, "APP": 170, "WEB": 77},
)  # fmt: skip
"""Only the complaints are published, 51.1 % of them withdrawn."""
KYZYLORDA_2025 = Register(
    "kyzylorda-2025", date(2025, 1, 1), date(2025, 12, 31), ["KZ-43"],
    categories={"QUALITY": 294, "REFUSAL": 238, "DRUGS": 94, UNKNOWN: 110},
    outcomes={UNSPLIT: 415, "JUSTIFIED": 201, "UNJUSTIFIED": 120},
    others={
        ("CONSULTATION", "PAY_METHODS"): 812, ("CONSULTATION", "CARE_PROVISION"): 391, ("CONSULTATION", "DRUG_PROVISION"): 254,
        ("CONSULTATION", "REFERRAL"): 188, ("CONSULTATION", "SICK_LEAVE"): 121, ("CONSULTATION", "CARE_CONDITIONS"): 97,
        ("CONSULTATION", "BENEFIT_CATEGORY"): 70,
    },
    channels={"CALL_1414": 1_820, "APP": 560, "WEB": 289},
)  # fmt: skip
COUNTRY_2021_H1 = Register(
    "country-2021-h1", date(2021, 1, 1), date(2021, 6, 30), REGIONS,
    categories={"REFUSAL": 1_835, "QUALITY": 1_723, "UNRENDERED": 688, "WAITING": 459, "DRUGS": 432, UNKNOWN: 1_415},
    outcomes={"JUSTIFIED": 2_621, "UNJUSTIFIED": 2_293, "EXPLAINED": 1_638},
    others={
        ("CONSULTATION", "PAY_METHODS"): 236_000, ("CONSULTATION", "PARTICIPATION"): 47_200,
        ("CONSULTATION", "BENEFIT_CATEGORY"): 98_400, ("CONSULTATION", "STATUS_CHECK"): 73_800,
        ("SUGGESTION", ""): 3_156, ("OTHER", ""): 9_600,
    },
    channels={"CALL_1406": 389_200, "APP": 82_100, "WEB_OLD": 2_500, "TELEGRAM": 908},
)  # fmt: skip
"""28 % of the complaints are refusals, 26.3 % quality, 10.5 % unrendered services, 7 % waiting, 6.6 % medicines."""


def rows_of(register: Register) -> Iterator[dict[str, str]]:
    """Yield the rows of a register."""
    reasons = zip(_each(register.categories), _each(register.outcomes), strict=True)
    subjects: list[tuple[str, str, str, str]] = [("COMPLAINT", category, "", outcome) for category, outcome in reasons]
    subjects += [(kind, "", topic, "EXPLAINED") for kind, topic in _each(register.others)]
    channels, regions = _mixed(register.channels, register.received), islice(cycle(register.regions), register.received)
    days = (register.last - register.first).days + 1
    for number, ((kind, category, topic, outcome), channel, region) in enumerate(zip(subjects, channels, regions, strict=True)):
        at = datetime.combine(register.first + timedelta(days=number * 7919 % days), datetime.min.time(), UTC) + timedelta(hours=6)
        yield {
            "legacy_number": f"{register.name}/{number + 1}",
            "channel": channel,
            "language": "kk" if number % 2 else "ru",
            "kind": kind,
            "category": category,
            "topic": topic,
            "region": region,
            "received_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "closed_at": f"{at + timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}",
            "outcome": outcome,
        }


def _each(counts: Mapping[Any, int]) -> Iterator[Any]:
    for code, count in counts.items():
        yield from [code] * count


def _mixed(counts: Mapping[str, int], total: int) -> list[str]:
    """Return codes as often as they are counted, mixed evenly."""
    codes = list(_each(counts))
    assert len(codes) == total
    step = next(step for step in range(max(1, total * 618 // 1000), total) if gcd(step, total) == 1)
    return [codes[index * step % total] for index in range(total)]


def write_register(register: Register, folder: Path) -> list[Path]:
    """Write a register as CSV files of at most LINES rows, and return them."""
    rows, files = rows_of(register), []
    while page := list(islice(rows, LINES)):
        files.append(folder / f"{register.name}-{len(files) + 1}.csv")
        with files[-1].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(page)
    return files

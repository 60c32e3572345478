"""The branches of the Fund: 17 regions, three cities, and the central office `KZ-00` for an unknown region."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.domain.labels import Label
from shared.domain.tables import Row, rows, table

CENTRAL_OFFICE = "KZ-00"


@dataclass(frozen=True, slots=True)
class Region:
    """A region as of June 2022. `predecessor` is the region it was split from then, for comparisons across that year.

    `timezone` is a named zone, never a fixed offset: the country moved to UTC+5 on 2024-03-01, and older records are at +6 or +5.
    """

    code: str
    kato: str | None
    label: Label
    kind: str
    centre: Label
    timezone: ZoneInfo
    number_code: str
    predecessor: str | None
    branch: Label


def _region(row: Row, codes: frozenset[str]) -> Region:
    code = row.text("code")
    prefix, _, number_code = code.partition("-")
    kato = row.optional("kato")
    if prefix != "KZ" or len(number_code) != len("43") or not number_code.isdigit():
        raise row.error(f"code {code!r} is not of the form KZ-43")
    if kato is not None and not kato.startswith(number_code):
        raise row.error(f"KATO {kato} does not begin with {number_code}")
    try:
        timezone = ZoneInfo(row.text("timezone"))
    except ZoneInfoNotFoundError:
        raise row.error(f"timezone {row.text('timezone')!r} is not known") from None
    kind = row.one_of("kind", frozenset({"region", "city", "central"}))
    predecessor = row.one_of("predecessor", codes) if row.optional("predecessor") else None
    return Region(code, kato, row.label(), kind, row.label("centre_"), timezone, number_code, predecessor, row.label("branch_"))


@cache
def regions() -> Mapping[str, Region]:
    """Return all 21 branches by code, the central office first. Raises ReferenceDataError naming the faulty row."""
    codes = frozenset(row.text("code") for row in rows("regions.csv"))
    return table("regions.csv", lambda row: _region(row, codes))


def branch_label(code: str) -> Label:
    """Return the name of the Fund's branch in a region. Raises KeyError for an unknown region."""
    return regions()[code].branch


@cache
def _area_codes() -> Mapping[str, str]:
    return table("area_codes.csv", lambda row: row.one_of("region", regions()), key="prefix")


def region_of_phone(phone: str) -> str | None:
    """Return the region of a fixed-line number in E.164; None for a mobile number and for a city code that the table lacks."""
    national = phone.removeprefix("+7")
    return next((region for prefix, region in _area_codes().items() if national.startswith(prefix)), None)

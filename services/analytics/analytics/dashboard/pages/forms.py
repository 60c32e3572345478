"""The form of the page, which is sent with GET: periods, comparison, region and filters, and the links that set them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from analytics.dashboard.pages.asking import Asked
from analytics.dashboard.service import FILTERS, NO_COMPARISON, period_of, periods_to_choose
from analytics.facts.schemas import Group
from analytics.kpis.schemas import Compare
from analytics.kpis.service import (
    FILTER_HEADINGS,
    FilterField,
    Options,
    PeriodUnit,
    filter_fields,
    part_labels,
    periods_offered,
    region_options,
)
from analytics.sentences.service import period_name
from shared.domain.regions import regions
from shared.web.i18n import N_

_UNITS: Final = {None: N_("Months"), PeriodUnit.QUARTER: N_("Quarters"), PeriodUnit.HALF: N_("Half-years"), PeriodUnit.YEAR: N_("Years")}
_COMPARISONS: Final = {
    Compare.PREVIOUS_YEAR: N_("The same period a year before"),
    Compare.PREVIOUS_PERIOD: N_("The period before"),
    NO_COMPARISON: N_("No comparison"),
}
_HEADINGS: Final = {
    **FILTER_HEADINGS,
    "district": (Group.DISTRICT, N_("District of the medical organisation")),
    "provider_id": (Group.PROVIDER, N_("Medical organisation")),
}
CHOSEN_BY_LINK: Final = frozenset({"district", "provider_id"})
"""Filters that no list offers: there are too many."""


class Tab(NamedTuple):
    """A link to a period."""

    href: str
    label: str
    is_open: bool


class Chip(NamedTuple):
    """A filter that is set, and the address without it."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Form:
    """The form with the choice filled in. `periods` are options by the name of their unit."""

    tabs: Sequence[Tab]
    periods: Sequence[tuple[str, Options]]
    comparisons: Options
    regions: Options
    fields: Sequence[FilterField]
    chips: Sequence[Chip]
    cleared_href: str


async def form_of(asked: Asked) -> Form:
    """Return the form of a page."""
    session, entered = asked.work.session, asked.choice.filters
    groups = _public_periods(asked) if asked.view.public else _periods(asked)
    return Form(
        tabs=_tabs(asked, groups),
        periods=groups,
        comparisons=[(code, asked.text(label)) for code, label in _COMPARISONS.items()],
        regions=region_options(asked.language),
        fields=[] if asked.view.public else await filter_fields(session, entered, asked.language, asked.text),
        chips=await chips_of(asked),
        cleared_href=asked.choice.href(**dict.fromkeys(FILTERS)),
    )


def _periods(asked: Asked) -> list[tuple[str, Options]]:
    offered = periods_to_choose(asked.today)
    return [(asked.text(_UNITS[unit]), [(code, _name(asked, code)) for code in codes]) for unit, codes in offered.items()]


def _public_periods(asked: Asked) -> list[tuple[str, Options]]:
    region = asked.choice.region if asked.choice.region in regions() else None
    offered = periods_offered(region, asked.now)
    units = (PeriodUnit.YEAR, PeriodUnit.HALF, PeriodUnit.QUARTER)
    return [(asked.text(_UNITS[unit]), [(each.code, _name(asked, each.code)) for each in offered if each.unit is unit]) for unit in units]


def _name(asked: Asked, code: str) -> str:
    period = period_of(code)
    return code if period is None else period_name(period.first, period.last).in_(asked.language)


def _tabs(asked: Asked, groups: Sequence[tuple[str, Options]]) -> list[Tab]:
    """Return links to the latest period of each unit, and to the month and the year before."""
    found: list[tuple[str, str]] = []
    for number, (_, options) in enumerate(groups):
        is_month_or_year = not asked.view.public and number in {0, len(groups) - 1}
        found += options[: 2 if is_month_or_year else 1]
    return [Tab(asked.choice.href(period=code), label, code == asked.choice.period) for code, label in found]


async def chips_of(asked: Asked) -> list[Chip]:
    """Return the filters that are set."""
    found = []
    for name, code in asked.choice.filters.items():
        group, heading = _HEADINGS[name]
        labels = {} if name == "provider_id" and not _is_id(code) else await part_labels(asked.work.session, group, [code])
        text = labels[code].in_(asked.language) if code in labels else code
        found.append(Chip(f"{asked.text(heading)}: {text}", asked.choice.href(**{name: None})))
    return found


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True

"""What the forms of pages have in common: the filters with their options, the regions, and what is wrong with an entered value."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.facts.schemas import Group
from analytics.kpis.service.labels import part_labels
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_

Options = Sequence[tuple[str, str]]
FILTER_HEADINGS: Final = {
    "channel": (Group.CHANNEL, N_("Channel")),
    "kind": (Group.KIND, N_("Kind of appeal")),
    "category": (Group.CATEGORY, N_("Reason for the complaint")),
    "topic": (Group.TOPIC, N_("Subject of the question")),
    "tier": (Group.TIER, N_("Tier")),
    "language": (Group.LANGUAGE, N_("Language of the appeal")),
}
"""The filters whose options a list offers, with their groups and headings."""
ENTRY_PROBLEMS: Final = {
    "required": N_("Enter both dates."),
    "bad-format": N_("Enter the date as year, month and day."),
    "out-of-range": N_("The date must lie between the years 2000 and 2099."),
    "before-from": N_("The last day lies before the first."),
    "unknown-code": N_("Choose one of the list."),
    "too-long": N_("The name of the district is too long."),
}
"""Sentences about wrong values, by the code of the error."""


class FilterField(NamedTuple):
    """A filter of a form."""

    name: str
    label: str
    value: str
    options: Options


async def filter_fields(
    session: AsyncSession, values: Mapping[str, str], language: Language, translate: Callable[[str], str]
) -> list[FilterField]:
    """Return the filters with their options, filled with these values."""
    known = taxonomy()
    codes: Mapping[str, Iterable[object]] = {
        "channel": known.channels, "kind": known.kinds, "category": known.categories, "topic": known.topics, "tier": known.tiers,
        "language": LANGUAGES,
    }  # fmt: skip
    found = []
    for name, (group, heading) in FILTER_HEADINGS.items():
        labels = await part_labels(session, group, ())
        options = [(str(code), labels[str(code)].in_(language)) for code in codes[name]]
        found.append(FilterField(name, translate(heading), values.get(name, ""), options))
    return found


def region_options(language: Language) -> list[tuple[str, str]]:
    """Return the regions to choose from, by name; the central office comes last."""
    labels = {code: region.label.in_(language) for code, region in regions().items()}
    return sorted(labels.items(), key=lambda pair: (pair[0] == CENTRAL_OFFICE, pair[1]))

"""The filters of the list: how an address names them, the form that sets them, and the chips that remove them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from pydantic import ValidationError

from routing.cases import service as cases
from routing.cases.codes import CaseSort, Urgency
from routing.cases.schemas.filters import CaseFilterFields
from routing.cases.schemas.views import ColleagueView
from routing.desk.pages.reader import LANGUAGE_NAMES, DeskReader, category_options
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER, taxonomy
from shared.errors import InvalidInput
from shared.web.formats import Formats
from shared.web.i18n import N_

YES: Final = "true"
NO: Final = "false"
TIERS: Final = [str(tier) for tier in range(LOWEST_TIER, HIGHEST_TIER + 1)]


class FilterName(StrEnum):
    """The filters of the page, as addresses name them."""

    KIND = "kind"
    CATEGORY = "category"
    TOPIC = "topic"
    STATUS = "status"
    TIER = "tier"
    URGENCY = "urgency"
    LANGUAGE = "language"
    CHANNEL = "channel"
    PROVIDER = "provider_id"
    ASSIGNEE = "assignee"
    RECEIVED_FROM = "received_from"
    RECEIVED_TO = "received_to"
    OPEN = "open"
    OVERDUE = "overdue"
    NEWS = "has_news"
    UNSORTED = "unsorted"


Filters = Mapping[FilterName, str]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set: its text, and the address of the list without it."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field of the form. `options` are (code, text), none for a day. `value` is the one that is set, or empty."""

    name: str
    label: str
    options: list[tuple[str, str]]
    value: str
    is_day: bool


_LABELS: Final[Mapping[FilterName, str]] = {
    FilterName.KIND: N_("Kind"),
    FilterName.CATEGORY: N_("Category"),
    FilterName.TOPIC: N_("Topic"),
    FilterName.STATUS: N_("Status"),
    FilterName.TIER: N_("Tier"),
    FilterName.URGENCY: N_("Urgency"),
    FilterName.LANGUAGE: N_("Language"),
    FilterName.CHANNEL: N_("Channel"),
    FilterName.ASSIGNEE: N_("Colleague"),
    FilterName.RECEIVED_FROM: N_("Received from"),
    FilterName.RECEIVED_TO: N_("Received until"),
    FilterName.OPEN: N_("Open or closed"),
    FilterName.OVERDUE: N_("Deadline"),
    FilterName.NEWS: N_("News"),
    FilterName.UNSORTED: N_("Sorting"),
}
_DAYS: Final = frozenset({FilterName.RECEIVED_FROM, FilterName.RECEIVED_TO})
SORTS: Final[Mapping[CaseSort, str]] = {
    CaseSort.DUE: N_("nearest deadline first"),
    CaseSort.RECEIVED: N_("latest received first"),
    CaseSort.UPDATED: N_("latest changed first"),
}


def filters_of(parameters: Mapping[str, str]) -> dict[FilterName, str]:
    """Return the filters that the parameters of an address name; a field left blank is none."""
    return {name: parameters[name].strip() for name in FilterName if parameters.get(name, "").strip()}


def fields_of(filters: Filters, sort: CaseSort) -> CaseFilterFields:
    """Return the filters as the list takes them.

    Raises InvalidInput for a value that a filter cannot have: a list that ignored it would show cases that were not asked for.
    """
    try:
        return CaseFilterFields.model_validate({**filters, "sort": sort})
    except ValidationError as error:
        raise InvalidInput.of(error) from None


def filter_fields(filters: Filters, reader: DeskReader, colleagues: Sequence[tuple[str, str]]) -> list[FilterField]:
    """Return the fields of the form. `colleagues` are (subject, text)."""
    options = _options(reader) | {FilterName.ASSIGNEE: list(colleagues)}
    return [
        FilterField(name, reader.translate(label), options.get(name, []), filters.get(name, ""), is_day=name in _DAYS)
        for name, label in _LABELS.items()
    ]


def chip_texts(filters: Filters, reader: DeskReader, colleagues: Mapping[str, str]) -> list[tuple[FilterName, str]]:
    """Return the filters that are set, in words. `colleagues` are names by subject."""
    options = {name: dict(pairs) for name, pairs in _options(reader).items()}
    formats = Formats(reader.language)
    texts: list[tuple[FilterName, str]] = []
    for name, value in filters.items():
        text = options.get(name, {}).get(value, value)
        if name is FilterName.RECEIVED_FROM:
            text = reader.translate(N_("received from %(day)s"), day=formats.date(date.fromisoformat(value)))
        elif name is FilterName.RECEIVED_TO:
            text = reader.translate(N_("received until %(day)s"), day=formats.date(date.fromisoformat(value)))
        elif name is FilterName.PROVIDER:
            text = reader.translate(N_("one provider"))
        elif name is FilterName.ASSIGNEE:
            text = colleagues.get(value, value)
        texts.append((name, text))
    return texts


def _options(reader: DeskReader) -> dict[FilterName, list[tuple[str, str]]]:
    codes = taxonomy()
    return {
        FilterName.KIND: reader.options(codes.kinds),
        FilterName.CATEGORY: category_options(reader),
        FilterName.TOPIC: reader.options(codes.topics),
        FilterName.STATUS: [(code, reader.label(label)) for code, label in cases.status_labels().items()],
        FilterName.TIER: [(tier, reader.translate(N_("tier %(n)s"), n=tier)) for tier in TIERS],
        FilterName.URGENCY: [(Urgency.URGENT, reader.translate(N_("urgent"))), (Urgency.NORMAL, reader.translate(N_("not urgent")))],
        FilterName.LANGUAGE: [(code, reader.language_name(code)) for code in LANGUAGE_NAMES],
        FilterName.CHANNEL: reader.options(codes.channels),
        FilterName.OPEN: [(YES, reader.translate(N_("not closed"))), (NO, reader.translate(N_("closed")))],
        FilterName.OVERDUE: [(YES, reader.translate(N_("overdue")))],
        FilterName.NEWS: [(YES, reader.translate(N_("the applicant wrote")))],
        FilterName.UNSORTED: [(YES, reader.translate(N_("unsorted"))), (NO, reader.translate(N_("sorted")))],
    }


def colleague_options(found: Sequence[ColleagueView]) -> list[tuple[str, str]]:
    """Return colleagues as options: the subject, and the name as far as it is known."""
    return [(colleague.subject, colleague.name or colleague.subject) for colleague in found]

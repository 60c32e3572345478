"""The cells of an export: local days, durations in seconds, codes and their labels. No cell has a time of day.

The exact time of an event would identify an appeal to whoever knows when it was filed; a day and a duration do not.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from analytics.exports.policy import Column, code_labels, columns
from analytics.facts.schemas import ActorKind, Group, Proof
from analytics.kpis.service import part_labels
from shared.domain.labels import Label, Language
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

Cell: TypeAlias = str | int | bool | date | None
Labels: TypeAlias = Mapping[str, Mapping[str, str]]
"""Labels in one language, by column and code."""

_GROUPS: Final = {
    "region": Group.REGION,
    "channel": Group.CHANNEL,
    "language": Group.LANGUAGE,
    "kind": Group.KIND,
    "category": Group.CATEGORY,
    "topic": Group.TOPIC,
    "tier": Group.TIER,
    "outcome": Group.OUTCOME,
}
_DAYS: Final = {
    "registered_on": "registered_at",
    "due_on": "due_at",
    "routed_on": "routed_at",
    "answered_on": "answered_at",
    "closed_on": "closed_at",
    "happened_on": "at",
}
"""Columns of local days, and the times that they are computed from."""


def _answer_seconds(row: Any) -> int | None:
    """Return the seconds from receipt to the first answer. An imported appeal says nothing of when it was answered."""
    return None if row.answered_at is None or row.imported else int((row.answered_at - row.received_at).total_seconds())


_CALCULATED: Final[Mapping[str, Callable[[Any], Cell]]] = {
    "continuation": lambda row: row.follows is not None,
    "answer_seconds": _answer_seconds,
    "provider_id": lambda row: None if row.provider_id is None else str(row.provider_id),
    "held_by_fund_seconds": lambda row: row.held_by_fund,
    "held_by_provider_seconds": lambda row: row.held_by_provider,
    "held_by_applicant_seconds": lambda row: row.held_by_applicant,
}
_STORED: Final = frozenset(
    {
        "number", "received_on", *_GROUPS, "district", "urgency", "imported", "status", "extended", "reopened", "confirmed", "score",
        "proof", "decision", "agreed", "ended_on", "type", "actor_kind", "holder_before", "holder_after", "dwell_seconds", "backward",
    }
)  # fmt: skip
"""Columns whose cells are those of the tables."""
_LABELLED: Final = frozenset({*_GROUPS, "status", "holder_before", "holder_after", "urgency", "proof", "decision", "actor_kind"})
_LABEL: Final = "_label"


def check_columns() -> None:
    """Raise ReferenceDataError unless every column of the data file has a source of its cells."""
    known = {*_STORED, *_DAYS, *_CALCULATED, "provider_label", *(code + _LABEL for code in _LABELLED)}
    if unknown := columns().keys() - known:
        raise ReferenceDataError("columns.csv", 1, f"nothing fills {', '.join(sorted(unknown))}")
    if unlabelled := set(Proof) - code_labels()["proof"].keys() | set(ActorKind) - code_labels()["actor_kind"].keys():
        raise ReferenceDataError("labels.csv", 1, f"missing: {', '.join(sorted(unlabelled))}")


async def labels_in(session: AsyncSession, language: Language) -> Labels:
    """Return the labels of all codes in a language. The names of providers come with the rows."""
    known = taxonomy()
    named: dict[str, Mapping[str, Label]] = {code: await part_labels(session, group, ()) for code, group in _GROUPS.items()}
    named["status"] = {code: status.label for code, status in known.statuses.items()}
    named["holder_before"] = named["holder_after"] = {code: holder.label for code, holder in known.holders.items()}
    named |= code_labels()
    return {name: {code: label.in_(language) for code, label in entries.items()} for name, entries in named.items()}


def cells_of(rows: Sequence[Any], wanted: Sequence[Column], labels: Labels, language: Language) -> list[list[Cell]]:
    """Return the cells of these rows, in the order of the columns."""
    sources = [_source(column.code, labels, language) for column in wanted]
    return [[source(row) for source in sources] for row in rows]


def _source(code: str, labels: Labels, language: Language) -> Callable[[Any], Cell]:
    """Return the function from a row to its cell of a column."""
    if code in _CALCULATED:
        return _CALCULATED[code]
    if code in _DAYS:
        return lambda row: _local_day(getattr(row, _DAYS[code]), row.region)
    if code == "provider_label":
        return lambda row: row.name_kk if language == "kk" else row.name_ru
    if code.endswith(_LABEL):
        name = code.removesuffix(_LABEL)
        texts = labels[name]
        return lambda row: texts.get(str(getattr(row, name)))
    return lambda row: getattr(row, code)


def _local_day(moment: datetime | None, region: str) -> date | None:
    return None if moment is None else moment.astimezone(regions()[region].timezone).date()

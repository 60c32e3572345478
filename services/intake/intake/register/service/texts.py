"""The sentences of `data/texts.toml` that a citizen reads on the timeline of an appeal."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from string import Formatter
from typing import Final, cast
from uuid import UUID

from intake.register.policy import TEXTS, register_texts
from intake.register.schemas.rows import TimelineData
from shared.contracts import AppealEvent, AppealRouted, appeal_events
from shared.domain.labels import Label
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

SERVICE: Final = "intake"
UNSORTED: Final = "appeal-unsorted"
PLACEHOLDERS: Final[Mapping[str, str]] = {"tier": "tier", "due": "due_at", "outcome": "outcome", "provider": "provider_id"}
"""The fields of events and of `TimelineData` that fill the placeholders of sentences."""


def timeline_text(event_type: str, data: TimelineData | None = None) -> Label | None:
    """Return the sentence of an entry with its placeholders; None for an entry that citizens do not see.

    `data`: the codes of the entry. An appeal that was routed without a tier is being sorted by a person.
    """
    is_unsorted = event_type == AppealRouted.FACT and data is not None and "tier" not in data
    return register_texts()["timeline"].get(UNSORTED if is_unsorted else event_type)


@cache
def shown_events() -> Mapping[type[AppealEvent], frozenset[str]]:
    """Return the events of other services that citizens see on the timeline, each with its fields that fill its sentence.

    Raises ReferenceDataError for a placeholder that no field of the event fills.
    """
    found = {}
    for event in appeal_events(foreign_to=SERVICE):
        text = timeline_text(event.FACT)
        if text is None:
            continue
        names = {name for sentence in (text.kk, text.ru, text.en) for _, name, _, _ in Formatter().parse(sentence) if name}
        fields = {name: PLACEHOLDERS.get(name) for name in names}
        if unfilled := {name for name, field in fields.items() if field not in event.model_fields}:
            raise ReferenceDataError(TEXTS, 1, f"nothing fills {', '.join(sorted(unfilled))} of {event.FACT}")
        found[event] = frozenset(field for field in fields.values() if field)
    return found


def timeline_data(event: AppealEvent) -> TimelineData | None:
    """Return the codes of the event that its sentence names; None for an event that citizens do not see."""
    fields = shown_events().get(type(event))
    return None if fields is None else cast("TimelineData", {name: _as_stored(getattr(event, name)) for name in fields})


def _as_stored(value: str | int | datetime | UUID) -> str | int:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, UUID) else value


def position(role: str) -> Label:
    """Return the name of the position of a role."""
    return register_texts()["position"][role]


def status_label(status: str) -> Label:
    """Return the name of a status as the applicant of the appeal reads it."""
    return register_texts()["status"].get(status) or taxonomy().statuses[status].label


def holder_label(holder: str) -> Label:
    """Return who has the appeal, as its applicant reads it."""
    return register_texts()["holder"].get(holder) or taxonomy().holders[holder].label


def tier_label(tier: int) -> Label:
    """Return who considers the appeal in a tier, as its applicant reads it within a sentence."""
    return register_texts()["tier"][str(tier)]


def outcome_label(outcome: str) -> Label:
    """Return the name of an outcome as the applicant of the appeal reads it."""
    return register_texts()["outcome"].get(outcome) or taxonomy().outcomes[outcome].label

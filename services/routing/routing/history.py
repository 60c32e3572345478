"""A case's history: rows of codes, and the sentences that are put to them when they are read."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from routing.reference import bodies, dangers, escalation_reasons, read_table, read_toml, return_grounds, termination_grounds
from shared.contracts import Event
from shared.domain.labels import LANGUAGES, Label
from shared.domain.regions import regions
from shared.domain.tables import Row
from shared.domain.taxonomy import taxonomy

MACHINE = "service"
"""The actor of what follows from a rule or from another service's event."""


def entry(
    appeal_id: UUID, source: UUID, at: datetime, told: str, *, actor_role: str = MACHINE, actor: str | None = None, **codes: Any
) -> Mapping[str, Any]:
    """A row of history; `told` names its text, `codes` fill it."""
    return {
        "appeal_id": appeal_id,
        "source": source,
        "at": at,
        "type": told,
        "actor_role": actor_role,
        "actor": actor,
        "data": codes,
    }


@cache
def _texts() -> Mapping[str, Label]:
    return {told: Label(**text) for told, text in read_toml("history.toml").items()}


@cache
def _codes() -> Mapping[str, Mapping[Any, Label]]:
    """Which labels a code in a row's data stands for, by its name."""
    known = taxonomy()
    return {
        "kind": {code: kind.label for code, kind in known.kinds.items()},
        "tier": {number: tier.label for number, tier in known.tiers.items()},
        "outcome": {code: outcome.label for code, outcome in known.outcomes.items()},
        "code": {code: found.label for code, found in known.response_codes.items()},
        "reason": escalation_reasons(),
        "body": {code: body.label for code, body in bodies().items()},
        "danger": {rule: danger.label for rule, danger in dangers().items()},
        "return_ground": return_grounds(),
        "termination_ground": {code: ground.label for code, ground in termination_grounds().items()},
        "policy": read_table("clock_policies.csv", Row.label, key="policy"),
    }


def sentence(told: str, data: Mapping[str, Any], region: str) -> Label:
    """What a row says, in three languages; times are those of the region. A code that is not known stands as it is."""
    filled = {name: _written(name, value, region) for name, value in data.items()}
    return _texts()[told].filled(**filled)


def _written(name: str, value: Any, region: str) -> Label:
    if name == "due":
        text = datetime.fromisoformat(value).astimezone(regions()[region].timezone).strftime("%d.%m.%Y %H:%M")
        return Label(text, text, text)
    return _codes().get(name, {}).get(value) or Label(*(str(value) for _ in LANGUAGES))


def check(*events: type[Event]) -> None:
    """Raise KeyError unless every one of these facts has its sentence, and ReferenceDataError if a file is wrong."""
    _codes()
    for event in events:
        _texts()[event.FACT]

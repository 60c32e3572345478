"""The people's control section: entries that anybody leaves, and the public list without anybody's words (`data/peoples_control.toml`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from pydantic import Field

from intake.channels.peoples_control import repository
from intake.forms.service import definitions as forms
from intake.register.service.admission import Admission
from intake.register.service.registration import shown_status
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.http import StrictModel
from shared.policy_files import policy_model
from shared.service import Parts

FILE: Final = "peoples_control.toml"
CHANNEL: Final = "PEOPLES_CONTROL"
FORMS: Final = "web"  # whose forms are offered


class Policy(StrictModel):
    kinds: list[str]
    listed: int = Field(ge=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """What everybody may know of an entry."""

    number: str
    received_on: date
    kind: Label | None
    subject: Label | None
    status: Label
    is_answered: bool


@cache
def policy() -> Policy:
    """Raises ValueError for a file that cannot be trusted."""
    found = policy_model("intake.channels.peoples_control", FILE, Policy)
    if strange := set(found.kinds) - {one.code for one in forms.services(FORMS)}:
        raise ValueError(f"{FILE}: no form is called {', '.join(sorted(strange))}")
    return found


def admit() -> Admission:
    return Admission(CHANNEL)


async def entries(parts: Parts, page: int) -> tuple[Sequence[Entry], int]:
    """A page of the list from 1 on, newest first, and how many there are in all."""
    listed = policy().listed
    async with parts.database.read() as session:
        rows = await repository.entries(session, (page - 1) * listed, listed)
        total = await repository.count_entries(session)
    return [_entry(parts, row) for row in rows], total


def _entry(parts: Parts, entry: repository.PublicEntry) -> Entry:
    appeal, row = entry
    known, subject = taxonomy(), None
    if appeal.kind == row.kind:  # another kind was found in it since: what was chosen for the former one does not belong to it
        subject = known.categories[appeal.category] if appeal.category else known.topics[appeal.topic] if appeal.topic else None
    return Entry(
        number=appeal.number,
        received_on=appeal.received_at.astimezone(regions()[appeal.region].timezone).date(),
        kind=known.kinds[row.kind].label if row.kind else None,
        subject=subject.label if subject else None,
        status=known.statuses[shown_status(row.status, appeal.registered_at, parts.clock.now())].label,
        is_answered=row.answered_at is not None,
    )

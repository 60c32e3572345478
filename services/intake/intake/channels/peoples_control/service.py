"""The people's control section: public entries, listed without their content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from intake.channels.peoples_control import repository
from intake.channels.peoples_control.policy import policy
from intake.register.codes import Channel
from intake.register.service.admission import Admission
from intake.register.service.registration import shown_status
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Entry:
    """The public part of an entry."""

    number: str
    received_on: date
    kind: Label | None
    subject: Label | None
    status: Label
    answered_on: date | None
    """The day of the answer, whose text stays between the Fund and the author."""
    outcome: Label | None


def admit() -> Admission:
    """Return the terms on which the section admits an appeal."""
    return Admission(Channel.PEOPLES_CONTROL)


async def entries(work: UnitOfWork, page: int) -> tuple[Sequence[Entry], int]:
    """Return a page of the list, newest first, and the number of all entries. `page` starts at 1."""
    listed = policy().listed
    rows = await repository.entries(work.session, (page - 1) * listed, listed)
    total = await repository.count_entries(work.session)
    return [_entry(row, work.clock.now()) for row in rows], total


def _entry(entry: repository.PublicEntry, now: datetime) -> Entry:
    appeal, row = entry
    known, zone, subject = taxonomy(), regions()[appeal.region].timezone, None
    if appeal.kind == row.kind:  # otherwise the Fund has changed the kind, and the category of the former kind does not apply
        subject = known.categories[appeal.category] if appeal.category else known.topics[appeal.topic] if appeal.topic else None
    return Entry(
        number=appeal.number,
        received_on=appeal.received_at.astimezone(zone).date(),
        kind=known.kinds[row.kind].label if row.kind else None,
        subject=subject.label if subject else None,
        status=known.statuses[shown_status(row.status, appeal.registered_at, now)].label,
        answered_on=row.answered_at.astimezone(zone).date() if row.answered_at else None,
        outcome=known.outcomes[row.outcome].label if row.outcome else None,
    )

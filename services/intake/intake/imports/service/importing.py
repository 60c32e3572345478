"""Import of a former register: closed appeals get a registration number, but no clocks, notices or PIN."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncSession

from intake.imports.errors import TooManyRefused
from intake.imports.schemas import Imported, LegacyRow, RejectedLine
from intake.register.schemas.rows import NewAppealRow, NewTrackingRow, TimelineRow
from intake.register.service.filing import CLOCK_AHEAD, SENTENCES, moment
from intake.register.service.importing import draw_sequences, imported_before, store_imported
from intake.register.service.registration import number_of, sealed
from shared.contracts import AppealImported
from shared.domain.identifiers import is_valid_bin_or_iin, normalise_twelve
from shared.domain.labels import LANGUAGES
from shared.domain.lifecycle import CaseStatus, holder_of
from shared.domain.protection import protection_of
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import DomainError
from shared.ids import derived
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitOfWork

BATCH: Final = 400  # lines a transaction: what a transaction costs by itself, most of all its wait for the disk, is shared by them
STEP: Final = 100  # lines between two turns of the event loop: a few milliseconds
REFUSED_LIMIT: Final = 10_000  # lines; a file with more has another format, and each line costs memory until the response
CLOSED: Final = CaseStatus.CLOSED
CHANGED: Final = "legacy-number-changed"
UNKNOWN: Final = "UNKNOWN"
"""The category of a complaint whose former register does not say the reason; it is stored as none."""
_LEGACY: Final = UUID("6f9d3c0e-9a5b-5b7e-8f53-2c1d0a4e7b61")  # the UUID namespace of numbers in former registers


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: its number, and the row or the error of parsing it."""

    number: int
    row: LegacyRow | DomainError


class LegacyAppeal(Protocol):
    """A row that can be imported: its line, the appeal's id, and the keyed hash by which a later import recognises the row."""

    @property
    def line(self) -> int: ...
    @property
    def row(self) -> LegacyRow: ...
    @property
    def appeal_id(self) -> UUID: ...
    @property
    def fingerprint(self) -> bytes: ...


L = TypeVar("L", bound=LegacyAppeal)


@dataclass(frozen=True, slots=True)
class ClosedAppeal:
    """A row that can be imported: its line, the appeal's id, and the keyed hash by which a later import recognises the row."""

    line: int
    row: LegacyRow
    appeal_id: UUID
    fingerprint: bytes
    received_at: datetime
    closed_at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class CheckedLines:
    """A batch of lines after the check: the rows to import, and the lines that cannot be imported."""

    good: Sequence[ClosedAppeal]
    rejected: Sequence[RejectedLine]


async def check_lines(pepper: Pepper, lines: Sequence[Line], now: datetime) -> CheckedLines:
    """Check a batch of lines in another thread, before its transaction."""
    checked = await asyncio.to_thread(lambda: [_checked(pepper, line, now) for line in lines])
    good = [line for line in checked if isinstance(line, ClosedAppeal)]
    return CheckedLines(good, [line for line in checked if isinstance(line, RejectedLine)])


async def import_lines(work: UnitOfWork, batch: CheckedLines) -> Imported:
    """Store the rows that were not imported before, and publish their events. Return the report of the batch.

    Raises IntegrityError if a concurrent import commits some of the same rows first: the transaction is to be done again.
    """
    fresh, changed_lines = new_rows(batch.good, await known_rows(work.session, batch.good))
    changed = [_rejected(line, CHANGED, "legacy_number") for line in changed_lines]
    await _add(work, fresh)
    return Imported(
        received=len(batch.good) + len(batch.rejected),
        imported=len(fresh),
        unchanged=len(batch.good) - len(fresh) - len(changed),
        rejected=sorted([*batch.rejected, *changed], key=lambda rejection: rejection.line),
    )


def new_rows(rows: Sequence[L], known: dict[UUID, bytes | None]) -> tuple[list[L], list[int]]:
    """Return the rows that are not known, and the lines of those that are known with other values. New rows become known."""
    fresh: list[L] = []
    changed: list[int] = []
    for row in rows:
        if row.appeal_id not in known:
            known[row.appeal_id] = row.fingerprint
            fresh.append(row)
        elif known[row.appeal_id] != row.fingerprint:
            changed.append(row.line)
    return fresh, changed


def add_to_report(report: Imported, batch: Imported) -> None:
    """Add the report of a committed batch to the report of the file. Raises TooManyRefused."""
    report.received += batch.received
    report.imported += batch.imported
    report.unchanged += batch.unchanged
    report.rejected += batch.rejected
    if len(report.rejected) > REFUSED_LIMIT:
        raise TooManyRefused("The lines taken over so far are kept. Mend the file and send it again: they will be unchanged.")


def _checked(pepper: Pepper, line: Line, now: datetime) -> ClosedAppeal | RejectedLine:
    row = line.row
    if isinstance(row, DomainError):
        first = row.errors[0] if row.errors else None
        return _rejected(
            line.number, first.code if first else row.code, first.field if first else "", first.detail if first else row.detail or row.title
        )
    received_at, closed_at = moment(row.received_at), moment(row.closed_at or "")
    wrong = next(_errors(row, received_at, closed_at, now), None)
    if wrong is not None:
        return _rejected(line.number, wrong[1], wrong[0])
    assert received_at is not None  # noqa: S101 - `_errors` checks it; for the type checker
    assert closed_at is not None  # noqa: S101
    return ClosedAppeal(line.number, row, id_of(row), fingerprint_of(pepper, row), received_at, closed_at, row.outcome or "")


def id_of(row: LegacyRow) -> UUID:
    """Return the appeal's id, derived from the register (its channel) and the number: two registers may both have a number 50."""
    return uuid5(_LEGACY, f"{row.channel}\n{row.legacy_number}")


def fingerprint_of(pepper: Pepper, row: LegacyRow) -> bytes:
    """Return the keyed hash by which a later import recognises a row."""
    return pepper.keyed_hmac("import", row.model_dump_json().encode())


def category_of(row: LegacyRow) -> str | None:
    """Return the category of a row, None for UNKNOWN of a kind that has categories."""
    codes = taxonomy()
    is_unknown = row.category == UNKNOWN and row.kind in codes.kinds and codes.subject_field(row.kind) == "category"
    return None if is_unknown else row.category


def _former_id(row: LegacyRow) -> UUID:
    """Return the id of rows imported before the register became part of the id."""
    return uuid5(_LEGACY, row.legacy_number)


def _errors(row: LegacyRow, received_at: datetime | None, closed_at: datetime | None, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield field and code of every error: an open appeal first, then in the order of the fields."""
    codes = taxonomy()
    if row.closed_at is None:
        yield "closed_at", "open-legacy-row"
    for field, value, known in (("channel", row.channel, codes.channels), ("language", row.language, LANGUAGES)):
        if value not in known:
            yield field, "unknown-code"
    yield from codes.subject_errors(row.kind, category_of(row), row.topic)
    if row.region not in regions():
        yield "region", "unknown-code"
    if row.provider_bin is not None and not is_valid_bin_or_iin(normalise_twelve(row.provider_bin)):
        yield "provider_bin", "bad-bin"
    if received_at is None or received_at > now + CLOCK_AHEAD:
        yield "received_at", "bad-time"
    if received_at is None or closed_at is None or not received_at <= closed_at <= now + CLOCK_AHEAD:
        yield "closed_at", "bad-time"
    if row.outcome not in codes.outcomes:
        yield "outcome", "required" if row.outcome is None else "unknown-code"


def _rejected(line: int, code: str, field: str, detail: str | None = None) -> RejectedLine:
    return RejectedLine(line=line, code=code, field=field, detail=detail or SENTENCES[code])


async def known_rows(session: AsyncSession, rows: Sequence[LegacyAppeal]) -> dict[UUID, bytes | None]:
    """Return the fingerprints of rows that were imported before, by their current id."""
    former = [_former_id(closed.row) for closed in rows]
    found = await imported_before(session, [*former, *(closed.appeal_id for closed in rows)])
    known: dict[UUID, bytes | None] = {}
    for closed, former_id in zip(rows, former, strict=True):
        fingerprint, _ = found.get(closed.appeal_id, (None, None))
        earlier, channel = found.get(former_id, (None, None))
        if fingerprint is not None:
            known[closed.appeal_id] = fingerprint
        elif channel == closed.row.channel:
            known[closed.appeal_id] = earlier
    return known


async def _add(work: UnitOfWork, rows: Sequence[ClosedAppeal]) -> None:
    sequences = await draw_sequences(work.session, len(rows))
    numbers = [number_of(closed.received_at, closed.row.region, sequence) for closed, sequence in zip(rows, sequences, strict=True)]
    appeals = await asyncio.to_thread(lambda: [_appeal(work.sealer, closed, number) for closed, number in zip(rows, numbers, strict=True)])
    timeline = []
    for index, (closed, number) in enumerate(zip(rows, numbers, strict=True), 1):
        if index % STEP == 0:
            await asyncio.sleep(0)
        event_id = derived(closed.appeal_id, AppealImported.FACT)
        timeline.append(_closing(closed, event_id))
        work.publish(_event(closed, number), event_id=event_id)
    appeals.sort(key=lambda row: row["id"])  # a fixed order: concurrent imports of the same lines must not deadlock
    await store_imported(work.session, appeals, [_tracking(closed) for closed in rows], timeline)


def _appeal(sealer: Sealer, closed: ClosedAppeal, number: str) -> NewAppealRow:
    row = closed.row
    return {
        "id": closed.appeal_id,
        "number": number,
        "channel": row.channel,
        "region": row.region,
        "language": row.language,
        "kind": row.kind,
        "category": category_of(row),
        "topic": row.topic,
        "statutory_form": None,
        "provider_id": None,
        "provider_name": None,
        "provider_bin": sealed(sealer, closed.appeal_id, "provider_bin", normalise_twelve(row.provider_bin) if row.provider_bin else None),
        "text": sealed(sealer, closed.appeal_id, "text", row.text),
        "applicant": None,
        "received_by": None,
        "legacy_number": sealed(sealer, closed.appeal_id, "legacy_number", row.legacy_number),
        "particulars": None,
        "answer_by": None,
        "follows": None,
        "consents": [],
        "owner": None,
        "pin": None,
        "fingerprint": closed.fingerprint,
        "received_at": closed.received_at,
        "registered_at": closed.received_at,
    }


def _tracking(closed: ClosedAppeal) -> NewTrackingRow:
    category = category_of(closed.row)
    return {
        "appeal_id": closed.appeal_id,
        "region": closed.row.region,
        "kind": closed.row.kind,
        "status": CLOSED,
        "holder": holder_of(CLOSED, None),
        "tier": None,
        "provider_id": None,
        "due_at": None,
        "due_provisional": False,
        "outcome": closed.outcome,
        "answer_id": None,
        "answered_at": None,
        "followed": False,
        "version": 1,
        "protection": None if category is None else protection_of([category]),
    }


def _closing(closed: ClosedAppeal, event_id: UUID) -> TimelineRow:
    """Return the only timeline entry of an imported appeal: when it was closed, with its outcome."""
    return {
        "event_id": event_id,
        "appeal_id": closed.appeal_id,
        "at": closed.closed_at,
        "type": "case-closed",
        "data": {"outcome": closed.outcome},
        "holder": holder_of(CLOSED, None),
    }


def _event(closed: ClosedAppeal, number: str) -> AppealImported:
    row = closed.row
    return AppealImported(
        appeal_id=closed.appeal_id,
        number=number,
        channel=row.channel,
        region=row.region,
        language=row.language,
        kind=row.kind,
        category=category_of(row),
        topic=row.topic,
        provider_named=row.provider_bin is not None,
        outcome=closed.outcome,
        received_at=closed.received_at,
        closed_at=closed.closed_at,
    )

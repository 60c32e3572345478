"""A former register is taken over: closed appeals get a number of ours; no clocks, no notices, no PIN follow."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from intake.imports.errors import TooManyRefused
from intake.imports.schemas import Imported, LegacyRow, RejectedLine
from intake.register.service.filing import CLOCK_AHEAD, SENTENCES, moment
from intake.register.service.importing import imported_before, store_imported, take_sequences
from intake.register.service.registration import number_of, sealed
from shared.contracts import AppealImported
from shared.domain.identifiers import is_valid_bin_or_iin, normalise_twelve
from shared.domain.labels import LANGUAGES
from shared.domain.lifecycle import holder_of
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import DomainError
from shared.ids import derived
from shared.messaging import outbox
from shared.service import Parts

BATCH: Final = 100  # lines a transaction: its longest step took some 20 ms of the event loop, 55 ms on a busy machine
ATTEMPTS: Final = 5  # each but the first after another import of some of the same rows was committed
REFUSED_LIMIT: Final = 10_000  # lines; a file with more is of another form, and each costs memory until the answer
CLOSED: Final = "CLOSED"
_LEGACY: Final = UUID("6f9d3c0e-9a5b-5b7e-8f53-2c1d0a4e7b61")  # the name space of former registers' numbers


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: its number, and the row or why there is none."""

    number: int
    row: LegacyRow | DomainError


@dataclass(frozen=True, slots=True)
class _Closed:
    line: int
    row: LegacyRow
    appeal_id: UUID
    fingerprint: bytes
    received_at: datetime
    closed_at: datetime
    outcome: str


async def take_over(parts: Parts, lines: Sequence[Line], report: Imported) -> None:
    """One batch of lines in one transaction; what became of each is added to `report`. Raises TooManyRefused."""
    now = parts.clock.now()
    good: list[_Closed] = []
    rejected: list[RejectedLine] = []
    report.received += len(lines)
    for checked in await asyncio.to_thread(lambda: [_checked(parts, line, now) for line in lines]):
        if isinstance(checked, RejectedLine):
            rejected.append(checked)
        else:
            good.append(checked)
    fresh, changed = await _store_patiently(parts, good)
    report.imported += fresh
    report.unchanged += len(good) - fresh - len(changed)
    report.rejected += sorted(rejected + changed, key=lambda one: one.line)
    if len(report.rejected) > REFUSED_LIMIT:
        raise TooManyRefused("The lines taken over so far are kept. Mend the file and send it again: they will be unchanged.")


def _checked(parts: Parts, line: Line, now: datetime) -> _Closed | RejectedLine:
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
    assert received_at is not None  # noqa: S101 - `_errors` has seen to it; said for the type checker
    assert closed_at is not None  # noqa: S101
    fingerprint = parts.pepper.keyed_hmac("import", row.model_dump_json().encode())
    return _Closed(line.number, row, _id_of(row), fingerprint, received_at, closed_at, row.outcome or "")


def _id_of(row: LegacyRow) -> UUID:
    """The id follows from the register (its channel) and its number: two former registers may both have a number 50."""
    return uuid5(_LEGACY, f"{row.channel}\n{row.legacy_number}")


def _former_id(row: LegacyRow) -> UUID:
    """The id of rows imported before the register's name belonged to the number."""
    return uuid5(_LEGACY, row.legacy_number)


def _errors(row: LegacyRow, received_at: datetime | None, closed_at: datetime | None, now: datetime) -> Iterator[tuple[str, str]]:
    """Field and code of everything that is wrong, in the order of the fields; but first of all only closed appeals are taken."""
    codes = taxonomy()
    if row.closed_at is None:
        yield "closed_at", "open-legacy-row"
    for field, value, known in (("channel", row.channel, codes.channels), ("language", row.language, LANGUAGES)):
        if value not in known:
            yield field, "unknown-code"
    yield from codes.subject_errors(row.kind, row.category, row.topic)
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


async def _store_patiently(parts: Parts, rows: Sequence[_Closed]) -> tuple[int, list[RejectedLine]]:
    """`_store`, again where others import some of the same rows at this moment: theirs are there then."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await _store(parts, rows)
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError  # the loop above returns or raises


async def _store(parts: Parts, rows: Sequence[_Closed]) -> tuple[int, list[RejectedLine]]:
    """How many were new, and the lines that contradict what was imported before."""
    async with parts.database.write() as session:
        known = await _known(session, rows)
        fresh: list[_Closed] = []
        changed: list[RejectedLine] = []
        for one in rows:
            if one.appeal_id not in known:
                known[one.appeal_id] = one.fingerprint
                fresh.append(one)
            elif known[one.appeal_id] != one.fingerprint:
                changed.append(_rejected(one.line, "legacy-number-changed", "legacy_number"))
        await _add(session, parts, fresh)
    return len(fresh), changed


async def _known(session: AsyncSession, rows: Sequence[_Closed]) -> dict[UUID, bytes | None]:
    """Fingerprints of the rows that were imported before, by the id they would have today."""
    former = [_former_id(one.row) for one in rows]
    found = await imported_before(session, [*former, *(one.appeal_id for one in rows)])
    known: dict[UUID, bytes | None] = {}
    for one, former_id in zip(rows, former, strict=True):
        fingerprint, _ = found.get(one.appeal_id, (None, None))
        earlier, channel = found.get(former_id, (None, None))
        if fingerprint is not None:
            known[one.appeal_id] = fingerprint
        elif channel == one.row.channel:
            known[one.appeal_id] = earlier
    return known


async def _add(session: AsyncSession, parts: Parts, rows: Sequence[_Closed]) -> None:
    sequences = await take_sequences(session, len(rows))
    numbers = [number_of(one.received_at, one.row.region, sequence) for one, sequence in zip(rows, sequences, strict=True)]
    appeals = await asyncio.to_thread(lambda: [_appeal(parts, one, number) for one, number in zip(rows, numbers, strict=True)])
    timeline = []
    for one, number in zip(rows, numbers, strict=True):
        event_id = derived(one.appeal_id, AppealImported.FACT)
        timeline.append(_closing(one, event_id))
        outbox.append(session, _event(one, number), event_id=event_id)
    appeals.sort(key=lambda row: row["id"])  # two imports of the same lines in another order must not wait for each other
    await store_imported(session, appeals, [_tracking(one) for one in rows], timeline)


def _appeal(parts: Parts, one: _Closed, number: str) -> dict[str, Any]:
    row, sealer = one.row, parts.sealer
    return {
        "id": one.appeal_id,
        "number": number,
        "channel": row.channel,
        "region": row.region,
        "language": row.language,
        "kind": row.kind,
        "category": row.category,
        "topic": row.topic,
        "statutory_form": None,
        "provider_id": None,
        "provider_name": None,
        "provider_bin": sealed(sealer, one.appeal_id, "provider_bin", normalise_twelve(row.provider_bin) if row.provider_bin else None),
        "text": sealed(sealer, one.appeal_id, "text", row.text),
        "applicant": None,
        "received_by": None,
        "legacy_number": sealed(sealer, one.appeal_id, "legacy_number", row.legacy_number),
        "particulars": None,
        "answer_by": None,
        "follows": None,
        "consents": [],
        "owner": None,
        "pin": None,
        "fingerprint": one.fingerprint,
        "received_at": one.received_at,
        "registered_at": one.received_at,
    }


def _tracking(one: _Closed) -> dict[str, Any]:
    return {
        "appeal_id": one.appeal_id,
        "region": one.row.region,
        "kind": one.row.kind,
        "status": CLOSED,
        "holder": holder_of(CLOSED, None),
        "tier": None,
        "provider_id": None,
        "due_at": None,
        "due_provisional": False,
        "outcome": one.outcome,
        "answer_id": None,
        "answered_at": None,
        "followed": False,
        "version": 1,
    }


def _closing(one: _Closed, event_id: UUID) -> dict[str, Any]:
    """The one line of its timeline that we can tell: when it was closed, and how."""
    data = {"outcome": one.outcome}
    return {
        "event_id": event_id,
        "appeal_id": one.appeal_id,
        "at": one.closed_at,
        "type": "case-closed",
        "data": data,
        "holder": holder_of(CLOSED, None),
    }


def _event(one: _Closed, number: str) -> AppealImported:
    row = one.row
    return AppealImported(
        appeal_id=one.appeal_id,
        number=number,
        channel=row.channel,
        region=row.region,
        language=row.language,
        kind=row.kind,
        category=row.category,
        topic=row.topic,
        provider_named=row.provider_bin is not None,
        outcome=one.outcome,
        received_at=one.received_at,
        closed_at=one.closed_at,
    )

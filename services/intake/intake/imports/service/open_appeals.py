"""Storing open appeals of a former register: they go on here with their clocks as they stand, and nobody is notified unasked."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from intake.imports import repository
from intake.imports.codes import ImportState
from intake.imports.errors import TooManyRefused
from intake.imports.models import OpenImport, TakenOver
from intake.imports.schemas import OpenImported
from intake.imports.service.importing import CHANGED, REFUSED_LIMIT, STEP, category_of, known_rows, new_rows
from intake.imports.service.open_lines import CheckedOpenLines, OpenAppeal, fault_of
from intake.register.events import appeal_registered
from intake.register.schemas.rows import NewAppealRow, NewTrackingRow, TimelineRow
from intake.register.service.importing import confirm_contacts, draw_sequences, store_imported
from intake.register.service.ports import PlanReceipt
from intake.register.service.registration import PIN_DIGITS, hashed_pin, iin_key, number_of, phone_key, sealed
from shared.contracts import AppealRegistered, TermExtended
from shared.domain.identifiers import normalise_twelve
from shared.domain.lifecycle import CaseStatus, holder_of
from shared.domain.protection import protection_of
from shared.ids import derived, random_digits
from shared.rows import insert_rows
from shared.unit_of_work import UnitOfWork

CONTACTS: Final = ("phone", "email")


class OpenTerms(NamedTuple):
    """On which terms open appeals are imported."""

    import_id: UUID
    notify: bool
    """The former register has confirmed the contacts: the applicants are sent a receipt, and later notices."""
    ask_providers: bool
    """Inquiries are sent by rule, as for a new appeal."""


async def begin_import(work: UnitOfWork, terms: OpenTerms, actor: str) -> None:
    """Record an import before its first line, so that it can be undone even if it breaks off."""
    row = OpenImport(
        import_id=terms.import_id,
        state=ImportState.IMPORTED,
        notified=terms.notify,
        asks_providers=terms.ask_providers,
        received=0,
        imported=0,
        unchanged=0,
        rejected=0,
        removed=0,
        actor=actor,
        at=work.clock.now(),
        undone_by=None,
        undone_at=None,
    )
    work.session.add(row)


async def preview_lines(work: UnitOfWork, batch: CheckedOpenLines, seen: dict[UUID, bytes | None]) -> OpenImported:
    """Return what the import of a batch would do. `seen`: the rows of the file so far, to which those of the batch are added."""
    known = await known_rows(work.session, batch.good)
    return _report(None, batch, *new_rows(batch.good, _Known(seen, known)))


class _Known(dict[UUID, bytes | None]):
    """The rows of the file before this batch and those of the database, as one dictionary; new rows are noted in the first."""

    def __init__(self, seen: dict[UUID, bytes | None], stored: dict[UUID, bytes | None]) -> None:
        super().__init__(seen | stored)
        self._seen = seen

    def __setitem__(self, key: UUID, value: bytes | None) -> None:
        super().__setitem__(key, value)
        self._seen[key] = value


async def import_open(work: UnitOfWork, batch: CheckedOpenLines, terms: OpenTerms, plan_receipt: PlanReceipt) -> OpenImported:
    """Store the rows that were not imported before, and publish their registrations. Return the report of the batch.

    Raises IntegrityError if a concurrent import commits some of the same rows first: the transaction is to be done again.
    """
    fresh, changed = new_rows(batch.good, await known_rows(work.session, batch.good))
    await _add(work, fresh, terms, plan_receipt)
    report = _report(terms.import_id, batch, fresh, changed)
    lines = len({fault.line for fault in report.rejected})
    await repository.add_to_import(
        work.session, terms.import_id, received=report.received, imported=report.imported, unchanged=report.unchanged, rejected=lines
    )
    return report


def add_open_report(report: OpenImported, batch: OpenImported) -> None:
    """Add the report of a batch to the report of the file. Raises TooManyRefused."""
    report.received += batch.received
    report.imported += batch.imported
    report.unchanged += batch.unchanged
    report.rejected += batch.rejected
    if len(report.rejected) > REFUSED_LIMIT:
        raise TooManyRefused("The lines taken over so far are kept. Mend the file and send it again: they will be unchanged.")


def _report(import_id: UUID | None, batch: CheckedOpenLines, fresh: Sequence[OpenAppeal], changed: Sequence[int]) -> OpenImported:
    faults = [*batch.faults, *(fault_of(line, "legacy_number", CHANGED) for line in changed)]
    return OpenImported(
        import_id=import_id,
        received=batch.received,
        imported=len(fresh),
        unchanged=len(batch.good) - len(fresh) - len(changed),
        rejected=sorted(faults, key=lambda fault: fault.line),
    )


async def _add(work: UnitOfWork, rows: Sequence[OpenAppeal], terms: OpenTerms, plan_receipt: PlanReceipt) -> None:
    if not rows:
        return
    sequences = await draw_sequences(work.session, len(rows))
    numbers = [number_of(each.filing.received_at, each.row.region, sequence) for each, sequence in zip(rows, sequences, strict=True)]
    appeals = await asyncio.to_thread(lambda: [_appeal(work, each, number) for each, number in zip(rows, numbers, strict=True)])
    for index, (each, number) in enumerate(zip(rows, numbers, strict=True), 1):
        if index % STEP == 0:
            await asyncio.sleep(0)
        # The id follows from the import: after an undo the same appeal may be imported again, and no consumer takes that for a copy.
        work.publish(_event(each, number, terms), event_id=derived(terms.import_id, f"{AppealRegistered.FACT}/{each.appeal_id}"))
    appeals.sort(key=lambda row: row["id"])  # a fixed order: concurrent imports of the same lines must not deadlock
    timeline = [_extension(work, each, terms) for each in rows if each.extended_until is not None]
    await store_imported(work.session, appeals, [_tracking(each) for each in rows], timeline)
    taken = [{"appeal_id": each.appeal_id, "import_id": terms.import_id, "remains": False} for each in rows]
    await insert_rows(work.session, TakenOver, taken, sliced=True)
    if terms.notify:
        reached = [(each.appeal_id, kind) for each in rows for kind in CONTACTS if kind in (each.filing.applicant or {})]
        await confirm_contacts(work.session, reached, work.clock.now())
        for appeal_id in dict.fromkeys(appeal_id for appeal_id, _ in reached):
            await plan_receipt(work, appeal_id, None)


def _appeal(work: UnitOfWork, each: OpenAppeal, number: str) -> NewAppealRow:
    row, filing, sealer, pepper = each.row, each.filing, work.sealer, work.pepper
    applicant = filing.applicant or {}
    return {
        "id": each.appeal_id,
        "number": number,
        "channel": row.channel,
        "region": row.region,
        "language": row.language,
        "kind": row.kind,
        "category": category_of(row),
        "topic": row.topic,
        "statutory_form": row.statutory_form,
        "provider_id": None,
        "provider_name": sealed(sealer, each.appeal_id, "provider_name", filing.provider_name),
        "provider_bin": sealed(sealer, each.appeal_id, "provider_bin", normalise_twelve(row.provider_bin) if row.provider_bin else None),
        "text": sealed(sealer, each.appeal_id, "text", filing.text),
        "applicant": sealed(sealer, each.appeal_id, "applicant", filing.applicant),
        "received_by": None,
        "legacy_number": sealed(sealer, each.appeal_id, "legacy_number", row.legacy_number),
        "particulars": None,
        "answer_by": None,
        "follows": None,
        "consents": filing.consents,
        "owner": None,
        "phone_key": phone_key(pepper, applicant["phone"]) if "phone" in applicant else None,
        "iin_key": iin_key(pepper, applicant["iin"]) if "iin" in applicant else None,
        "pin": hashed_pin(pepper, each.appeal_id, random_digits(PIN_DIGITS)),  # nobody knows it; the applicant may have it replaced
        "fingerprint": each.fingerprint,
        "received_at": filing.received_at,
        "registered_at": filing.registered_at,
    }


def _tracking(each: OpenAppeal) -> NewTrackingRow:
    return {
        "appeal_id": each.appeal_id,
        "region": each.row.region,
        "kind": each.row.kind,
        "status": CaseStatus.REGISTERED,
        "holder": holder_of(CaseStatus.REGISTERED, None),
        "tier": None,
        "provider_id": None,
        "due_at": each.filing.due_at,
        "due_provisional": True,
        "outcome": None,
        "answer_id": None,
        "answered_at": None,
        "followed": False,
        "version": 1,
        "protection": None if each.filing.category is None else protection_of([each.filing.category]),
    }


def _extension(work: UnitOfWork, each: OpenAppeal, terms: OpenTerms) -> TimelineRow:
    """Return the entry from which the applicant's page knows that the term was extended."""
    return {
        "event_id": derived(terms.import_id, f"{TermExtended.FACT}/{each.appeal_id}"),
        "appeal_id": each.appeal_id,
        "at": work.clock.now(),
        "type": TermExtended.FACT,
        "data": {"due_at": each.filing.due_at.isoformat()},
        "holder": holder_of(CaseStatus.REGISTERED, None),
    }


def _event(each: OpenAppeal, number: str, terms: OpenTerms) -> AppealRegistered:
    event = appeal_registered(each.appeal_id, number, each.filing)
    named = event.provider_named or each.row.provider_bin is not None
    return event.model_copy(
        update={
            "provider_named": named,
            "taken_over": True,
            "extended_until": each.extended_until,
            "asks_provider": terms.ask_providers,
        }
    )

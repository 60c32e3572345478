"""Imports of the directory's sheets: reported in a dry run, carried out, and listed as a history."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.codes import ImportState, LineAction, Sheet
from provider_contact.directory.errors import DraftGone
from provider_contact.directory.models import DirectoryImport
from provider_contact.directory.schemas import ImportResult
from provider_contact.directory.service import entries
from provider_contact.directory.service.contact_lines import plan_contacts, plan_doctors
from provider_contact.directory.service.plans import Plan, PlanSheet
from provider_contact.directory.service.provider_lines import plan_providers
from provider_contact.directory.service.sheets import CONTACT_FORM, DOCTOR_FORM, PROVIDER_FORM, read_sheet
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

TABLE: Final = "directory_import"
DRAFT_LASTS: Final = timedelta(days=1)


def read_import(sheet: Sheet, raw: bytes) -> PlanSheet:
    """Parse a file and return what plans its import; takes seconds for a large file, so run it in a thread.

    Raises MalformedText and InvalidInput for a file that is refused as a whole.
    """
    if sheet is Sheet.PROVIDERS:
        providers = read_sheet(raw, PROVIDER_FORM)
        return lambda work: plan_providers(work, providers)
    if sheet is Sheet.CONTACTS:
        contacts = read_sheet(raw, CONTACT_FORM)
        return lambda work: plan_contacts(work, contacts)
    doctors = read_sheet(raw, DOCTOR_FORM)
    return lambda work: plan_doctors(work, doctors)


async def dry_run(work: UnitOfWork, plan_sheet: PlanSheet) -> ImportResult:
    """Return what the import would do. Nothing is stored."""
    plan = await plan_sheet(work)
    return await asyncio.to_thread(plan.result, None)


async def import_sheet(work: UnitOfWork, sheet: Sheet, plan_sheet: PlanSheet, digest: str, importer: Principal) -> ImportResult:
    """Add and change the entries that the sheet names, publish changed providers, and record the import. Omitted entries stay."""
    await repository.lock_directory(work.session)
    plan = await plan_sheet(work)
    row = await asyncio.to_thread(_row, work, work.ids.new(), sheet, plan, digest, importer)
    await entries.write(work, plan.writes, import_id=row.import_id, actor=importer.subject)
    work.session.add(row)
    return await asyncio.to_thread(plan.result, row.import_id)


async def draft_import(work: UnitOfWork, sheet: Sheet, plan_sheet: PlanSheet, raw: bytes, importer: Principal) -> UUID:
    """Store the file sealed with the report of a dry run, and return the id of this draft. Expired drafts are deleted."""
    await repository.delete_drafts(work.session, work.clock.now() - DRAFT_LASTS)
    plan = await plan_sheet(work)
    row = await asyncio.to_thread(_row, work, work.ids.new(), sheet, plan, sha256(raw).hexdigest(), importer)
    row.state = ImportState.DRAFT
    row.document = await asyncio.to_thread(work.sealer.seal, TABLE, row.import_id, "document", raw)
    work.session.add(row)
    return row.import_id


async def draft_file(work: UnitOfWork, import_id: UUID) -> tuple[Sheet, bytes]:
    """Return the sheet and the file of a draft. Raises NotFound, and DraftGone if the draft is imported or expired."""
    row = await import_of(work, import_id)
    sealed = await repository.import_file(work.session, import_id)
    if row.state is not ImportState.DRAFT or sealed is None or row.at < work.clock.now() - DRAFT_LASTS:
        raise DraftGone
    return row.sheet, await asyncio.to_thread(work.sealer.open, TABLE, import_id, "document", sealed)


async def import_draft(work: UnitOfWork, import_id: UUID, plan_sheet: PlanSheet, importer: Principal) -> ImportResult:
    """Carry out a draft and delete its file. Raises NotFound, and DraftGone if it is no draft any more."""
    await repository.lock_directory(work.session)
    row = await import_of(work, import_id)
    if row.state is not ImportState.DRAFT:
        raise DraftGone
    plan = await plan_sheet(work)
    await entries.write(work, plan.writes, import_id=import_id, actor=importer.subject)
    done = await asyncio.to_thread(_row, work, import_id, row.sheet, plan, row.sha256, importer)
    await work.session.merge(done)
    return await asyncio.to_thread(plan.result, import_id)


async def discard_draft(work: UnitOfWork, import_id: UUID) -> None:
    """Delete a draft with its file. Raises NotFound, and DraftGone if it is no draft any more."""
    await repository.lock_directory(work.session)
    row = await import_of(work, import_id)
    if row.state is not ImportState.DRAFT:
        raise DraftGone
    await work.session.delete(row)


async def import_of(work: UnitOfWork, import_id: UUID) -> DirectoryImport:
    """Return an import or a draft. Raises NotFound."""
    row = await repository.import_by_id(work.session, import_id)
    if row is None:
        raise NotFound
    return row


async def history(work: UnitOfWork, limit: int, after: repository.ImportPosition | None = None) -> tuple[Sequence[DirectoryImport], int]:
    """Return the imports, drafts left out, the newest first, at most `limit`, and how many there are."""
    return await repository.imports(work.session, limit, after)


def _row(work: UnitOfWork, import_id: UUID, sheet: Sheet, plan: Plan, digest: str, importer: Principal) -> DirectoryImport:
    return DirectoryImport(
        import_id=import_id,
        sheet=sheet,
        state=ImportState.IMPORTED,
        sha256=digest,
        document=None,
        received=plan.received,
        added=plan.count(LineAction.ADDED),
        changed=plan.count(LineAction.CHANGED),
        unchanged=plan.unchanged,
        rejected=plan.count(LineAction.REFUSED),
        report=[each.model_dump(mode="json") for each in sorted(plan.report, key=lambda line: line.line)],
        actor=importer.subject,
        at=work.clock.now(),
        undone_by=None,
        undone_at=None,
    )

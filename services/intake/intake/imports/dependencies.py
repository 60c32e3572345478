"""The import of a file of open appeals, for the route and the page: a transaction a batch."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from intake.imports.schemas import OpenImported
from intake.imports.service.importing import Line
from intake.imports.service.legacy_lines import in_batches
from intake.imports.service.open_appeals import OpenTerms, add_open_report, begin_import, import_open, preview_lines
from intake.imports.service.open_lines import CheckedOpenLines, check_open_lines
from intake.register.dependencies import Intake
from shared.unit_of_work import UnitOfWork, UnitsOfWork

ATTEMPTS: Final = 5  # each retry follows the commit of another import with some of the same rows
R = TypeVar("R")


async def preview_open(intake: Intake, units: UnitsOfWork, lines: AsyncIterator[list[Line]]) -> OpenImported:
    """Return what the import of a file would do. Nothing is stored. Raises what the reader of the lines raises, and TooManyRefused."""
    report, seen = OpenImported(import_id=None), dict[UUID, bytes | None]()
    async for page in in_batches(lines):
        batch = await check_open_lines(intake.parts.pepper, page, intake.parts.clock.now())
        async with units.read() as work:
            add_open_report(report, await preview_lines(work, batch, seen))
    return report


async def take_over(intake: Intake, units: UnitsOfWork, lines: AsyncIterator[list[Line]], terms: OpenTerms, actor: str) -> OpenImported:
    """Import a file of open appeals. Raises what the reader raises, and TooManyRefused; earlier lines stay."""
    report = OpenImported(import_id=terms.import_id)
    async with units.write() as work:
        await begin_import(work, terms, actor)
    async for page in in_batches(lines):
        batch = await check_open_lines(intake.parts.pepper, page, intake.parts.clock.now())

        async def store(work: UnitOfWork, batch: CheckedOpenLines = batch) -> OpenImported:
            return await import_open(work, batch, terms, intake.plan_receipt)

        add_open_report(report, await with_retries(units, store))
    return report


async def with_retries(units: UnitsOfWork, store: Callable[[UnitOfWork], Awaitable[R]]) -> R:
    """Store a batch in one transaction, and again after a conflict with a concurrent import of some of the same rows."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with units.write() as work:
                return await store(work)
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError  # the loop above returns or raises

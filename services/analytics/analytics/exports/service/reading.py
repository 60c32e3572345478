"""Reading the rows of an export, a page at a time in one snapshot."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analytics.exports.policy import Column, ExportFormat, ExportGrain, columns_of
from analytics.exports.schemas import ExportQuery
from analytics.exports.service.cells import Cell, Labels, cells_of, labels_in
from analytics.exports.service.writers import WRITERS, ExportWriter
from analytics.facts import service as facts
from analytics.facts.schemas import Cohort
from analytics.kpis.service import Period, View
from shared.domain.labels import Language
from shared.unit_of_work import UnitOfWork

PAGE: Final = 2_000  # rows: reading them takes the event loop less than 50 ms
PAUSE_SECONDS: Final = 60  # a client that reads nothing for so long ends the snapshot of its export


@dataclass(frozen=True, slots=True)
class Export:
    """An export as one reader may have it."""

    grain: ExportGrain
    file_format: ExportFormat
    cohort: Cohort
    labels: Language
    with_numbers: bool

    @classmethod
    def of(cls, grain: ExportGrain, file_format: ExportFormat, query: ExportQuery, view: View) -> "Export":
        """Return the requested export. `view` is the reader's view of the figures of the requested region.

        Raises Forbidden for a region that is not the reader's, InvalidInput for a period that ends before it begins.
        """
        view.require_all()
        period = Period.of_request(query.first, query.last)
        cohort = Cohort(period.first, period.last, view.region(query.region), with_protected=view.lists_protected, filters=query.filters)
        return cls(grain, file_format, cohort, query.labels, with_numbers=view.sees_appeals)

    @property
    def file_name(self) -> str:
        """Return the name of the file: grain, period and region."""
        parts = (self.grain, self.cohort.first, self.cohort.last, self.cohort.region)
        return "-".join(str(part) for part in parts if part) + f".{self.file_format}"

    @property
    def columns(self) -> list[Column]:
        return columns_of(self.grain, with_numbers=self.with_numbers)

    def writer(self) -> ExportWriter:
        """Return a new writer of the file."""
        return WRITERS[self.file_format](self.columns, self.labels)


async def written_pages(work: UnitOfWork, export: Export, writer: ExportWriter) -> AsyncIterator[tuple[int, bytes]]:
    """Write the rows of an export; yield for each page the number of its rows and the bytes that it completed."""
    await facts.allow_pauses(work.session, PAUSE_SECONDS)
    labels = await labels_in(work.session, export.labels)
    after: Any = None
    while True:
        if export.grain is ExportGrain.FACTS:
            rows = await facts.exported_facts(work.session, export.cohort, after, PAGE)
            after = (rows[-1].received_on, rows[-1].appeal_id) if rows else None
        else:
            rows = await facts.exported_transitions(work.session, export.cohort, after, PAGE)
            after = (rows[-1].at, rows[-1].event_id) if rows else None
        if rows:
            yield len(rows), await asyncio.to_thread(_write, export, writer, rows, labels)
        if len(rows) < PAGE:
            return


def _write(export: Export, writer: ExportWriter, rows: Sequence[Any], labels: Labels) -> bytes:
    cells = cells_of(rows, export.columns, labels, export.labels)
    if not export.with_numbers:
        cells.sort(key=_content)
    return writer.add(cells)


def _content(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return a key that sorts rows by what they contain: the order of filing would tell the time of day."""
    return tuple(map(str, cells))


async def finished(writer: ExportWriter) -> AsyncIterator[bytes]:
    """Yield the rest of the file. A large workbook takes a while to close, so a thread does it."""
    rest = writer.finish()
    while (chunk := await asyncio.to_thread(next, rest, None)) is not None:
        yield chunk

"""What an import would write: a plan of each sheet, made by comparing its lines with the stored entries."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from provider_contact.directory.codes import Entity, LineAction
from provider_contact.directory.schemas import ImportResult, RejectedLine, ReportLine
from provider_contact.directory.service.entries import Values, Write
from shared.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Plan:
    """The lines of a report, and the entries to write. `received`: lines of the file."""

    received: int
    report: list[ReportLine] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    unchanged: int = 0

    def refuse(self, rejected: RejectedLine) -> None:
        self.report.append(ReportLine(action=LineAction.REFUSED, **rejected.model_dump()))

    def note(self, line: int, entity_id: UUID, provider_id: UUID | None, *, is_new: bool, columns: list[str]) -> None:
        """Add the line of a new or changed entry to the report, or count it as unchanged if no column changes."""
        if not is_new and not columns:
            self.unchanged += 1
            return
        action = LineAction.ADDED if is_new else LineAction.CHANGED
        self.report.append(ReportLine(line=line, action=action, entity_id=entity_id, provider_id=provider_id, columns=columns))

    def count(self, action: LineAction) -> int:
        return sum(each.action is action for each in self.report)

    def result(self, import_id: UUID | None) -> ImportResult:
        """Return the outcome as clients get it. The ids of entries that a dry run does not add are left out."""
        report = sorted(self.report, key=lambda each: each.line)
        if import_id is None:
            report = [each.model_copy(update={"entity_id": None}) if each.action is LineAction.ADDED else each for each in report]
        return ImportResult(
            import_id=import_id,
            dry_run=import_id is None,
            received=self.received,
            imported=self.count(LineAction.ADDED) + self.count(LineAction.CHANGED),
            added=self.count(LineAction.ADDED),
            changed=self.count(LineAction.CHANGED),
            unchanged=self.unchanged,
            rejected=[
                RejectedLine(line=each.line, code=each.code, field=each.field, detail=each.detail)
                for each in report
                if each.action is LineAction.REFUSED
            ],
            report=report,
        )


PlanSheet = Callable[[UnitOfWork], Awaitable[Plan]]
"""Makes the plan of a parsed sheet inside a unit of work."""


def changed_columns(before: Values | None, after: Values, columns: Mapping[str, str] | None = None) -> list[str]:
    """Return the columns whose values differ; `columns`: those to compare, with the names that the report uses. New entries have none."""
    if before is None:
        return []
    compared = columns if columns is not None else dict.fromkeys(after, "")
    return [name or column for column, name in compared.items() if before[column] != after[column]]


def write_of(entity: Entity, entity_id: UUID, provider_id: UUID | None, before: Values | None, after: Values) -> Write:
    """Return the write of an entry with its next version."""
    version = before["version"] if before is not None else 0
    assert isinstance(version, int)  # noqa: S101 - a column of every entry
    return Write(entity, entity_id, provider_id, before, {**after, "version": version + 1})

"""What the checks find in rows, before it is written out in languages."""

from dataclasses import dataclass, field
from typing import NamedTuple

from analytics.reconciliations.policy import Explanation
from analytics.reconciliations.schemas import CheckKind, Verdict
from analytics.reconciliations.service.explanations import Sentence, Value
from analytics.reconciliations.service.sheets import FigureRow
from analytics.sentences.service import Amount

REFERENCES = ("part_of", "figure", "share_of", "change_from")


class Finding(NamedTuple):
    """The result of one check of a row."""

    row: FigureRow
    kind: CheckKind
    verdict: Verdict
    sentence: Sentence
    computed: Amount | None = None


def ok(row: FigureRow, kind: CheckKind, code: Explanation, computed: Amount, /, **values: Value) -> Finding:
    """Return that the row agrees with what was computed."""
    return Finding(row, kind, Verdict.OK, Sentence(code, values), computed)


def contradiction(row: FigureRow, kind: CheckKind, code: Explanation, computed: Amount | None, /, **values: Value) -> Finding:
    """Return that the row contradicts what was computed."""
    return Finding(row, kind, Verdict.CONTRADICTION, Sentence(code, values), computed)


def not_checkable(row: FigureRow, kind: CheckKind, code: Explanation, computed: Amount | None = None, /, **values: Value) -> Finding:
    """Return that the row cannot be checked, and why."""
    return Finding(row, kind, Verdict.NOT_CHECKABLE, Sentence(code, values), computed)


@dataclass
class Statistic:
    """The rows of a file with their relations."""

    rows: list[FigureRow]
    by_key: dict[str, FigureRow] = field(init=False)

    def __post_init__(self) -> None:
        self.by_key = {}
        for row in self.rows:
            if row.key:
                self.by_key.setdefault(row.key, row)

    def row(self, reference: str) -> FigureRow | None:
        """Return the row that a reference names; None without a reference or such a row."""
        return self.by_key.get(reference) if reference else None

    def problem_of(self, row: FigureRow) -> Finding | None:
        """Return why a row cannot be checked at all: its value, its number or a reference cannot be used."""
        kind = CheckKind.UNREADABLE
        if row.problem is not None:
            return not_checkable(row, kind, row.problem)
        if row.key and self.by_key[row.key] is not row:
            return not_checkable(row, kind, Explanation.NUMBER_TWICE, line=self.by_key[row.key].line)
        for column in REFERENCES:
            reference = row.part_of[0] if column == "part_of" else str(getattr(row, column))
            if not reference:
                continue
            target = self.by_key.get(reference)
            if target is None:
                return not_checkable(row, kind, Explanation.ROW_UNKNOWN, heading=column, reference=reference)
            if target is row:
                return not_checkable(row, kind, Explanation.ROW_ITSELF, heading=column)
            if target.problem is not None:
                return not_checkable(row, kind, Explanation.ROW_UNREADABLE, line=target.line)
        return None

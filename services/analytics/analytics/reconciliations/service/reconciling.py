"""The reconciliation of a published statistic: all checks of a file, by line, in Kazakh, Russian and English."""

from collections.abc import Iterator

from analytics.reconciliations.policy import EXAMPLES, Explanation, columns_by_heading, example, headings
from analytics.reconciliations.schemas import Check, CheckKind, Reconciliation, Verdict
from analytics.reconciliations.service.changes import check_changes
from analytics.reconciliations.service.explanations import amount_of
from analytics.reconciliations.service.findings import Finding, Statistic, contradiction, not_checkable
from analytics.reconciliations.service.shares import check_shares
from analytics.reconciliations.service.sheets import FigureRow, read_sheet
from analytics.reconciliations.service.sums import check_sums
from analytics.sentences.service import shown
from shared.domain.labels import Language


def reconcile(raw: bytes) -> Reconciliation:
    """Check a published statistic (CSV or workbook). Raises what `read_sheet` raises for a file that cannot be read as a whole."""
    rows = read_sheet(raw)
    checks = [_check(finding) for finding in findings(rows)]
    return Reconciliation(rows=len(rows), contradictions=sum(check.verdict is Verdict.CONTRADICTION for check in checks), checks=checks)


def example_sheet(language: Language) -> str:
    """Return a published statistic to learn from, as CSV with headings in a language."""
    head, rest = example(EXAMPLES[0]).split("\n", 1)
    codes = columns_by_heading()
    return ";".join(headings()[codes[heading]].in_(language) for heading in head.split(";")) + "\n" + rest


def findings(rows: list[FigureRow]) -> list[Finding]:
    """Return the results of all checks, by line."""
    statistic = Statistic(rows)
    found = [problem for row in rows if (problem := statistic.problem_of(row)) is not None]
    found += [*check_sums(statistic), *check_shares(statistic), *check_changes(statistic), *_repeated(rows), *_undivided(rows)]
    return sorted(found, key=lambda finding: finding.row.line)


def _repeated(rows: list[FigureRow]) -> Iterator[Finding]:
    """Find figures of one title, period, region and relation that are stated twice with values that exclude each other."""
    first: dict[tuple[object, ...], FigureRow] = {}
    for row in rows:
        if row.stated is None or not row.title:
            continue
        same = (row.title.casefold(), row.period, row.region, row.stated.quantity, row.part_of, row.figure, row.share_of, row.change_from)
        earlier = first.setdefault(same, row)
        if earlier.stated is not None and not earlier.stated.span.meets(row.stated.span):
            other, own = amount_of(earlier.stated), amount_of(row.stated)
            yield contradiction(row, CheckKind.REPEATED, Explanation.STATED_TWICE, other, line=earlier.line, other=other, stated=own)


def _undivided(rows: list[FigureRow]) -> Iterator[Finding]:
    for row in rows:
        if len(row.counts) > 1:
            yield not_checkable(row, CheckKind.UNDIVIDED, Explanation.UNDIVIDED, things=", ".join(row.counts))


def _check(finding: Finding) -> Check:
    row, sentence = finding.row, finding.sentence
    return Check(
        line=row.line,
        kind=finding.kind,
        claim=row.claim,
        stated=row.text,
        computed=None if finding.computed is None else shown(finding.computed),
        verdict=finding.verdict,
        explanation_kk=sentence.in_("kk"),
        explanation_ru=sentence.in_("ru"),
        explanation_en=sentence.in_("en"),
    )

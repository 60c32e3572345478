"""Reading a report: an issue as it was stored, or before the first issue the figures as they are now."""

from dataclasses import dataclass

from analytics.kpis.service import view_of
from analytics.reports import repository
from analytics.reports.errors import ReportDoesNotReconcile
from analytics.reports.policy import COUNTRY
from analytics.reports.schemas import ReportContent, ReportQuery, StoredReport
from analytics.reports.service.composing import ReportSource, compose
from analytics.reports.service.document import ReportDocument
from analytics.reports.service.measuring import PartLabels, labels_of, measure, require_over
from analytics.reports.service.periods import ReportPeriod
from analytics.reports.service.statement import check, contradictions
from analytics.reports.service.wording import Wording
from shared.auth import Principal
from shared.domain.regions import regions
from shared.errors import Forbidden, InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What a report is written from, before it is checked. `stored` is None before its first issue."""

    content: ReportContent
    labels: PartLabels
    stored: StoredReport | None


def require_region(reader: Principal, region: str) -> None:
    """Raise InvalidInput for an unknown region, Forbidden for a supervisor or head who asks for another one than their own."""
    if region != COUNTRY and region not in regions():
        raise InvalidInput.field("region", "unknown-code", "The value is not one of the known codes.")
    view = view_of(reader, None if region == COUNTRY else region)
    view.require_all()
    if view.bound_to not in {None, region}:
        raise Forbidden


async def read(work: UnitOfWork, region: str, period: ReportPeriod, query: ReportQuery) -> ReadReport:
    """Return an issue, or before the first issue the figures as they are now.

    Raises NotFound for the number of no issue and for a time before the first one, InvalidInput for a period that is not over.
    """
    stored = await repository.issue_of(work.session, region, period.code, query.compare, query.issue, query.as_of)
    if stored is None and (query.issue is not None or query.as_of is not None):
        raise NotFound
    if stored is None:
        require_over(period, region, work.clock.now())
    content = stored.content if stored is not None else None
    if content is None:
        content = await measure(work, region, period, query.compare)
    return ReadReport(content, await labels_of(work, content), stored)


def written(report: ReadReport, wording: Wording) -> ReportDocument:
    """Return the report in the language of the wording. Raises ReportDoesNotReconcile. Call it in a thread."""
    reconciliation = check(report.content, report.labels, wording)
    if found := contradictions(reconciliation):
        raise ReportDoesNotReconcile(found)
    return compose(ReportSource(report.content, report.labels, reconciliation, report.stored), wording)


def period_of(report: StoredReport) -> ReportPeriod:
    """Return the period of an ordered report."""
    return ReportPeriod.of_code(report.period)

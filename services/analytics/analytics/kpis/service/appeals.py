"""The appeals that a figure counts, by number, for those who handle them."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from analytics.facts import service as facts
from analytics.facts.schemas import Formula, Grain
from analytics.kpis.policy import Kpi
from analytics.kpis.schemas import CountedAppeal
from analytics.kpis.service.access import View
from analytics.kpis.service.figures import FigureRequest
from analytics.kpis.service.measures import formula_rules
from shared.errors import InvalidInput, NotFound
from shared.http import Cursor, ListResponse, keyset_page
from shared.unit_of_work import UnitOfWork


async def counted_appeals(
    work: UnitOfWork, kpi: Kpi, request: FigureRequest, view: View, cursor: str | None, limit: int
) -> ListResponse[CountedAppeal]:
    """Return a page of the appeals that the figure of this request counts, latest first.

    Raises Unauthorized or Forbidden unless the visitor handles the appeals of the region, NotFound for a figure of calls or questions.
    """
    view.require_appeals()
    if kpi.grain is not Grain.APPEALS:
        raise NotFound
    request = replace(request.seen_by(view), with_protected=view.lists_protected)
    cohort = request.cohort(kpi)
    if kpi.measure is None or kpi.people:
        cohort, formula = replace(cohort, outcome=kpi.outcome, proofs=kpi.proofs), None
    else:
        formula = kpi.measure if isinstance(kpi.measure, Formula) else Formula.ANSWER_TIME
    after = None if cursor is None else _position(cursor)
    rows, total = await facts.listed_appeals(work.session, cohort, formula, formula_rules(work), after, limit + 1)
    return keyset_page(
        rows,
        limit,
        total,
        item=lambda row: CountedAppeal(appeal_id=row.appeal_id, number=row.number),
        key=lambda row: (row.received_on.toordinal(), row.appeal_id),
    )


def _position(cursor: str) -> tuple[date, UUID]:
    """Return the day and the id in a cursor. Raises InvalidInput `bad-cursor`."""
    ordinal, appeal_id = Cursor.decode(cursor, int, UUID)
    if not date.min.toordinal() <= ordinal <= date.max.toordinal():
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.")
    return date.fromordinal(ordinal), appeal_id

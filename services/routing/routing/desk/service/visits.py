"""What is new to a person: cases that changed since the person opened them, or that have news and were never opened."""

from collections.abc import Sequence
from uuid import UUID

from routing.cases.schemas.views import CaseSummary
from routing.desk import repository
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork


async def unread(work: UnitOfWork, principal: Principal, cases: Sequence[CaseSummary]) -> frozenset[UUID]:
    """Return which of these cases are new to the person. `version` grows with every change that a clerk must know."""
    seen = await repository.seen_versions(work.session, principal.subject, [case.appeal_id for case in cases])
    return frozenset(case.appeal_id for case in cases if (case.version > seen[case.appeal_id] if case.appeal_id in seen else case.has_news))


async def record_visit(work: UnitOfWork, principal: Principal, case: CaseSummary) -> None:
    """Record that the person has this version of the case on the page."""
    await repository.record_visit(work.session, principal.subject, case.appeal_id, case.version)

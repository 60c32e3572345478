"""One case on behalf of a person: a case that the person may not see is answered like one that does not exist."""

from uuid import UUID

from routing.cases import repository
from routing.cases.schemas.rows import CaseRecord
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases


async def visible_case(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> CaseRecord:
    """Return the case. Raises NotFound both for a case that does not exist and for one that `principal` may not see."""
    return _found(await repository.case(work.session, appeal_id, visible_cases(principal)))


async def lock_case(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> CaseRecord:
    """Lock and return the case. Raises NotFound as `visible_case` does."""
    return _found(await repository.lock_case(work.session, appeal_id, visible_cases(principal)))


def _found(case: CaseRecord | None) -> CaseRecord:
    if case is None:
        raise NotFound
    return case

"""One action on many cases. Each case is a transaction of its own: a refusal changes nothing in the others."""

import structlog

from routing.cases.schemas.bulk import BulkCommand, BulkResult, RefusedCase
from routing.cases.service.actions import carry_out, check_role
from routing.cases.service.visible import lock_case
from routing.clocks.errors import CalendarDoesNotReach
from shared.auth import Principal
from shared.domain.taxonomy import taxonomy
from shared.errors import Conflict, DomainError, FieldError, InvalidInput, NotFound, Unavailable
from shared.unit_of_work import UnitsOfWork

log = structlog.get_logger("bulk")


def check_bulk(principal: Principal, bulk: BulkCommand) -> None:
    """Raise what every case would be refused for: Forbidden for the role, InvalidInput for wrong fields or a case named twice."""
    if len({case.appeal_id for case in bulk.cases}) < len(bulk.cases):
        raise InvalidInput.field("cases", "duplicate-case", "Name each case once.")
    check_role(principal, bulk.for_case(bulk.cases[0]))
    if errors := taxonomy().subject_errors(bulk.fields.kind, bulk.fields.category, bulk.fields.topic):
        detail = "The category or topic does not belong to this kind."
        raise InvalidInput([FieldError(f"fields.{field}", code, detail) for field, code in errors])


async def carry_out_each(units: UnitsOfWork, principal: Principal, bulk: BulkCommand) -> BulkResult:
    """Carry out the action on each case by itself, and return which were changed and which were refused.

    A case that the principal may not see is refused as one that does not exist. An unexpected error ends the action: it is raised while
    nothing is done; later the rest is refused as `unavailable`, so that the caller learns what was changed. Raises what `check_bulk` does.
    """
    check_bulk(principal, bulk)
    result = BulkResult(done=[], refused=[])
    for position, each in enumerate(bulk.cases):
        try:
            async with units.write() as work:
                case = await lock_case(work, principal, each.appeal_id)
                await carry_out(work, principal, case, bulk.for_case(each))
        except (NotFound, Conflict, InvalidInput, CalendarDoesNotReach) as refusal:
            result.refused.append(RefusedCase(appeal_id=each.appeal_id, code=_code_of(refusal)))
        except Exception:
            if not result.done:
                raise
            log.exception("bulk action ended early", appeal_id=str(each.appeal_id))
            result.refused += [RefusedCase(appeal_id=rest.appeal_id, code=Unavailable.code) for rest in bulk.cases[position:]]
            break
        else:
            result.done.append(each.appeal_id)
    return result


def _code_of(refusal: DomainError) -> str:
    """Return the code of the refusal; of wrong fields that of the first."""
    return refusal.errors[0].code if refusal.errors else refusal.code

"""The call to an applicant: what becomes of a check, and of the proposal or the withdrawal that it is about."""

from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from provider_contact.checks import events, repository
from provider_contact.checks.codes import CheckResult, CheckStatus, CheckSubject
from provider_contact.checks.errors import CheckEnded
from provider_contact.checks.models import OutcomeCheck
from provider_contact.checks.policy import check_policy
from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.schemas.commands import Verify
from provider_contact.inquiries.service import ActionContext, ActionHandler, appeals_in, lock_context
from provider_contact.inquiries.service.entries import enter
from provider_contact.proposals import service as proposals
from provider_contact.proposals.errors import ProposalNotConfirmed
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork
from shared.visibility import EVERYTHING, visible_cases

TABLE: Final = "outcome_check"
FIELD: Final = "text"
_UNDECIDED: Final = frozenset({CheckStatus.NOT_DRAWN, CheckStatus.OPEN})
"""A clerk may also check a statement that the sample does not include."""


class Call(NamedTuple):
    """How a call to an applicant ended, what the applicant said, and who called."""

    result: CheckResult
    text: str
    caller: Principal


async def record_result(work: UnitOfWork, check_id: UUID, result: CheckResult, text: str, principal: Principal) -> repository.ListedCheck:
    """Record one call about a check that the principal sees. Raises NotFound, CheckEnded, ProposalNotConfirmed.

    An applicant who is not reached is called again, until the policy's number of tries.
    """
    appeals, scope = appeals_in(EVERYTHING, None), visible_cases(principal)
    seen = await repository.check_in(work.session, check_id, appeals, scope)
    if seen is None:
        raise NotFound
    # an inquiry is locked before the rows of the slices above it, as every action does
    inquiry_id = await proposals.inquiry_of(work, seen.check.proposal_id) if seen.check.proposal_id else None
    context = await lock_context(work, inquiry_id, principal) if inquiry_id else None
    listed = await repository.check_for_update(work.session, check_id, appeals, scope)
    if listed is None:
        raise NotFound
    await _record(work, listed.check, Call(result, text, principal), context)
    if context is not None:
        context.inquiry.version += 1
    return listed


async def _carry_out(context: ActionContext, command: Verify) -> None:
    """Record a call about a confirmed proposal of the inquiry. Raises NotFound, CheckEnded, ProposalNotConfirmed."""
    work = context.work
    if await proposals.inquiry_of(work, command.proposal_id) != context.inquiry.inquiry_id:
        raise NotFound
    check = await repository.check_of_proposal(work.session, command.proposal_id)
    if check is None:
        raise ProposalNotConfirmed
    await _record(work, check, Call(CheckResult(command.result), command.text, context.principal), context)


async def _record(work: UnitOfWork, check: OutcomeCheck, call: Call, context: ActionContext | None) -> None:
    """Change the locked check, its proposal and the inquiry of it, and publish the result once there is one.

    Both routes end here. `context`: of the locked inquiry; None for a withdrawal, which has none.
    """
    if check.status not in _UNDECIDED:
        raise CheckEnded
    policy, now = check_policy(), work.clock.now()
    check.attempts += 1
    check.text = work.sealer.seal(TABLE, check.check_id, FIELD, call.text.encode())
    check.checked_at, check.checked_by = now, call.caller.subject
    if context is not None:
        enter(context, InquiryAction.VERIFY, code=call.result)
    if call.result is CheckResult.UNREACHED and check.attempts < policy.tries:
        check.status, check.call_from = CheckStatus.OPEN, now + timedelta(hours=policy.retry_hours)
        return
    check.status = CheckStatus(call.result)
    if check.about is CheckSubject.PROPOSAL and check.proposal_id is not None and call.result is not CheckResult.UNREACHED:
        await proposals.set_verdict(work, check.proposal_id, verified=call.result is CheckResult.VERIFIED)
    if context is not None:
        await proposals.refresh_flags(work, {context.inquiry.inquiry_id: context.inquiry})
    work.publish(events.outcome_verified(check, call.caller.role or ""))


VERIFY: Final = ActionHandler(Verify, _carry_out)

"""The call to an applicant: what becomes of a check, and of the proposal or the withdrawal that it is about."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from provider_contact.checks import events, repository
from provider_contact.checks.codes import CheckResult, CheckStatus, CheckSubject
from provider_contact.checks.errors import CheckEnded
from provider_contact.checks.models import OutcomeCheck
from provider_contact.checks.policy import check_policy
from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.schemas.commands import Verify
from provider_contact.inquiries.service import ActionContext, ActionHandler, appeals_in, lock_inquiries
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
    inquiries = await lock_inquiries(work, [inquiry_id] if inquiry_id else [])
    listed = await repository.check_for_update(work.session, check_id, appeals, scope)
    if listed is None:
        raise NotFound
    await _apply(work, listed.check, result, text, principal)
    await proposals.refresh_flags(work, inquiries)
    for inquiry in inquiries.values():
        inquiry.version += 1
    return listed


async def _apply(work: UnitOfWork, check: OutcomeCheck, result: CheckResult, text: str, principal: Principal) -> None:
    """Change the locked check, and the proposal that it is about; publish its result once it has one."""
    if check.status not in _UNDECIDED:
        raise CheckEnded
    policy, now = check_policy(), work.clock.now()
    check.attempts += 1
    check.text = work.sealer.seal(TABLE, check.check_id, FIELD, text.encode())
    check.checked_at, check.checked_by = now, principal.subject
    if result is CheckResult.UNREACHED and check.attempts < policy.tries:
        check.status, check.call_from = CheckStatus.OPEN, now + timedelta(hours=policy.retry_hours)
        return
    check.status = CheckStatus(result)
    if check.about is CheckSubject.PROPOSAL and check.proposal_id is not None and result is not CheckResult.UNREACHED:
        await proposals.set_verdict(work, check.proposal_id, verified=result is CheckResult.VERIFIED)
    work.publish(events.outcome_verified(check, principal.role or ""))


async def _carry_out(context: ActionContext, command: Verify) -> None:
    """Record a call about a confirmed proposal of the inquiry. Raises NotFound, CheckEnded, ProposalNotConfirmed."""
    work, inquiry = context.work, context.inquiry
    if await proposals.inquiry_of(work, command.proposal_id) != inquiry.inquiry_id:
        raise NotFound
    check = await repository.check_of_proposal(work.session, command.proposal_id)
    if check is None:
        raise ProposalNotConfirmed
    await _apply(work, check, CheckResult(command.result), command.text, context.principal)
    await proposals.refresh_flags(work, {inquiry.inquiry_id: inquiry})
    enter(context, InquiryAction.VERIFY, code=command.result)


VERIFY: Final = ActionHandler(Verify, _carry_out)

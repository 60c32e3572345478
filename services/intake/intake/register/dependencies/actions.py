"""Actions of applicants, for the routes, pages and workers of every channel: each is carried out once under its Idempotency-Key."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from intake.register.codes import AnswerMethod, Verdict
from intake.register.schemas import (
    CallBackIn,
    CodeSent,
    ConfirmationIn,
    ContactConfirmed,
    ContactIn,
    FeedbackIn,
    MessageAddedOut,
    MessageIn,
    OutcomeResult,
    Rated,
    Reopened,
    ReopeningIn,
    VerificationIn,
    WithdrawalIn,
    WithdrawalResult,
)
from intake.register.schemas.offers import ConsentWithdrawalIn, ConsentWithdrawalResult, OfferAnswer, OfferAnswered
from intake.register.service import consents, messages, offers, outcome, verification, withdrawal
from intake.register.service.messages import ClaimFiles
from intake.register.service.ports import PlanReceipt, SendCode
from intake.register.service.registration import Register
from intake.register.service.reopening import FollowUp
from shared.auth import Principal
from shared.idempotency import Idempotency, Once, Request
from shared.unit_of_work import UnitOfWork, UnitsOfWork

T = TypeVar("T", bound=BaseModel)

CREATED: Final = 201


@dataclass(frozen=True, slots=True)
class ActionResult(Generic[T]):
    """The response to an applicant's action; `replayed` when the same request was answered before."""

    response: T
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ApplicantRequest:
    """What an applicant asks for, and the Idempotency-Key of the request."""

    operation: str
    body: BaseModel
    key: str | None = None


class ApplicantActions:
    """Opens a unit of work for each action on an appeal that its applicant has opened. Call it while no unit of work is open.

    Every action raises what its use case raises, and IdempotencyKeyReused.
    """

    def __init__(
        self, units: UnitsOfWork, idempotency: Idempotency, register: Register, send_code: SendCode, plan_receipt: PlanReceipt
    ) -> None:
        self._units = units
        self._idempotency = idempotency
        self._register = register
        self._send_code = send_code
        self._plan_receipt = plan_receipt

    async def perform(
        self,
        appeal_id: UUID,
        request: ApplicantRequest,
        response_model: type[T],
        do: Callable[[UnitOfWork], Awaitable[T]],
        *,
        check_visible: Callable[[UnitOfWork], Awaitable[object]] | None = None,
    ) -> ActionResult[T]:
        """Carry out an action in one unit of work, or return the response to a repeated request.

        `check_visible` raises for a caller who may no longer see the response to a repeated request; a caller who opened the appeal as its
        applicant needs none.
        """
        once = Once(self._idempotency, self._units, _scope_of(appeal_id), request.key)
        answer = await once.answer(request.operation, request.body, do, status=CREATED, check_visible=check_visible)
        return ActionResult(response_model.model_validate_json(answer.body), replayed=answer.is_replayed)

    async def add_message(
        self, appeal_id: UUID, message: MessageIn, *, key: str | None = None, claim_files: ClaimFiles | None = None
    ) -> ActionResult[MessageAddedOut]:
        """Add a message to the Fund. `claim_files` attaches its files in the same unit of work."""
        request = ApplicantRequest("messages", message, key)
        return await self.perform(
            appeal_id, request, MessageAddedOut, lambda work: messages.add_message(work, appeal_id, message, claim_files)
        )

    async def ask_code(
        self, appeal_id: UUID, asked: VerificationIn, *, asker: str | None = None, key: str | None = None
    ) -> ActionResult[CodeSent]:
        """Send a one-time code. `asker` as in `verification.ask_code`. The code is sent after the commit."""
        request = ApplicantRequest("verification", asked, key)
        return await self.perform(
            appeal_id, request, CodeSent, lambda work: verification.ask_code(work, self._send_code, appeal_id, asked, asker=asker)
        )

    async def confirm_contact(self, appeal_id: UUID, given: ContactIn, *, key: str | None = None) -> ActionResult[ContactConfirmed]:
        """Confirm a contact by the code that was sent to it."""
        request = ApplicantRequest("contact-confirmation", given, key)
        return await self.perform(
            appeal_id, request, ContactConfirmed, lambda work: verification.confirm_contact(work, self._plan_receipt, appeal_id, given)
        )

    async def withdraw(self, appeal_id: UUID, asked: WithdrawalIn, *, key: str | None = None) -> ActionResult[WithdrawalResult]:
        """Withdraw the appeal, or record the request where the Fund calls first."""
        request = ApplicantRequest("withdrawal", asked, key)
        return await self.perform(appeal_id, request, WithdrawalResult, lambda work: withdrawal.withdraw(work, appeal_id, asked))

    async def call_back(
        self, appeal_id: UUID, report: CallBackIn, caller: Principal, *, key: str | None = None
    ) -> ActionResult[WithdrawalResult]:
        """Record the Fund's call about a withdrawal; `caller` works for the Fund."""
        request = ApplicantRequest(f"call-back {caller.issuer}/{caller.subject}", report, key)
        return await self.perform(
            appeal_id,
            request,
            WithdrawalResult,
            lambda work: withdrawal.call_back(work, appeal_id, report, caller),
            check_visible=lambda work: withdrawal.lock_visible(work, appeal_id, caller),
        )

    async def rate(self, appeal_id: UUID, feedback: FeedbackIn, *, key: str | None = None) -> ActionResult[Rated]:
        """Store the applicant's rating of the Fund's work."""
        request = ApplicantRequest("feedback", feedback, key)
        return await self.perform(appeal_id, request, Rated, lambda work: outcome.rate(work, appeal_id, feedback))

    async def answer_offer(self, appeal_id: UUID, given: OfferAnswer, *, key: str | None = None) -> ActionResult[OfferAnswered]:
        """Store what the applicant answers to an offer of a provider."""
        request = ApplicantRequest(offers.ANSWER_CALLS[given.kind], given, key)
        return await self.perform(appeal_id, request, OfferAnswered, lambda work: offers.answer(work, appeal_id, given))

    async def withdraw_consent(
        self, appeal_id: UUID, asked: ConsentWithdrawalIn, method: AnswerMethod, *, key: str | None = None
    ) -> ActionResult[ConsentWithdrawalResult]:
        """Withdraw the consent to be named to a medical organisation."""
        request = ApplicantRequest("consent-withdrawal", asked, key)
        return await self.perform(
            appeal_id, request, ConsentWithdrawalResult, lambda work: consents.withdraw_consent(work, appeal_id, method)
        )

    async def record_consent_withdrawal(
        self, appeal_id: UUID, recorder: Principal, *, key: str | None = None
    ) -> ActionResult[ConsentWithdrawalResult]:
        """Withdraw the consent at the word of the applicant; `recorder` works for the Fund."""
        request = ApplicantRequest(f"consent-withdrawal {recorder.issuer}/{recorder.subject}", ConsentWithdrawalIn(), key)
        return await self.perform(
            appeal_id,
            request,
            ConsentWithdrawalResult,
            lambda work: consents.record_withdrawal(work, appeal_id, recorder),
            check_visible=lambda work: consents.read_consent(work, appeal_id, recorder),
        )

    async def confirm(self, appeal_id: UUID, confirmation: ConfirmationIn, *, key: str | None = None) -> ActionResult[OutcomeResult]:
        """Record whether the answer settles the appeal. A denied consultation continues in its case, any other kind in a new appeal."""
        request = ApplicantRequest("confirmation", confirmation, key)
        if confirmation.outcome == Verdict.NOT_RESOLVED:
            async with self._units.read() as work:
                if (earlier := await self._earlier_result(work, appeal_id, request, OutcomeResult)) is not None:
                    return earlier
                follow_up = await outcome.follow_up_of_denial(work, appeal_id, confirmation.reason)
            if follow_up is not None:
                return await self._register_follow_up(appeal_id, request, follow_up, OutcomeResult)
        return await self.perform(appeal_id, request, OutcomeResult, lambda work: outcome.confirm(work, appeal_id, confirmation))

    async def reopen(self, appeal_id: UUID, reopening: ReopeningIn, *, key: str | None = None) -> ActionResult[Reopened]:
        """Reopen an appeal with new facts: file a new appeal, one at a time, or deny the answer to a consultation."""
        request = ApplicantRequest("reopening", reopening, key)
        async with self._units.read() as work:
            if (earlier := await self._earlier_result(work, appeal_id, request, Reopened)) is not None:
                return earlier
            follow_up = await outcome.follow_up_of_reopening(work, appeal_id, reopening.reason)
        if follow_up is not None:
            return await self._register_follow_up(appeal_id, request, follow_up, Reopened)
        return await self.perform(appeal_id, request, Reopened, lambda work: outcome.reopen(work, appeal_id, reopening))

    async def _register_follow_up(
        self, appeal_id: UUID, request: ApplicantRequest, follow_up: FollowUp, response_model: type[T]
    ) -> ActionResult[T]:
        """Register the new appeal by the group commit; its condition changes the first appeal in the same transaction."""
        repeatable = self._repeatable(appeal_id, request)
        receipt = await self._register.file(follow_up.filing, repeatable, follow_up.condition, envelope=follow_up.envelope)
        return ActionResult(response_model.model_validate_json(receipt.body), receipt.replayed)

    async def _earlier_result(
        self, work: UnitOfWork, appeal_id: UUID, request: ApplicantRequest, response_model: type[T]
    ) -> ActionResult[T] | None:
        """Return the result of the same request made before. Raises IdempotencyKeyReused."""
        repeatable = self._repeatable(appeal_id, request)
        if repeatable is None:
            return None
        earlier = (await self._idempotency.find(work.session, [repeatable])).get(repeatable)
        return None if earlier is None else ActionResult(response_model.model_validate_json(earlier.body), replayed=True)

    def _repeatable(self, appeal_id: UUID, request: ApplicantRequest) -> Request | None:
        """Return the request under its Idempotency-Key; None without a key."""
        key = request.key
        return self._idempotency.request(_scope_of(appeal_id), key, request.operation, request.body) if key else None


def _scope_of(appeal_id: UUID) -> str:
    """Return the scope of the Idempotency-Keys of an appeal: everyone who opens the appeal as its applicant shares it."""
    return f"appeal/{appeal_id}"

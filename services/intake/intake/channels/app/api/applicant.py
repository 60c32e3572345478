"""What applicants do with an appeal of theirs by HTTP, and the Fund's calls before a withdrawal. The use cases serve every channel."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from intake.attachments.dependencies import AttachmentsDep
from intake.attachments.service import policy as attachment_policy
from intake.attachments.service.storing import Ticket
from intake.register import schemas
from intake.register.dependencies import AppealPin, IntakeDep
from intake.register.errors import (
    AlreadyDecided,
    AlreadyReopened,
    AppealFinished,
    NoContact,
    NotAnswered,
    NotReopenable,
    NoWithdrawal,
    OutcomeGiven,
    WithdrawalPending,
    WrongCode,
)
from intake.register.service import outcome, verification, withdrawal
from intake.register.service.messages import add_message
from intake.register.service.progress import ActionResult
from intake.register.service.tracking import open_own, origin_of
from shared.auth import Principal, UnconfinedPrincipalDep, require
from shared.errors import DomainError, Forbidden, InvalidInput, NotFound, TooMany, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, body
from shared.idempotency import REPLAYED, IdempotencyKey, IdempotencyKeyReused, IdempotencyKeyWeak

router = APIRouter()
CASE: Final = "/v1/appeals/{number}"


async def own_appeal(number: str, request: Request, intake: IntakeDep, asker: UnconfinedPrincipalDep, pin: AppealPin = None) -> UUID:
    """The appeal's id, for its applicant alone: by PIN, or by the token it was filed with as one's own."""
    address = intake.address(request)
    return (await open_own(intake.parts, intake.guesses, number=number, pin=pin, principal=asker, address=address)).appeal.id


Own = Annotated[UUID, Depends(own_appeal)]
Caller = Annotated[Principal, Depends(require("specialist", "supervisor", "head"))]
Onlooker = Annotated[Principal, Depends(require("specialist", "supervisor", "head", "admin"))]


def _errors(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    return responses(NotFound, Unauthorized, Forbidden, TooMany, InvalidInput, IdempotencyKeyReused, IdempotencyKeyWeak, *errors)


def _answer(done: ActionResult[Any]) -> Response:
    headers = {"Cache-Control": "no-store", **(REPLAYED if done.replayed else {})}
    return Response(done.response.model_dump_json(), 201, headers, "application/json")


@router.post(
    f"{CASE}/messages",
    status_code=201,
    response_model=schemas.MessageAddedOut,
    responses=_errors(AppealFinished, attachment_policy.Incomplete, attachment_policy.TooManyFiles, attachment_policy.TotalTooLarge),
)
async def write(
    appeal_id: Own,
    intake: IntakeDep,
    attachments: AttachmentsDep,
    said: Annotated[schemas.MessageIn, body(schemas.MessageIn)],
    key: IdempotencyKey = None,
) -> Response:
    """Write to the Fund, with finished uploads; this answers what it has asked."""

    async def claim(session: AsyncSession, message_id: UUID) -> int:
        tickets = [Ticket(one.upload_id, one.token) for one in said.attachments]
        return len(await attachments.claim(session, appeal_id, message_id, tickets))

    return _answer(await add_message(intake.parts, appeal_id, said, key=key, claim_files=claim if said.attachments else None))


@router.post(f"{CASE}/verification", status_code=201, response_model=schemas.CodeSent, responses=_errors(NoContact))
async def verify(
    appeal_id: Own,
    request: Request,
    intake: IntakeDep,
    asker: UnconfinedPrincipalDep,
    said: Annotated[schemas.VerificationIn, body(schemas.VerificationIn)],
    key: IdempotencyKey = None,
) -> Response:
    """Have a one-time code sent to the contact that the appeal was filed with."""
    origin = None if asker.has("channel") else origin_of(asker, intake.address(request))
    return _answer(await verification.ask_code(intake.parts, intake.send_code, appeal_id, said, asker=origin, key=key))


@router.post(f"{CASE}/contact-confirmation", status_code=201, response_model=schemas.ContactConfirmed, responses=_errors(WrongCode))
async def confirm_contact(
    appeal_id: Own, intake: IntakeDep, said: Annotated[schemas.ContactIn, body(schemas.ContactIn)], key: IdempotencyKey = None
) -> Response:
    """Show by the code that the contact given is one's own (АППК art. 66(4))."""
    return _answer(await verification.confirm_contact(intake.parts, appeal_id, said, key=key))


@router.post(
    f"{CASE}/withdrawal",
    status_code=201,
    response_model=schemas.WithdrawalResult,
    responses=_errors(AlreadyDecided, WithdrawalPending, WrongCode),
)
async def withdraw(
    appeal_id: Own, intake: IntakeDep, said: Annotated[schemas.WithdrawalIn, body(schemas.WithdrawalIn)], key: IdempotencyKey = None
) -> Response:
    """Take the appeal back before it is decided (АППК art. 64(9)); PENDING: the Fund calls back first."""
    return _answer(await withdrawal.withdraw(intake.parts, appeal_id, said, key=key))


@router.post(f"{CASE}/confirmation", status_code=201, response_model=schemas.OutcomeResult, responses=_errors(NotAnswered, OutcomeGiven))
async def confirm(
    appeal_id: Own, intake: IntakeDep, said: Annotated[schemas.ConfirmationIn, body(schemas.ConfirmationIn)], key: IdempotencyKey = None
) -> Response:
    """Say whether the answer settles the matter; where it does not, it goes on, with a new number unless it is a consultation."""
    return _answer(await outcome.confirm(intake.parts, intake.register, appeal_id, said, key=key))


@router.post(f"{CASE}/feedback", status_code=201, response_model=schemas.Rated, responses=_errors(NotAnswered))
async def rate(
    appeal_id: Own, intake: IntakeDep, said: Annotated[schemas.FeedbackIn, body(schemas.FeedbackIn)], key: IdempotencyKey = None
) -> Response:
    """Rate the Fund's work on it, 1 to 5; the latest holds."""
    return _answer(await outcome.rate(intake.parts, appeal_id, said, key=key))


@router.post(
    f"{CASE}/reopening",
    status_code=201,
    response_model=schemas.Reopened,
    responses=_errors(NotReopenable, AlreadyReopened, OutcomeGiven),
)
async def reopen(
    appeal_id: Own, intake: IntakeDep, said: Annotated[schemas.ReopeningIn, body(schemas.ReopeningIn)], key: IdempotencyKey = None
) -> Response:
    """Bring the matter up again with new facts (АППК art. 70(5)): a new appeal that follows this one."""
    return _answer(await outcome.reopen(intake.parts, intake.register, appeal_id, said, key=key))


@router.get("/v1/withdrawals", responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_withdrawals(
    intake: IntakeDep, reader: Onlooker, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[schemas.WithdrawalItem]:
    """The withdrawals that wait for the Fund's call, on the appeals that you see, the oldest first."""
    return await withdrawal.pending_withdrawals(intake.parts, reader, limit=limit, cursor=cursor)


@router.post(
    "/v1/withdrawals/{appeal_id}/call-back",
    status_code=201,
    response_model=schemas.WithdrawalResult,
    responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput, NoWithdrawal, AlreadyDecided, IdempotencyKeyReused),
)
async def call_back(
    appeal_id: UUID,
    intake: IntakeDep,
    caller: Caller,
    said: Annotated[schemas.CallBackIn, body(schemas.CallBackIn)],
    key: IdempotencyKey = None,
) -> Response:
    """What the applicant said when the Fund called about the withdrawal."""
    return _answer(await withdrawal.call_back(intake.parts, appeal_id, said, caller, key=key))

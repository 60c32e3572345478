"""Routes for the actions of applicants on their appeals, and for the Fund's calls before a withdrawal."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from intake.attachments.dependencies import AttachmentsDep
from intake.attachments.service.storing import UploadTicket
from intake.register import schemas
from intake.register.codes import AnswerMethod
from intake.register.dependencies import AppealPin, IntakeDep
from intake.register.dependencies.actions import ActionResult
from intake.register.dependencies.letters import PDF, open_letter
from intake.register.errors import (
    AlreadyDecided,
    AlreadyReopened,
    AppealFinished,
    CommitmentAnswered,
    CommitmentNotDue,
    ConsentAnswered,
    NoConsent,
    NoContact,
    NotAnswered,
    NotReopenable,
    NoWithdrawal,
    OutcomeGiven,
    ProposalAnswered,
    WithdrawalPending,
    WrongCode,
)
from intake.register.schemas.offers import (
    CommitmentAnswerIn,
    ConsentAnswerIn,
    ConsentWithdrawalIn,
    ConsentWithdrawalResult,
    OfferAnswered,
    ProposalAnswerIn,
)
from intake.register.service import withdrawal
from intake.register.service.tracking import origin_of
from shared.auth import Principal, UnconfinedPrincipalDep, require
from shared.dependencies import ReadDep
from shared.errors import Forbidden, InvalidInput, NotFound, TooMany, Unauthorized, Unavailable, responses
from shared.files import errors as attachment_errors
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, body
from shared.idempotency import REPLAYED, IdempotencyKey, IdempotencyKeyReused, IdempotencyKeyWeak
from shared.unit_of_work import UnitOfWork

router = APIRouter()
CASE: Final = "/v1/appeals/{number}"


async def own_appeal(number: str, request: Request, intake: IntakeDep, asker: UnconfinedPrincipalDep, pin: AppealPin = None) -> UUID:
    """Return the appeal's id, for its applicant only: by PIN, or by the token that filed it as the applicant's own."""
    address = intake.address(request)
    return await intake.opener.own_id(number=number, pin=pin, principal=asker, address=address)


@router.get(
    f"{CASE}/letter",
    tags=["appeals"],
    response_class=Response,
    responses={
        **responses(NotFound, Unauthorized, Forbidden, TooMany, InvalidInput, Unavailable),
        200: {"description": "The letter.", "content": {PDF: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def download_letter(
    number: str, request: Request, intake: IntakeDep, reader: UnconfinedPrincipalDep, _query: KnownQuery, pin: AppealPin = None
) -> Response:
    """Return the latest answer as an official letter in PDF, to the applicant alone; 404 before there is an answer."""
    return await open_letter(intake, request, number=number, pin=pin, reader=reader)


OwnDep = Annotated[UUID, Depends(own_appeal)]
CallerDep = Annotated[Principal, Depends(require("specialist", "supervisor", "head"))]
WithdrawalReaderDep = Annotated[Principal, Depends(require("specialist", "supervisor", "head", "admin"))]


ERRORS: Final = (NotFound, Unauthorized, Forbidden, TooMany, InvalidInput, IdempotencyKeyReused, IdempotencyKeyWeak)


def _answer(done: ActionResult[Any]) -> Response:
    headers = {"Cache-Control": "no-store", **(REPLAYED if done.replayed else {})}
    return Response(done.response.model_dump_json(), 201, headers, "application/json")


@router.post(
    f"{CASE}/messages",
    tags=["appeals"],
    status_code=201,
    response_model=schemas.MessageAddedOut,
    responses=responses(
        *ERRORS, AppealFinished, attachment_errors.Incomplete, attachment_errors.TooManyFiles, attachment_errors.TotalTooLarge
    ),
)
async def add_message(
    appeal_id: OwnDep,
    intake: IntakeDep,
    attachments: AttachmentsDep,
    command: Annotated[schemas.MessageIn, body(schemas.MessageIn)],
    key: IdempotencyKey = None,
) -> Response:
    """Write to the Fund, with finished uploads. A message also answers the Fund's open question."""

    async def claim(work: UnitOfWork, message_id: UUID) -> int:
        tickets = [UploadTicket(upload.upload_id, upload.token) for upload in command.attachments]
        return len(await attachments.claim(work, appeal_id, message_id, tickets))

    return _answer(await intake.actions.add_message(appeal_id, command, key=key, claim_files=claim if command.attachments else None))


@router.post(
    f"{CASE}/verification", tags=["appeals"], status_code=201, response_model=schemas.CodeSent, responses=responses(*ERRORS, NoContact)
)
async def send_contact_code(
    appeal_id: OwnDep,
    request: Request,
    intake: IntakeDep,
    asker: UnconfinedPrincipalDep,
    command: Annotated[schemas.VerificationIn, body(schemas.VerificationIn)],
    key: IdempotencyKey = None,
) -> Response:
    """Have a one-time code sent to the contact that the appeal was filed with."""
    origin = None if asker.has("channel") else origin_of(asker, intake.address(request))
    return _answer(await intake.actions.ask_code(appeal_id, command, asker=origin, key=key))


@router.post(
    f"{CASE}/contact-confirmation",
    tags=["appeals"],
    status_code=201,
    response_model=schemas.ContactConfirmed,
    responses=responses(*ERRORS, WrongCode),
)
async def confirm_contact(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[schemas.ContactIn, body(schemas.ContactIn)], key: IdempotencyKey = None
) -> Response:
    """Confirm the contact with the code that was sent to it (АППК art. 66(4))."""
    return _answer(await intake.actions.confirm_contact(appeal_id, command, key=key))


@router.post(
    f"{CASE}/withdrawal",
    tags=["appeals"],
    status_code=201,
    response_model=schemas.WithdrawalResult,
    responses=responses(*ERRORS, AlreadyDecided, WithdrawalPending, WrongCode),
)
async def withdraw_appeal(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[schemas.WithdrawalIn, body(schemas.WithdrawalIn)], key: IdempotencyKey = None
) -> Response:
    """Withdraw the appeal before it is decided (АППК art. 64(9)). PENDING: the Fund calls the applicant first."""
    return _answer(await intake.actions.withdraw(appeal_id, command, key=key))


@router.post(
    f"{CASE}/confirmation",
    tags=["appeals"],
    status_code=201,
    response_model=schemas.OutcomeResult,
    responses=responses(*ERRORS, NotAnswered, OutcomeGiven),
)
async def confirm_outcome(
    appeal_id: OwnDep,
    intake: IntakeDep,
    command: Annotated[schemas.ConfirmationIn, body(schemas.ConfirmationIn)],
    key: IdempotencyKey = None,
) -> Response:
    """Confirm or deny the answer. A denied answer continues in a new appeal; a denied consultation continues in its case."""
    return _answer(await intake.actions.confirm(appeal_id, command, key=key))


@router.post(f"{CASE}/feedback", tags=["appeals"], status_code=201, response_model=schemas.Rated, responses=responses(*ERRORS, NotAnswered))
async def rate_answer(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[schemas.FeedbackIn, body(schemas.FeedbackIn)], key: IdempotencyKey = None
) -> Response:
    """Rate the Fund's work, 1 to 5. The latest rating counts."""
    return _answer(await intake.actions.rate(appeal_id, command, key=key))


@router.post(
    f"{CASE}/proposal-answers",
    tags=["appeals"],
    status_code=201,
    response_model=OfferAnswered,
    responses=responses(*ERRORS, ProposalAnswered, AppealFinished),
)
async def answer_proposal(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[ProposalAnswerIn, body(ProposalAnswerIn)], key: IdempotencyKey = None
) -> Response:
    """Say whether the matter is solved as the medical organisation states. Only your answer decides it; it is given once."""
    return _answer(await intake.actions.answer_offer(appeal_id, command.by(AnswerMethod.APP), key=key))


@router.post(
    f"{CASE}/commitment-answers",
    tags=["appeals"],
    status_code=201,
    response_model=OfferAnswered,
    responses=responses(*ERRORS, CommitmentAnswered, CommitmentNotDue),
)
async def answer_commitment(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[CommitmentAnswerIn, body(CommitmentAnswerIn)], key: IdempotencyKey = None
) -> Response:
    """Say whether the medical organisation kept its promise, from its day on; it is said once."""
    return _answer(await intake.actions.answer_offer(appeal_id, command.by(AnswerMethod.APP), key=key))


@router.post(
    f"{CASE}/consent-answers",
    tags=["appeals"],
    status_code=201,
    response_model=OfferAnswered,
    responses=responses(*ERRORS, ConsentAnswered, AppealFinished),
)
async def answer_consent_request(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[ConsentAnswerIn, body(ConsentAnswerIn)], key: IdempotencyKey = None
) -> Response:
    """Say whether the medical organisation may know who you are and read the appeal. Only a yes opens them; it is said once."""
    return _answer(await intake.actions.answer_offer(appeal_id, command.by(AnswerMethod.APP), key=key))


@router.post(
    f"{CASE}/consent-withdrawal",
    tags=["appeals"],
    status_code=201,
    response_model=ConsentWithdrawalResult,
    responses=responses(*ERRORS, NoConsent),
)
async def withdraw_consent(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[ConsentWithdrawalIn, body(ConsentWithdrawalIn)], key: IdempotencyKey = None
) -> Response:
    """Withdraw the consent to be named to a medical organisation, at any time. The appeal goes on; withdrawn twice it is withdrawn once."""
    return _answer(await intake.actions.withdraw_consent(appeal_id, command, AnswerMethod.APP, key=key))


@router.post(
    f"{CASE}/reopening",
    tags=["appeals"],
    status_code=201,
    response_model=schemas.Reopened,
    responses=responses(*ERRORS, NotReopenable, AlreadyReopened, OutcomeGiven),
)
async def reopen_appeal(
    appeal_id: OwnDep, intake: IntakeDep, command: Annotated[schemas.ReopeningIn, body(schemas.ReopeningIn)], key: IdempotencyKey = None
) -> Response:
    """Reopen the subject with new facts (АППК art. 70(5)): a new appeal that follows this one."""
    return _answer(await intake.actions.reopen(appeal_id, command, key=key))


@router.get("/v1/withdrawals", tags=["withdrawals"], responses=responses(Unauthorized, Forbidden, InvalidInput))
async def list_withdrawals(
    reader: WithdrawalReaderDep, work: ReadDep, _query: KnownQuery, limit: Limit = DEFAULT_LIMIT, cursor: CursorText = None
) -> ListResponse[schemas.WithdrawalItem]:
    """List the withdrawals that wait for the Fund's call, of appeals that you may see, oldest first."""
    return await withdrawal.pending_withdrawals(work, reader, limit=limit, cursor=cursor)


@router.post(
    "/v1/withdrawals/{appeal_id}/call-back",
    tags=["withdrawals"],
    status_code=201,
    response_model=schemas.WithdrawalResult,
    responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput, NoWithdrawal, AlreadyDecided, IdempotencyKeyReused),
)
async def record_call_back(
    appeal_id: UUID,
    intake: IntakeDep,
    caller: CallerDep,
    command: Annotated[schemas.CallBackIn, body(schemas.CallBackIn)],
    key: IdempotencyKey = None,
) -> Response:
    """Record what the applicant answered when the Fund called about the withdrawal."""
    return _answer(await intake.actions.call_back(appeal_id, command, caller, key=key))

"""HTTP routes: the notifications of an appeal, and the SMS gateway's receipts and replies."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import APIKeyHeader
from pydantic import BaseModel

from intake.notifications import repository
from intake.notifications.codes import NotificationState
from intake.notifications.models import Notification
from intake.notifications.policy import notification_texts
from intake.notifications.repository import AddressedNotification
from intake.notifications.service import inbound
from intake.notifications.service.contacts import sent_address
from intake.notifications.service.inbound import SmsReceipt, SmsReply
from intake.register.codes import Verdict
from intake.register.dependencies import Intake, IntakeDep
from intake.register.errors import AppealFinished, CommitmentAnswered, ConsentAnswered, NotAnswered, OutcomeGiven, ProposalAnswered
from intake.register.schemas import ConfirmationIn
from intake.register.schemas.offers import OfferAnswer
from intake.register.service.tracking import find_appeal
from shared.auth import STAFF, Principal, needs_token, require
from shared.dependencies import ClockDep, ReadDep, UnitOfWorkDep, UnitsOfWorkDep
from shared.domain.identifiers import canonical_number
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, parse, read_body
from shared.outgoing.signatures import BadSignature, verify_signature
from shared.sealing import Sealer
from shared.visibility import visible_cases

ModelT = TypeVar("ModelT", bound=BaseModel)

router = APIRouter()
ReaderDep = Annotated[Principal, Depends(require(*STAFF, "admin"))]


signature_header: Final = APIKeyHeader(
    name="webhook-signature",
    scheme_name="sms_gateway",
    description="Signature by Standard Webhooks over the headers `webhook-id` and `webhook-timestamp` and the body.",
    auto_error=False,
)
SignatureDep = Annotated[str | None, Depends(signature_header)]
"""Shows in the OpenAPI document that the call is signed; `verify_signature` reads the headers itself."""


class NotificationOut(BaseModel):
    """A notification and its delivery; the address is masked."""

    notice_id: UUID
    fact: str
    channel: str
    state: str
    state_label: dict[str, str]
    reason: str | None
    reason_label: dict[str, str] | None
    attempts: int
    address: str | None
    planned_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None


@router.get("/v1/appeals/{number}/notices", tags=["notifications"], responses=responses(Unauthorized, Forbidden, NotFound, InvalidInput))
async def list_notifications(
    number: str,
    response: Response,
    reader: ReaderDep,
    _query: KnownQuery,
    work: ReadDep,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[NotificationOut]:
    """List the notifications of an appeal and their delivery, in the order of planning, for staff who may see the case."""
    response.headers["Cache-Control"] = "no-store"
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    written = canonical_number(number)
    found = await find_appeal(work.session, written) if written is not None else None
    if found is None or not visible_cases(reader).allows(found[1].region, found[1].tier, found[1].provider_id, found[1].protection):
        raise NotFound
    rows, total = await repository.notifications_of_appeal(work.session, found[0].id, after=after, limit=limit + 1)
    items = [notification_out(work.sealer, row) for row in rows[:limit]]
    more = Cursor.encode(items[-1].planned_at, items[-1].notice_id) if len(rows) > limit else None
    return ListResponse(items=items, total=total, next_cursor=more)


def notification_out(sealer: Sealer, row: Notification) -> NotificationOut:
    """Return a notification as staff may read it."""
    texts = notification_texts()
    return NotificationOut(
        notice_id=row.id,
        fact=row.fact,
        channel=row.channel,
        state=row.state,
        state_label=dict(texts.states[row.state].as_dict()),
        reason=row.reason,
        reason_label=dict(texts.reasons[row.reason].as_dict()) if row.reason else None,
        attempts=row.attempts,
        address=sent_address(sealer, row),
        planned_at=row.planned_at,
        due_at=row.due_at if row.state == NotificationState.PLANNED else None,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
    )


def signed_body(model: type[ModelT]) -> Any:
    """Return a dependency that gives the id and body of a request signed by the gateway, parsed only after its signature was checked.

    It raises BadSignature, and what `parse` raises.
    """

    @needs_token
    async def read(request: Request, intake: IntakeDep, clock: ClockDep, _signature: SignatureDep) -> tuple[str, ModelT]:
        raw = await read_body(request)
        secret = intake.parts.settings.sms_secret
        message_id = verify_signature(secret.get_secret_value() if secret else None, request.headers, raw, clock)
        return message_id, parse(model, raw)

    read.body_model = model  # type: ignore[attr-defined]  # `shared.openapi.document` reads it
    return Depends(read)


@router.post("/v1/channels/sms/receipts", tags=["gateways"], status_code=204, responses=responses(BadSignature))
async def receive_sms_receipt(
    message: Annotated[tuple[str, SmsReceipt], signed_body(SmsReceipt)], intake: IntakeDep, work: UnitOfWorkDep
) -> None:
    """Record the gateway's report whether a message arrived, signed by Standard Webhooks."""
    _, receipt = message
    await inbound.process_receipt(work, intake.parts.settings, receipt)


@router.post("/v1/channels/sms/inbound", tags=["gateways"], status_code=204, responses=responses(BadSignature))
async def receive_sms_reply(
    message: Annotated[tuple[str, SmsReply], signed_body(SmsReply)], intake: IntakeDep, units: UnitsOfWorkDep
) -> None:
    """Record an applicant's reply («1» or «2») to the latest answer or question sent to this phone number.

    Any other text answers nothing; if the question was about an offer of a provider, the contact centre calls the applicant.
    """
    message_id, reply = message
    settled = inbound.outcome_in(reply.text)
    async with units.read() as work:
        if await inbound.was_processed(work, message_id):
            return
        question = await inbound.replied_question(work, reply, yes=settled) if settled is not None else None
    following = None
    if question is not None and question.offer is not None:
        await answer_offer(intake, question.item, message_id, question.offer)
    elif question is not None:
        following = await confirm_outcome(intake, question.item, message_id, settled=settled is True)
    async with units.write() as work:
        if question is None:
            await inbound.note_unclear(work, reply)
        if following is not None:
            await inbound.plan_continued(work, following)
        await inbound.mark_processed(work, message_id)


async def confirm_outcome(intake: Intake, item: AddressedNotification, message_id: str, *, settled: bool) -> UUID | None:
    """Record the applicant's verdict on the answer; a second verdict changes nothing. Return the id of the following appeal, if any."""
    confirmation = ConfirmationIn(outcome=Verdict.RESOLVED if settled else Verdict.NOT_RESOLVED)
    key = inbound.outcome_key(intake.parts.pepper, message_id)
    try:
        done = await intake.actions.confirm(item.notification.appeal_id, confirmation, key=key)
    except (NotAnswered, OutcomeGiven):
        return None
    return done.response.followed_by.appeal_id if done.response.followed_by is not None else None


async def answer_offer(intake: Intake, item: AddressedNotification, message_id: str, answer: OfferAnswer) -> None:
    """Record whether an offer of a provider holds; a second answer changes nothing."""
    with suppress(ProposalAnswered, CommitmentAnswered, ConsentAnswered, AppealFinished):
        await intake.actions.answer_offer(item.notification.appeal_id, answer, key=inbound.outcome_key(intake.parts.pepper, message_id))

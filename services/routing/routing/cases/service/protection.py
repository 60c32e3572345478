"""The protected lane: which cases enter and leave it, to which bodies they are passed on, and the proof that they arrived.

A protected case is seen by the roles of `protected_readers.csv` alone (`shared.visibility`). It waits in the queue of the central office
on the highest tier, whatever its branch is.
"""

from collections.abc import Sequence

from routing.cases import repository
from routing.cases.repository import deliveries as records
from routing.cases.schemas.deliveries import DeliveryRecord, DeliveryView
from routing.cases.schemas.protection_commands import ProofContent, Protect, RecordDelivery
from routing.cases.schemas.rows import CaseRecord
from routing.cases.schemas.staffing import queue_of
from routing.cases.service.action_context import ActionContext
from shared.domain.protection import ground_in, protection_grounds
from shared.domain.regions import regions
from shared.domain.taxonomy import HIGHEST_TIER
from shared.errors import InvalidInput
from shared.sealing import Sealer


async def protect(context: ActionContext, command: Protect) -> None:
    """Move the case into the lane. Raises InvalidInput for a colleague complained about who is not known, or is oneself."""
    concerned = command.concerned
    if concerned is not None and await repository.colleague(context.work.session, concerned) is None:
        raise InvalidInput.field("concerned", "unknown-colleague", "No colleague is known by this name.")
    if concerned is not None and concerned == context.principal.subject:
        raise InvalidInput.field("concerned", "own-case", "Leave an appeal about yourself to a colleague.")
    _enter(context.case, command.ground)
    context.case.concerned = concerned


def follow_categories(case: CaseRecord) -> None:
    """Move a case of which a category is protected now into the lane. One that is in it stays until a person gives it back."""
    ground = ground_in(case.categories)
    if case.protection is None and ground is not None:
        _enter(case, ground)


def _enter(case: CaseRecord, ground: str) -> None:
    case.protection_ground, case.protection = ground, protection_grounds()[ground].protection
    case.tier, case.assignee = HIGHEST_TIER, None
    case.queue = queue_of(case.region, case.tier, case.language, protected=True)


def leave(case: CaseRecord) -> None:
    """Take the case out of the lane. The caller moves it to the queue of its tier."""
    case.protection_ground = case.protection = case.concerned = None
    case.assignee = None


def passed_on(case: CaseRecord, body: str) -> None:
    """Note that a protected case was passed on to a body, whose receipt is to be proved."""
    if case.protection is not None:
        case.unproved_body = body


async def record_delivery(context: ActionContext, command: RecordDelivery) -> None:
    """Store the proof that the body received the appeal. Raises InvalidInput for a day that has not come, or before the appeal."""
    case = context.case
    zone = regions()[case.region].timezone
    if command.delivered_on > context.now.astimezone(zone).date():
        raise InvalidInput.field("delivered_on", "in-future", "This day has not come yet.")
    if command.delivered_on < case.received_at.astimezone(zone).date():
        raise InvalidInput.field("delivered_on", "too-early", "The appeal was received after this day.")
    body, case.unproved_body = case.unproved_body or "", None
    delivery_id = context.work.ids.new()
    content = ProofContent(reference=command.reference).model_dump_json().encode()
    delivery = DeliveryRecord(
        delivery_id=delivery_id,
        appeal_id=case.appeal_id,
        at=context.now,
        body=body,
        method=command.method,
        delivered_on=command.delivered_on,
        content=context.work.sealer.seal("body_delivery", delivery_id, "content", content),
        actor_role=context.role,
        actor=context.principal.subject,
    )
    records.add_delivery(context.work.session, delivery)
    context.file.deliveries.append(delivery)
    context.enter("delivery-proved", body=body, method=command.method, day=command.delivered_on.isoformat())


def views(deliveries: Sequence[DeliveryRecord], sealer: Sealer) -> list[DeliveryView]:
    """Return the proofs as clients see them."""
    return [
        DeliveryView(
            body=each.body,
            method=each.method,
            delivered_on=each.delivered_on,
            reference=_reference(each, sealer),
            recorded_at=each.at,
        )
        for each in deliveries
    ]


def _reference(delivery: DeliveryRecord, sealer: Sealer) -> str:
    sealed = sealer.open("body_delivery", delivery.delivery_id, "content", delivery.content)
    return ProofContent.model_validate_json(sealed).reference

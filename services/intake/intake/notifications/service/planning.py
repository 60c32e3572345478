"""Planning of notifications in the transaction that makes their fact true. Nothing is unsealed or sent here."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from intake.notifications import repository
from intake.notifications.codes import DeliveryMethod, NotificationState, Recipient
from intake.notifications.policy import RECEIPT, notified_facts, policy, routes
from intake.notifications.repository import NotificationRow
from intake.register.codes import OVERRULED, PIN_REPLACED, CodePurpose
from intake.register.service.ports import TrackedChange
from shared.ids import derived
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork

CODE_FACTS: Final[dict[CodePurpose, str]] = {
    "contact-confirmation": "code",
    "withdrawal": "withdrawal-code",
    "pin-recovery": "pin-code",
    "rating": "rating-code",
}


class FactOfAppeal(NamedTuple):
    """A fact of an appeal that somebody may have to be notified of."""

    event_id: UUID
    appeal_id: UUID
    fact: str


async def plan_batch(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Plan the notifications of a batch of events, in two statements; most batches need none."""
    await plan(work, _facts(batch))


async def plan_changes(work: UnitOfWork, batch: Batch[Any], changes: Sequence[TrackedChange]) -> None:
    """Plan the notifications of a batch of other services' events, and of the withdrawals that they overrule."""
    late = (each.received for each in changes if each.overrules_withdrawal)
    overruled = [FactOfAppeal(derived(each.envelope.id, OVERRULED), each.event.appeal_id, OVERRULED) for each in late]
    await plan(work, [*_facts(batch), *overruled])


def _facts(batch: Batch[Any]) -> list[FactOfAppeal]:
    notified = (each for each in batch.received if each.event.FACT in notified_facts())
    return [FactOfAppeal(each.envelope.id, each.event.appeal_id, each.event.FACT) for each in notified]


async def plan(work: UnitOfWork, facts: Iterable[FactOfAppeal]) -> None:
    """Plan one notification for each fact that has a route and whose applicant can be reached; repeating it changes nothing.

    The method that the applicant chose is used if the fact has a route for it, else a method is chosen when the notification is sent.
    Applicants of imported appeals, and those who are notified by others (`silent` methods), get none.
    """
    notified = [fact for fact in facts if fact.fact in notified_facts()]
    if not notified:
        return
    chosen_by_appeal = await repository.reachable_appeals(work.session, {fact.appeal_id for fact in notified})
    notifications = []
    for fact in notified:
        chosen = chosen_by_appeal.get(fact.appeal_id)
        if fact.appeal_id not in chosen_by_appeal or chosen in policy().silent:
            continue
        method = DeliveryMethod.ANY
        if chosen and (fact.fact, Recipient.APPLICANT, chosen) in routes():
            method = DeliveryMethod(chosen)
        notifications.append(new_notification(derived(fact.event_id, Recipient.APPLICANT), fact, method, work.clock.now()))
    await repository.add_notifications(work.session, sorted(notifications, key=lambda each: str(each["id"])))


async def plan_receipt(work: UnitOfWork, appeal_id: UUID, answer_by: str | None) -> None:
    """Plan the message that an appeal is registered, once an appeal; `answer_by` is the method that the applicant chose for the answer.

    Call it only for an appeal with a confirmed contact. Applicants who are notified by others get none.
    """
    if answer_by in policy().silent:
        return
    fact = FactOfAppeal(derived(appeal_id, RECEIPT), appeal_id, RECEIPT)
    is_chosen = answer_by is not None and (RECEIPT, Recipient.APPLICANT, answer_by) in routes()
    method = DeliveryMethod(answer_by) if is_chosen and answer_by else DeliveryMethod.ANY
    notification = new_notification(derived(fact.event_id, Recipient.APPLICANT), fact, method, work.clock.now())
    await repository.add_notifications(work.session, [notification])


async def plan_pin_notices(work: UnitOfWork, appeal_id: UUID, channels: Collection[str]) -> None:
    """Plan a message by each of these channels that the PIN of an appeal was replaced."""
    fact, now = FactOfAppeal(work.ids.new(), appeal_id, PIN_REPLACED), work.clock.now()
    methods = [DeliveryMethod(channel) for channel in channels]
    planned = [new_notification(derived(fact.event_id, f"{Recipient.APPLICANT}/{method}"), fact, method, now) for method in methods]
    await repository.add_notifications(work.session, planned)


async def send_code(
    work: UnitOfWork,
    *,
    appeal_id: UUID,
    channel: Literal["SMS", "EMAIL"],
    address: str,
    code: str,
    language: str,
    purpose: CodePurpose,
) -> None:
    """Plan the sending of a one-time code to this address and no other, at once and at any hour, after the caller's commit.

    The text says what the code is for, so that nobody is talked into giving away a code that does something else.
    """
    notification_id, now = work.ids.new(), work.clock.now()
    fact = FactOfAppeal(notification_id, appeal_id, CODE_FACTS[purpose])
    notification = new_notification(notification_id, fact, DeliveryMethod(channel), now)
    notification["language"] = language
    notification["address"] = work.sealer.seal("notice", notification_id, "address", address.encode())
    notification["secret"] = work.sealer.seal("notice", notification_id, "secret", code.encode())
    await repository.add_notifications(work.session, [notification])


def new_notification(notification_id: UUID, fact: FactOfAppeal, method: DeliveryMethod, now: datetime) -> NotificationRow:
    """Return a planned notification of the applicant, due at once."""
    return {
        "id": notification_id,
        "appeal_id": fact.appeal_id,
        "event_id": fact.event_id,
        "recipient": Recipient.APPLICANT,
        "channel": method,
        "fact": fact.fact,
        "language": None,
        "address": None,
        "secret": None,
        "phone_key": None,
        "state": NotificationState.PLANNED,
        "reason": None,
        "attempts": 0,
        "planned_at": now,
        "due_at": now,
        "leased_by": None,
        "leased_until": None,
        "sent_at": None,
        "delivered_at": None,
        "provider_ref": None,
    }

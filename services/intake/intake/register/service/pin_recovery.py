"""A new PIN by a one-time code to a confirmed contact of the appeal. Nothing shows whether an appeal exists or a contact is right."""

import hmac
from datetime import timedelta
from typing import Final
from uuid import UUID

from intake.register.codes import PIN_REPLACED
from intake.register.models import Appeal
from intake.register.policy import policy
from intake.register.repository import applicant as records
from intake.register.repository import recipients
from intake.register.repository.guesses import access_to
from intake.register.schemas import PinConfirmationIn, PinRecoveryIn
from intake.register.service.ports import PlanPinNotices, SendCode
from intake.register.service.progress import lock_appeal, store_tracking
from intake.register.service.registration import PIN_DIGITS, hashed_pin
from intake.register.service.sealed_fields import open_field
from intake.register.service.verification import CODE_CHANNELS, hashed_code, send_new_code
from shared.domain.emails import InvalidEmail, normalise_email
from shared.domain.identifiers import canonical_number
from shared.domain.phones import InvalidPhone, normalise_personal_phone
from shared.ids import random_digits
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "pin-recovery"
_NOTHING: Final = UUID(int=0)
_NO_HASH: Final = bytes(32)


def contact_in(text: str) -> tuple[str, str] | None:
    """Return kind and normalised form of a phone or an e-mail as typed; None for anything else."""
    for kind, normalise in (("phone", normalise_personal_phone), ("email", normalise_email)):
        try:
            return kind, normalise(text)
        except (InvalidPhone, InvalidEmail):
            continue
    return None


async def ask(work: UnitOfWork, send_code: SendCode, asked: PinRecoveryIn, asker: str) -> None:
    """Send a code if the contact is a confirmed one of the appeal; otherwise do nothing. Raises TooMany, which callers do not show."""
    appeal_id = (await access_to(work.session, canonical_number(asked.number) or "")).id
    contact = contact_in(asked.contact)
    if appeal_id is None or contact is None:
        return
    await lock_appeal(work, appeal_id)
    appeal = await records.whole_appeal(work.session, appeal_id)
    kind, address = contact
    known = (await _confirmed_contacts(work, appeal)).get(kind, "")
    if known and hmac.compare_digest(known.encode(), address.encode()):
        await send_new_code(work, send_code, appeal, contact, PURPOSE, asker)


async def redeem(work: UnitOfWork, plan_notices: PlanPinNotices, given: PinConfirmationIn) -> str | None:
    """Return a new PIN for the right code, which is used up; the old PIN no longer opens the appeal. None for anything else.

    The audit log, the timeline and a message to every confirmed contact say that the PIN was replaced. The statements are the same whether
    or not there is such an appeal or code, up to the right code.
    """
    now, rules = work.clock.now(), policy().code
    appeal_id = (await access_to(work.session, canonical_number(given.number) or "")).id or _NOTHING
    latest = await records.latest_code(work.session, appeal_id, PURPOSE)
    code_id = latest.id if latest is not None else _NOTHING
    is_counted = await records.count_try(work.session, code_id, rules.tries)
    is_equal = hmac.compare_digest(latest.code if latest is not None else _NO_HASH, hashed_code(work.pepper, code_id, PURPOSE, given.code))
    is_fresh = latest is not None and now < latest.sent_at + timedelta(minutes=rules.minutes)
    if not (is_counted and is_equal and is_fresh):
        return None
    await records.use_code(work.session, code_id, now)
    pin = random_digits(PIN_DIGITS)
    await records.replace_pin(work.session, appeal_id, hashed_pin(work.pepper, appeal_id, pin))
    await store_tracking(work, await lock_appeal(work, appeal_id), work.ids.new(), PIN_REPLACED)
    await work.audit.record(reader="applicant", purpose=PURPOSE, ids=[appeal_id])
    contacts = await _confirmed_contacts(work, await records.whole_appeal(work.session, appeal_id))
    await plan_notices(work, appeal_id, [CODE_CHANNELS[kind] for kind in contacts])
    return pin


async def _confirmed_contacts(work: UnitOfWork, appeal: Appeal) -> dict[str, str]:
    """Return the contacts that are confirmed, or that a person wrote down, by kind."""
    given = open_field(work.sealer, appeal.id, "applicant", appeal.applicant) or {}
    confirmed = CODE_CHANNELS if appeal.received_by is not None else await recipients.confirmed_kinds(work.session, appeal.id)
    return {kind: given[kind] for kind in CODE_CHANNELS if kind in confirmed and kind in given}

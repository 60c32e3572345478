"""Where an appeal stands: for who has its number and PIN, for the applicant's own token, and for staff who see it."""

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.models import Appeal, Timeline, Tracking
from intake.register.models import Message as MessageRow
from intake.register.repository import applicant as records
from intake.register.repository.guesses import Access, access_to
from intake.register.repository.recipients import confirmed_kinds
from intake.register.schemas import Answer, Attached, HeldFor, Message, TimelineEntry, Tracked
from intake.register.service.guessing import Attempt, Guesses
from intake.register.service.ports import AttachedFile, ListFiles
from intake.register.service.progress import FUND, words_of
from intake.register.service.registration import INITIAL, hashed_pin, sender_key, shown_status
from intake.register.service.rights import actions, is_decided, is_finished
from intake.register.service.texts import timeline_text
from intake.register.service.verification import WAYS, contact_kinds
from shared.auth import Principal
from shared.contents import OwnerUnavailable
from shared.domain.identifiers import InvalidNumber, RegistrationNumber, digits_as_typed
from shared.domain.labels import Label
from shared.domain.lifecycle import holder_of
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.sealing import Pepper
from shared.service import Parts
from shared.visibility import visible_cases
from shared.web.formats import Formats

NOBODY: Final = "NONE"
_NO_APPEAL: Final = UUID(int=0)
_NO_NUMBER: Final = ""
_NO_PIN: Final = bytes(32)
_FORMATS: Final = {language: Formats(language) for language in ("kk", "ru", "en")}


@dataclass(frozen=True, slots=True)
class Seen:
    """An appeal that the asker may see."""

    appeal: Appeal
    tracking: Tracking
    timeline: Sequence[Timeline]
    is_own: bool
    """The asker is the applicant: by PIN, or by the token it was filed with as one's own."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands beside the tracking row, and the words that other services hold, by id."""

    names: Mapping[UUID, tuple[str, str]]
    messages: Sequence[MessageRow]
    attached: Sequence[AttachedFile]
    withdrawal_pending: bool
    followed_by: str | None
    goes_on: bool
    """In the appeal that follows, which is not finished."""
    contacts: Sequence[str]
    """Kinds of contact to which a code can be sent; for the applicant alone."""
    confirmed: Collection[str]
    is_written_down: bool
    """A person of the Fund or of a provider wrote the contacts down."""
    words: Mapping[UUID, dict[str, Any] | None] | None
    """None: their owner does not reply."""


async def track(
    parts: Parts, guesses: Guesses, list_files: ListFiles, *, number: str, pin: str | None, principal: Principal, address: str
) -> Tracked:
    """The appeal as its holder may read it.

    Raises NotFound for a number, a PIN or a token that does not open it, all alike and after the same work; TooMany after wrong attempts.
    """
    seen = await open_case(parts, guesses, number=number, pin=pin, principal=principal, address=address)
    return await tracked(parts, list_files, seen, principal)


async def find_appeal(session: AsyncSession, number: str) -> tuple[Appeal, Tracking] | None:
    """Return the appeal of a registration number in canonical form. Who may see it is the caller's question."""
    return await repository.appeal_by_number(session, number)


async def tracked(parts: Parts, list_files: ListFiles, seen: Seen, principal: Principal) -> Tracked:
    """The appeal as whoever has opened it may read it."""
    return _tracked(parts, seen, await _beside(parts, list_files, seen, principal), parts.clock.now())


async def _beside(parts: Parts, list_files: ListFiles, seen: Seen, principal: Principal) -> _Beside:
    appeal_id, following = seen.appeal.id, seen.tracking.followed_by
    async with parts.database.read() as session:
        providers = {UUID(one.data["provider_id"]) for one in seen.timeline if "provider_id" in one.data}
        names = await repository.provider_names(session, providers)
        messages = await records.messages(session, appeal_id)
        attached = (await list_files(session, [appeal_id])).get(appeal_id, ())
        is_pending = not is_decided(seen.tracking.status) and await records.pending_withdrawal(session, appeal_id) is not None
        number = await records.number_of_appeal(session, following) if following else None
        status = await records.status_of(session, following) if following else None
        applicant = await records.sealed_applicant(session, appeal_id) if seen.is_own else None
        confirmed = await confirmed_kinds(session, appeal_id)
    asked = [one.id for one in messages if one.by == FUND]
    words = await _words(parts, [*([seen.tracking.answer_id] if seen.tracking.answer_id else []), *asked], principal)
    goes_on = following is not None and (status is None or not is_finished(status))
    contacts = contact_kinds(parts, appeal_id, applicant)
    written_down = seen.appeal.received_by is not None
    return _Beside(names, messages, attached, is_pending, number, goes_on, contacts, confirmed, written_down, words)


async def open_case(
    parts: Parts, guesses: Guesses, *, number: str, pin: str | None, principal: Principal, address: str, exchange: str | None = None
) -> Seen:
    """Return the appeal for everybody who may read it; raises as `track`. `exchange`: the telephone exchange that passes digits on."""
    written, access = await _access(parts, number)
    sees, acts = _sees(parts.pepper, principal, access), not (principal.is_staff or principal.has("partner"))
    if sees and (pin is None or not acts or _filed(parts.pepper, principal, access)):
        return await _seen(parts, written, principal, has_pin=False)
    has_pin = await _has_pin(
        parts, guesses.attempt(written or number, origin_of(principal, address), exchange), access, guesses, pin, principal
    )
    if not (sees or has_pin):
        raise NotFound
    return await _seen(parts, written, principal, has_pin=has_pin)


async def open_own(parts: Parts, guesses: Guesses, *, number: str, pin: str | None, principal: Principal, address: str) -> Seen:
    """Return the appeal for its applicant alone; raises as `track`. Partners and staff get NotFound, and their PIN is not evaluated."""
    written, access = await _access(parts, number)
    if principal.is_staff or principal.has("partner"):
        raise NotFound
    if principal.is_anonymous or not _filed(parts.pepper, principal, access):
        attempt = guesses.attempt(written or number, origin_of(principal, address))
        if not await _has_pin(parts, attempt, access, guesses, pin, principal):
            raise NotFound
    return await _seen(parts, written, principal, has_pin=True)


async def _access(parts: Parts, number: str) -> tuple[str | None, Access]:
    """The number in its canonical form, and what decides who may open its appeal."""
    written = _canonical(number)
    async with parts.database.read() as session:
        return written, await access_to(session, written or _NO_NUMBER)


async def _has_pin(parts: Parts, attempt: Attempt, access: Access, guesses: Guesses, pin: str | None, principal: Principal) -> bool:
    """Whether the PIN is right, within the limits of guessing; a token without a PIN is no guess. Raises TooManyGuesses."""
    if pin is None and not principal.is_anonymous:
        return False
    return await guesses.evaluate(attempt, is_right=_is_right_pin(parts.pepper, access, pin))


async def _seen(parts: Parts, written: str | None, principal: Principal, *, has_pin: bool) -> Seen:
    async with parts.database.read() as session:
        found = await repository.appeal_by_number(session, written or _NO_NUMBER)
        if found is None:
            raise NotFound
        is_own = _is_applicant(parts.pepper, principal, found[0], has_pin=has_pin)
        return Seen(*found, await repository.timeline(session, found[0].id), is_own)


def origin_of(principal: Principal, address: str) -> str:
    """Who guesses: a token's subject, who shares no budget with neighbours behind the address; a machine and nobody known, the address."""
    if principal.is_anonymous or principal.has("channel"):
        return address
    return f"token {principal.issuer}\n{principal.subject}"


def _canonical(number: str) -> str | None:
    try:
        return str(RegistrationNumber.parse(number[:100]))
    except InvalidNumber:
        return None


def _is_right_pin(pepper: Pepper, access: Access, pin: str | None) -> bool:
    """Compare with the same hash and comparison when there is no such appeal, or no PIN to compare with."""
    given = hashed_pin(pepper, access.id if access.id is not None else _NO_APPEAL, digits_as_typed((pin or "")[:100]))
    return hmac.compare_digest(given, access.pin or _NO_PIN) and access.pin is not None


def _sees(pepper: Pepper, principal: Principal, access: Access) -> bool:
    if access.id is None or access.region is None or principal.is_anonymous:
        return False
    return visible_cases(principal).allows(access.region, access.tier, access.provider_id) or _filed(pepper, principal, access)


def _filed(pepper: Pepper, principal: Principal, appeal: Appeal | Access) -> bool:
    sender = sender_key(pepper, f"{principal.issuer}\n{principal.subject}")
    return appeal.owner is not None and hmac.compare_digest(appeal.owner, sender)


def _is_applicant(pepper: Pepper, principal: Principal, appeal: Appeal, *, has_pin: bool) -> bool:
    """Partners read what they passed on, and staff what lies in their region: neither acts in the applicant's place."""
    if principal.is_staff or principal.has("partner"):
        return False
    return has_pin or (not principal.is_anonymous and _filed(pepper, principal, appeal))


async def _words(parts: Parts, ids: Sequence[UUID], principal: Principal) -> Mapping[UUID, dict[str, Any] | None] | None:
    """The Fund's words, claimed from their owner; None while it does not reply."""
    if not ids:
        return {}
    is_named = principal.is_staff or principal.has("partner")
    reader = principal.subject if is_named else "applicant"  # an applicant's subject may be an IIN
    try:
        return await parts.contents.read("routing", ids, purpose="tracking", on_behalf_of=reader)
    except OwnerUnavailable:
        return None


def _answer(tracking: Tracking, words: Mapping[UUID, dict[str, Any] | None] | None) -> tuple[Answer | None, bool]:
    """The Fund's answer, and whether there is one."""
    if tracking.answer_id is None or tracking.answered_at is None:
        return None, False
    if words is None:
        return None, True
    content = words.get(tracking.answer_id)
    return (None, False) if content is None else (Answer.model_validate({**content, "at": tracking.answered_at}), True)


def _tracked(parts: Parts, seen: Seen, beside: _Beside, now: datetime) -> Tracked:
    appeal, tracking = seen.appeal, seen.tracking
    answer, is_available = _answer(tracking, beside.words)
    return Tracked(
        number=appeal.number,
        status=shown_status(tracking.status, appeal.registered_at, now),
        holder=tracking.holder,
        tier=tracking.tier,
        region=tracking.region,
        received_at=appeal.received_at,
        registered_at=appeal.registered_at,
        due_at=tracking.due_at,
        due_provisional=tracking.due_provisional,
        outcome=tracking.outcome,
        time_held=time_held(appeal.received_at, seen.timeline, now),
        answer=answer,
        answer_available=is_available,
        timeline=list(_timeline(seen, beside.names, now)),
        kind=tracking.kind,
        messages=[_message(parts, one, beside.words or {}, is_own=seen.is_own) for one in beside.messages],
        attachments=[
            Attached(id=one.id, message_id=one.message_id, type=one.kind, size=one.size, state=one.state) for one in beside.attached
        ],
        open_question=_open_question(tracking, beside.messages),
        verdict=tracking.verdict,
        score=tracking.score,
        contact_confirmed=bool(beside.confirmed),
        unconfirmed_contacts=[] if beside.is_written_down else [one for one in beside.contacts if one not in beside.confirmed],
        withdrawal_pending=beside.withdrawal_pending,
        followed_by=beside.followed_by,
        actions=_actions(seen, beside) if seen.is_own else [],
    )


def _is_to_confirm(answer_by: str | None, beside: _Beside) -> bool:
    """One confirmed contact is enough for notices, unless the applicant chose another for the answer."""
    chosen = next((kind for kind in beside.contacts if WAYS[kind] == answer_by), None)
    return bool(beside.contacts) and (not beside.confirmed or (chosen is not None and chosen not in beside.confirmed))


def _actions(seen: Seen, beside: _Beside) -> list[str]:
    return actions(
        seen.tracking.model_dump(),
        has_contact=bool(beside.contacts),
        to_confirm=_is_to_confirm(seen.appeal.answer_by, beside),
        is_withdrawing=beside.withdrawal_pending,
        goes_on=beside.goes_on,
    )


def _message(parts: Parts, one: MessageRow, words: Mapping[UUID, dict[str, Any] | None], *, is_own: bool) -> Message:
    """An applicant's words are shown here to the applicant alone: staff read them at the desk, where reads are audited."""
    if one.by == FUND:
        text = (words.get(one.id) or {}).get("text")
    else:
        text = words_of(parts.sealer, one.id, one.text) if is_own and one.text is not None else None
    return Message(id=one.id, at=one.at, by=one.by, kind=one.kind, text=text, due_at=one.due_at)


def _open_question(tracking: Tracking, messages: Sequence[MessageRow]) -> UUID | None:
    """What the Fund has asked and nothing has answered: a statement of withdrawal answers no question."""
    said = [one for one in messages if one.kind != "STATEMENT"]
    if is_decided(tracking.status) or not said or said[-1].by != FUND:
        return None
    return said[-1].id


def time_held(received_at: datetime, timeline: Sequence[Timeline], now: datetime) -> list[HeldFor]:
    """Whole seconds that each holder had the matter, from receipt until now; nobody holds it once it is finished."""
    seconds: dict[str, float] = {}
    holder: str = holder_of(INITIAL, None)
    since = received_at
    for one in [*timeline, None]:
        until = max(one.at if one else now, since)
        seconds[holder] = seconds.get(holder, 0.0) + (until - since).total_seconds()
        holder, since = one.holder if one else holder, until
    return [HeldFor(holder=code, seconds=int(total)) for code, total in seconds.items() if code != NOBODY]


def _timeline(seen: Seen, names: Mapping[UUID, tuple[str, str]], now: datetime) -> Iterator[TimelineEntry]:
    appeal = seen.appeal
    rows: list[tuple[datetime, str, dict[str, Any]]] = (
        [(appeal.received_at, "received", {})] if appeal.received_at != appeal.registered_at else []
    )
    rows += [(appeal.registered_at, "registered", {})] if appeal.registered_at <= now else []
    rows += [(one.at, one.type, one.data) for one in seen.timeline]
    for at, event_type, data in sorted(rows, key=lambda row: row[0]):
        text = timeline_text(event_type)
        if text is not None:
            filled = text.filled(**_names(data, seen.tracking.region, names))
            yield TimelineEntry(at=at, type=event_type, kk=filled.kk, ru=filled.ru, en=filled.en)


def _names(data: dict[str, Any], region: str, names: Mapping[UUID, tuple[str, str]]) -> dict[str, Label]:
    """What fills a sentence's placeholders, from the codes and ids of its row."""
    codes, found = taxonomy(), {}
    if "tier" in data:
        found["tier"] = codes.tiers[data["tier"]].label
    if "outcome" in data:
        found["outcome"] = codes.outcomes[data["outcome"]].label
    if "due_at" in data:
        due, zone = datetime.fromisoformat(data["due_at"]), regions()[region].timezone
        found["due"] = Label(**{language: each.date(due, zone) for language, each in _FORMATS.items()})
    if "provider_id" in data:
        kk, ru = names.get(UUID(data["provider_id"]), (None, None))
        known = codes.holders["PROVIDER"].label
        found["provider"] = Label(kk, ru, ru) if kk and ru else known
    return found

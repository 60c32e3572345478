"""Tracking an appeal: by number and PIN, by the applicant's own token, or by staff who see it."""

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.models import Appeal, Message, Timeline, Tracking
from intake.register.repository import applicant as records
from intake.register.repository.guesses import AppealAccess, access_to
from intake.register.repository.recipients import confirmed_kinds
from intake.register.schemas import AnswerOut, AttachedFileOut, HeldFor, MessageOut, TimelineEntry, Tracked
from intake.register.schemas.codes import MessageAuthor, MessageKind
from intake.register.schemas.rows import TimelineData
from intake.register.service.guessing import Attempt, Guesses
from intake.register.service.ports import AttachedFile, ListFiles
from intake.register.service.progress import message_text
from intake.register.service.registration import INITIAL, hashed_pin, sender_key, shown_status
from intake.register.service.rights import actions, is_decided, is_finished
from intake.register.service.texts import timeline_text
from intake.register.service.verification import CODE_CHANNELS, contact_kinds
from shared.auth import Principal
from shared.contents import OwnerUnavailable
from shared.domain.identifiers import canonical_number, digits_as_typed
from shared.domain.labels import Label
from shared.domain.lifecycle import Holder, holder_of
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.sealing import Pepper
from shared.service import Parts
from shared.visibility import visible_cases
from shared.web.formats import Formats

FundTexts = Mapping[UUID, Mapping[str, JsonValue] | None]
"""Contents of routing by id, as JSON; None: unknown or withheld."""
_NO_APPEAL: Final = UUID(int=0)
_NO_NUMBER: Final = ""
_NO_PIN: Final = bytes(32)
_FORMATS: Final = {language: Formats(language) for language in ("kk", "ru", "en")}


@dataclass(frozen=True, slots=True)
class VisibleAppeal:
    """An appeal that the reader may see."""

    appeal: Appeal
    tracking: Tracking
    timeline: Sequence[Timeline]
    is_own: bool
    """The reader is the applicant: by PIN, or by the token that filed it as their own."""


@dataclass(frozen=True, slots=True)
class _Context:
    """What is shown in addition to the tracking row."""

    names: Mapping[UUID, tuple[str, str]]
    messages: Sequence[Message]
    attached: Sequence[AttachedFile]
    withdrawal_pending: bool
    followed_by: str | None
    has_open_follow_up: bool
    """The appeal that follows is not finished."""
    contacts: Sequence[str]
    """Kinds of contact to which a code can be sent; filled for the applicant only."""
    confirmed: Collection[str]
    is_written_down: bool
    """An employee of the Fund or of a provider recorded the contacts."""
    texts: FundTexts | None
    """Answers and messages of the Fund by id; None: their owner does not reply."""


async def track(
    parts: Parts, guesses: Guesses, list_files: ListFiles, *, number: str, pin: str | None, principal: Principal, address: str
) -> Tracked:
    """Return the appeal as the reader may see it.

    Raises NotFound for a number, a PIN or a token that does not open it, always after the same work; TooMany after wrong attempts.
    """
    seen = await open_case(parts, guesses, number=number, pin=pin, principal=principal, address=address)
    return await tracked(parts, list_files, seen, principal)


async def find_appeal(session: AsyncSession, number: str) -> tuple[Appeal, Tracking] | None:
    """Return the appeal of a registration number in canonical form. The caller checks who may see it."""
    return await repository.appeal_by_number(session, number)


async def tracked(parts: Parts, list_files: ListFiles, seen: VisibleAppeal, principal: Principal) -> Tracked:
    """Return an opened appeal as its reader may see it."""
    return _tracked(parts, seen, await _read_context(parts, list_files, seen, principal), parts.clock.now())


async def _read_context(parts: Parts, list_files: ListFiles, seen: VisibleAppeal, principal: Principal) -> _Context:
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
    asked = [one.id for one in messages if one.by == MessageAuthor.FUND]
    texts = await _fund_texts(parts, [*([seen.tracking.answer_id] if seen.tracking.answer_id else []), *asked], principal)
    has_open_follow_up = following is not None and (status is None or not is_finished(status))
    contacts = contact_kinds(parts.sealer, appeal_id, applicant)
    written_down = seen.appeal.received_by is not None
    return _Context(names, messages, attached, is_pending, number, has_open_follow_up, contacts, confirmed, written_down, texts)


async def open_case(
    parts: Parts, guesses: Guesses, *, number: str, pin: str | None, principal: Principal, address: str, exchange: str | None = None
) -> VisibleAppeal:
    """Return the appeal for anyone who may read it; raises as `track`. `exchange`: the telephone exchange that passes the digits on."""
    written, access = await _access(parts, number)
    sees, is_applicant = _sees(parts.pepper, principal, access), not (principal.is_staff or principal.has("partner"))
    if sees and (pin is None or not is_applicant or _filed(parts.pepper, principal, access)):
        return await _seen(parts, written, principal, has_pin=False)
    has_pin = await _has_pin(
        parts, guesses.attempt(written or number, origin_of(principal, address), exchange), access, guesses, pin, principal
    )
    if not (sees or has_pin):
        raise NotFound
    return await _seen(parts, written, principal, has_pin=has_pin)


async def open_own(parts: Parts, guesses: Guesses, *, number: str, pin: str | None, principal: Principal, address: str) -> VisibleAppeal:
    """Return the appeal for its applicant alone; raises as `track`. Partners and staff get NotFound, and their PIN is not evaluated."""
    written, access = await _access(parts, number)
    if principal.is_staff or principal.has("partner"):
        raise NotFound
    if principal.is_anonymous or not _filed(parts.pepper, principal, access):
        attempt = guesses.attempt(written or number, origin_of(principal, address))
        if not await _has_pin(parts, attempt, access, guesses, pin, principal):
            raise NotFound
    return await _seen(parts, written, principal, has_pin=True)


async def _access(parts: Parts, number: str) -> tuple[str | None, AppealAccess]:
    """Return the number in canonical form, and the columns that decide who may open its appeal."""
    written = canonical_number(number)
    async with parts.database.read() as session:
        return written, await access_to(session, written or _NO_NUMBER)


async def _has_pin(parts: Parts, attempt: Attempt, access: AppealAccess, guesses: Guesses, pin: str | None, principal: Principal) -> bool:
    """Return whether the PIN is right, within the limits on guesses. A token without a PIN is no guess. Raises TooManyGuesses."""
    if pin is None and not principal.is_anonymous:
        return False
    return await guesses.evaluate(attempt, is_right=_is_right_pin(parts.pepper, access, pin))


async def _seen(parts: Parts, written: str | None, principal: Principal, *, has_pin: bool) -> VisibleAppeal:
    async with parts.database.read() as session:
        found = await repository.appeal_by_number(session, written or _NO_NUMBER)
        if found is None:
            raise NotFound
        is_own = _is_applicant(parts.pepper, principal, found[0], has_pin=has_pin)
        return VisibleAppeal(*found, await repository.timeline(session, found[0].id), is_own)


def origin_of(principal: Principal, address: str) -> str:
    """Return who guesses: the subject of a person's token, otherwise the address. People behind one address share no budget."""
    if principal.is_anonymous or principal.has("channel"):
        return address
    return f"token {principal.identity}"


def _is_right_pin(pepper: Pepper, access: AppealAccess, pin: str | None) -> bool:
    """Return whether the PIN is right. The work is the same without such an appeal or without a stored PIN."""
    given = hashed_pin(pepper, access.id if access.id is not None else _NO_APPEAL, digits_as_typed((pin or "")[:100]))
    return hmac.compare_digest(given, access.pin or _NO_PIN) and access.pin is not None


def _sees(pepper: Pepper, principal: Principal, access: AppealAccess) -> bool:
    if access.id is None or access.region is None or principal.is_anonymous:
        return False
    return visible_cases(principal).allows(access.region, access.tier, access.provider_id) or _filed(pepper, principal, access)


def _filed(pepper: Pepper, principal: Principal, appeal: Appeal | AppealAccess) -> bool:
    sender = sender_key(pepper, principal.identity)
    return appeal.owner is not None and hmac.compare_digest(appeal.owner, sender)


def _is_applicant(pepper: Pepper, principal: Principal, appeal: Appeal, *, has_pin: bool) -> bool:
    """Return whether the reader is the applicant. Partners and staff read appeals but do not act for the applicant."""
    if principal.is_staff or principal.has("partner"):
        return False
    return has_pin or (not principal.is_anonymous and _filed(pepper, principal, appeal))


async def _fund_texts(parts: Parts, ids: Sequence[UUID], principal: Principal) -> FundTexts | None:
    """Return answers and messages of the Fund by id, fetched from their owner; None while it does not reply."""
    if not ids:
        return {}
    is_named = principal.is_staff or principal.has("partner")
    reader = principal.subject if is_named else "applicant"  # an applicant's subject may be an IIN
    try:
        return await parts.contents.read("routing", ids, purpose="tracking", on_behalf_of=reader)
    except OwnerUnavailable:
        return None


def _answer(tracking: Tracking, texts: FundTexts | None) -> tuple[AnswerOut | None, bool]:
    """Return the Fund's answer, and whether there is one."""
    if tracking.answer_id is None or tracking.answered_at is None:
        return None, False
    if texts is None:
        return None, True
    content = texts.get(tracking.answer_id)
    return (None, False) if content is None else (AnswerOut.model_validate({**content, "at": tracking.answered_at}), True)


def _tracked(parts: Parts, seen: VisibleAppeal, context: _Context, now: datetime) -> Tracked:
    appeal, tracking = seen.appeal, seen.tracking
    answer, is_available = _answer(tracking, context.texts)
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
        timeline=list(_timeline(seen, context.names, now)),
        kind=tracking.kind,
        messages=[_message(parts, one, context.texts or {}, is_own=seen.is_own) for one in context.messages],
        attachments=[
            AttachedFileOut(id=one.id, message_id=one.message_id, type=one.kind, size=one.size, state=one.state) for one in context.attached
        ],
        open_question=_open_question(tracking, context.messages),
        verdict=tracking.verdict,
        score=tracking.score,
        contact_confirmed=bool(context.confirmed),
        unconfirmed_contacts=[] if context.is_written_down else [one for one in context.contacts if one not in context.confirmed],
        withdrawal_pending=context.withdrawal_pending,
        followed_by=context.followed_by,
        actions=_actions(seen, context) if seen.is_own else [],
    )


def _is_to_confirm(answer_by: str | None, context: _Context) -> bool:
    """Return whether a contact has to be confirmed. One is enough for notices, unless another was chosen for the answer."""
    chosen = next((kind for kind in context.contacts if CODE_CHANNELS[kind] == answer_by), None)
    return bool(context.contacts) and (not context.confirmed or (chosen is not None and chosen not in context.confirmed))


def _actions(seen: VisibleAppeal, context: _Context) -> list[str]:
    return actions(
        seen.tracking.status,
        seen.tracking.kind,
        has_verdict=seen.tracking.verdict is not None,
        has_contact=bool(context.contacts),
        to_confirm=_is_to_confirm(seen.appeal.answer_by, context),
        is_withdrawing=context.withdrawal_pending,
        has_open_follow_up=context.has_open_follow_up,
    )


def _message(parts: Parts, message: Message, texts: FundTexts, *, is_own: bool) -> MessageOut:
    """Return a message. The applicant's text is shown to the applicant only; staff read it at the desk, where reads are audited."""
    if message.by == MessageAuthor.FUND:
        text = (texts.get(message.id) or {}).get("text")
    else:
        text = message_text(parts.sealer, message.id, message.text) if is_own and message.text is not None else None
    return MessageOut(id=message.id, at=message.at, by=message.by, kind=message.kind, text=text, due_at=message.due_at)


def _open_question(tracking: Tracking, messages: Sequence[Message]) -> UUID | None:
    """Return the Fund's question that waits for a reply. A statement of withdrawal answers no question."""
    said = [one for one in messages if one.kind != MessageKind.STATEMENT]
    if is_decided(tracking.status) or not said or said[-1].by != MessageAuthor.FUND:
        return None
    return said[-1].id


def time_held(received_at: datetime, timeline: Sequence[Timeline], now: datetime) -> list[HeldFor]:
    """Return the whole seconds that each holder had the appeal, from receipt until now. A finished appeal has no holder."""
    seconds: dict[Holder, float] = {}
    holder = holder_of(INITIAL, None)
    since = received_at
    for entry in [*timeline, None]:
        until = max(entry.at if entry else now, since)
        seconds[holder] = seconds.get(holder, 0.0) + (until - since).total_seconds()
        holder, since = entry.holder if entry else holder, until
    return [HeldFor(holder=code, seconds=int(total)) for code, total in seconds.items() if code != Holder.NONE]


def _timeline(seen: VisibleAppeal, names: Mapping[UUID, tuple[str, str]], now: datetime) -> Iterator[TimelineEntry]:
    appeal = seen.appeal
    rows: list[tuple[datetime, str, TimelineData]] = (
        [(appeal.received_at, "received", {})] if appeal.received_at != appeal.registered_at else []
    )
    rows += [(appeal.registered_at, "registered", {})] if appeal.registered_at <= now else []
    rows += [(entry.at, entry.type, entry.data) for entry in seen.timeline]
    for at, event_type, data in sorted(rows, key=lambda row: row[0]):
        text = timeline_text(event_type)
        if text is not None:
            filled = text.filled(**_names(data, seen.tracking.region, names))
            yield TimelineEntry(at=at, type=event_type, kk=filled.kk, ru=filled.ru, en=filled.en)


def _names(data: TimelineData, region: str, names: Mapping[UUID, tuple[str, str]]) -> dict[str, Label]:
    """Return the labels that fill the placeholders of a timeline sentence."""
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

"""Tracking an appeal: by number and PIN, by the applicant's own token, or by staff who see it."""

import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.codes import MessageAuthor, MessageKind
from intake.register.models import Appeal, Message, ProviderOffer, Timeline, Tracking
from intake.register.repository import applicant as records
from intake.register.repository.guesses import AppealAccess, access_to
from intake.register.repository.offers import offers_of_appeal
from intake.register.repository.recipients import confirmed_kinds
from intake.register.schemas import AnswerOut, AppealRead, AttachedFileOut, HeldFor, KnownProvider, MessageOut, TimelineEntry, Tracked
from intake.register.schemas.rows import TimelineData
from intake.register.service.consents import discloses_now
from intake.register.service.offers import ANSWER_CALLS, OFFER_FACTS, can_answer, commitments, consent_requests, proposals
from intake.register.service.ports import AttachedFile, ListFiles
from intake.register.service.progress import message_text
from intake.register.service.reads import reads_for_applicant
from intake.register.service.registration import INITIAL, hashed_pin, sender_key, shown_status
from intake.register.service.rights import actions, is_decided, is_finished
from intake.register.service.sealed_fields import open_field
from intake.register.service.texts import outcome_label, tier_label, timeline_text
from intake.register.service.verification import CODE_CHANNELS, contact_kinds
from shared.auth import Principal
from shared.contents import Contents, OwnerUnavailable
from shared.contracts import ClockStarted, TermExtended
from shared.domain.identifiers import canonical_number, digits_as_typed
from shared.domain.labels import Label
from shared.domain.lifecycle import Holder, holder_of
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.sealing import Pepper, Sealer, SealError
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases
from shared.web.formats import Formats

log = structlog.get_logger()

FundTexts = Mapping[UUID, Mapping[str, JsonValue] | None]
"""Contents of routing by id, as JSON; None: unknown or withheld."""
_DEADLINES: Final = frozenset({ClockStarted.FACT, TermExtended.FACT})
"""The types of timeline entries that set the end of the statutory term."""
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
class SoughtAppeal:
    """An appeal that a reader asks for by number, and what decides whether the reader may open it."""

    written: str | None
    """The number in canonical form; None: it is no registration number."""
    typed: str
    access: AppealAccess
    is_visible: bool
    """The reader's token opens the appeal."""
    is_filed: bool
    """The reader's token filed the appeal."""


@dataclass(frozen=True, slots=True)
class TrackingContext:
    """What is shown in addition to the tracking row, from intake's own tables."""

    names: Mapping[UUID, tuple[str, str]]
    messages: Sequence[Message]
    own_texts: Mapping[UUID, str]
    """Texts of the applicant's messages by id; filled for the applicant only: staff read them at the desk, where reads are audited."""
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
    text: str | None
    """As filed; filled for the applicant only. None: filed without one, erased, or damaged."""
    reads: Sequence[AppealRead]
    """Filled for the applicant only."""
    offers: Sequence[ProviderOffer]
    """What providers say they have solved or promise; filled for the applicant only."""
    discloses: bool
    """The applicant consents that a provider knows who they are; filled for the applicant only."""


async def find_appeal(session: AsyncSession, number: str) -> tuple[Appeal, Tracking] | None:
    """Return the appeal of a registration number in canonical form. The caller checks who may see it."""
    return await repository.appeal_by_number(session, number)


async def seek(work: UnitOfWork, number: str, reader: Principal) -> SoughtAppeal:
    """Find out who may open the appeal of a number, which need not exist: the work is the same."""
    written = canonical_number(number)
    access = await access_to(work.session, written or _NO_NUMBER)
    is_filed = not reader.is_anonymous and _filed(work.pepper, reader, access)
    return SoughtAppeal(written, number, access, is_visible=is_filed or _is_visible(reader, access), is_filed=is_filed)


def needs_pin(sought: SoughtAppeal, reader: Principal, pin: str | None) -> bool:
    """Return whether the PIN has to be evaluated before a reader may open the appeal, or may open it as its applicant."""
    is_applicant = not (reader.is_staff or reader.has("partner"))
    return not sought.is_visible or (pin is not None and is_applicant and not sought.is_filed)


def is_right_pin(pepper: Pepper, sought: SoughtAppeal, pin: str | None) -> bool:
    """Return whether the PIN is right. The work is the same without such an appeal or without a stored PIN."""
    access = sought.access
    given = hashed_pin(pepper, access.id if access.id is not None else _NO_APPEAL, digits_as_typed((pin or "")[:100]))
    return hmac.compare_digest(given, access.pin or _NO_PIN) and access.pin is not None


async def read_appeal(work: UnitOfWork, sought: SoughtAppeal, reader: Principal, *, has_pin: bool) -> VisibleAppeal:
    """Return the appeal for a reader who may open it. `has_pin`: the reader gave the right PIN. Raises NotFound."""
    found = await repository.appeal_by_number(work.session, sought.written or _NO_NUMBER)
    if found is None:
        raise NotFound
    is_own = _is_applicant(work.pepper, reader, found[0], has_pin=has_pin)
    return VisibleAppeal(*found, await repository.timeline(work.session, found[0].id), is_own)


async def read_context(work: UnitOfWork, list_files: ListFiles, seen: VisibleAppeal) -> TrackingContext:
    """Return what is shown in addition to the tracking row, without the Fund's texts, which another service holds."""
    session, appeal_id, following = work.session, seen.appeal.id, seen.tracking.followed_by
    providers = {UUID(entry.data["provider_id"]) for entry in seen.timeline if "provider_id" in entry.data}
    providers |= {provider for provider in (seen.tracking.provider_id,) if provider is not None}
    messages = await records.messages(session, appeal_id)
    status = await records.status_of(session, following) if following else None
    applicant = await records.sealed_applicant(session, appeal_id) if seen.is_own else None
    return TrackingContext(
        names=await repository.provider_names(session, providers),
        messages=messages,
        own_texts=_own_texts(work.sealer, messages) if seen.is_own else {},
        attached=(await list_files(work, [appeal_id])).get(appeal_id, ()),
        withdrawal_pending=not is_decided(seen.tracking.status) and await records.pending_withdrawal(session, appeal_id) is not None,
        followed_by=await records.number_of_appeal(session, following) if following else None,
        has_open_follow_up=following is not None and (status is None or not is_finished(status)),
        contacts=contact_kinds(work.sealer, appeal_id, applicant),
        confirmed=await confirmed_kinds(session, appeal_id),
        is_written_down=seen.appeal.received_by is not None,
        text=await _filed_text(work, appeal_id) if seen.is_own else None,
        reads=await reads_for_applicant(session, seen.appeal) if seen.is_own else (),
        offers=await offers_of_appeal(session, appeal_id) if seen.is_own and _has_offers(seen.timeline) else (),
        discloses=seen.is_own and await discloses_now(session, seen.appeal, has_offers=_has_offers(seen.timeline)),
    )


def _has_offers(timeline: Sequence[Timeline]) -> bool:
    """Return whether a provider has proposed or promised anything; for other appeals nothing is looked up."""
    return any(entry.type in OFFER_FACTS for entry in timeline)


async def _filed_text(work: UnitOfWork, appeal_id: UUID) -> str | None:
    row = (await repository.sealed_contents(work.session, [appeal_id], ("text",))).get(appeal_id)
    try:
        return open_field(work.sealer, appeal_id, "text", row.text) if row is not None else None
    except SealError:
        log.exception("sealed text cannot be opened", appeal_id=str(appeal_id))
        return None


def origin_of(principal: Principal, address: str) -> str:
    """Return who guesses: the subject of a person's token, otherwise the address. People behind one address share no budget."""
    if principal.is_anonymous or principal.has("channel"):
        return address
    return f"token {principal.identity}"


def _is_visible(reader: Principal, access: AppealAccess) -> bool:
    if access.id is None or access.region is None or reader.is_anonymous:
        return False
    return visible_cases(reader).allows(access.region, access.tier, access.provider_id, access.protection)


def _filed(pepper: Pepper, principal: Principal, appeal: Appeal | AppealAccess) -> bool:
    sender = sender_key(pepper, principal.identity)
    return appeal.owner is not None and hmac.compare_digest(appeal.owner, sender)


def _is_applicant(pepper: Pepper, principal: Principal, appeal: Appeal, *, has_pin: bool) -> bool:
    """Return whether the reader is the applicant. Partners and staff read appeals but do not act for the applicant."""
    if principal.is_staff or principal.has("partner"):
        return False
    return has_pin or (not principal.is_anonymous and _filed(pepper, principal, appeal))


async def fund_texts(contents: Contents, seen: VisibleAppeal, context: TrackingContext, reader: Principal) -> FundTexts | None:
    """Return answers and messages of the Fund by id, fetched from their owner; None while it does not reply.

    Call it while no unit of work is open: it waits for another service.
    """
    questions = [message.id for message in context.messages if message.by == MessageAuthor.FUND]
    ids = [*([seen.tracking.answer_id] if seen.tracking.answer_id else []), *questions]
    if not ids:
        return {}
    is_named = reader.is_staff or reader.has("partner")
    on_behalf_of = reader.subject if is_named else "applicant"  # an applicant's subject may be an IIN
    try:
        return await contents.read("routing", ids, purpose="tracking", on_behalf_of=on_behalf_of)
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


def tracked(
    seen: VisibleAppeal, context: TrackingContext, texts: FundTexts | None, offer_texts: Mapping[UUID, str], now: datetime
) -> Tracked:
    """Return an opened appeal as its reader may see it. `texts`: those of the Fund; None: their owner does not reply."""
    appeal, tracking = seen.appeal, seen.tracking
    answer, is_available = _answer(tracking, texts)
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
        extended_until=_extended_until(seen),
        outcome=tracking.outcome,
        time_held=time_held(appeal.received_at, seen.timeline, now),
        answer=answer,
        answer_available=is_available,
        timeline=list(_timeline(seen, context.names, now)),
        kind=tracking.kind,
        text=context.text,
        category=appeal.category if seen.is_own else None,
        topic=appeal.topic if seen.is_own else None,
        provider=_provider(tracking.provider_id, context.names) if seen.is_own else None,
        reads=list(context.reads),
        messages=[_message(message, context, texts or {}) for message in context.messages],
        attachments=[
            AttachedFileOut(id=file.id, message_id=file.message_id, type=file.kind, size=file.size, state=file.state)
            for file in context.attached
        ],
        open_question=_open_question(tracking, context.messages),
        verdict=tracking.verdict,
        score=tracking.score,
        contact_confirmed=bool(context.confirmed),
        unconfirmed_contacts=[] if context.is_written_down else [kind for kind in context.contacts if kind not in context.confirmed],
        withdrawal_pending=context.withdrawal_pending,
        followed_by=context.followed_by,
        proposals=proposals(context.offers, offer_texts),
        commitments=commitments(context.offers, offer_texts),
        consent_requests=consent_requests(context.offers),
        actions=_own_actions(seen, context, now) if seen.is_own else [],
    )


def _extended_until(seen: VisibleAppeal) -> date | None:
    """Return the local day until which the term was extended; None if it was not, or if another term has taken its place since."""
    deadlines = [entry for entry in seen.timeline if entry.type in _DEADLINES]
    if not deadlines or deadlines[-1].type != TermExtended.FACT:
        return None
    due_at = datetime.fromisoformat(deadlines[-1].data["due_at"])
    return due_at.astimezone(regions()[seen.tracking.region].timezone).date()


def _provider(provider_id: UUID | None, names: Mapping[UUID, tuple[str, str]]) -> KnownProvider | None:
    if provider_id is None or provider_id not in names:
        return None
    name_kk, name_ru = names[provider_id]
    return KnownProvider(provider_id=provider_id, name_kk=name_kk, name_ru=name_ru)


def _is_to_confirm(answer_by: str | None, context: TrackingContext) -> bool:
    """Return whether a contact has to be confirmed. One is enough for notices, unless another was chosen for the answer."""
    chosen = next((kind for kind in context.contacts if CODE_CHANNELS[kind] == answer_by), None)
    return bool(context.contacts) and (not context.confirmed or (chosen is not None and chosen not in context.confirmed))


def _actions(seen: VisibleAppeal, context: TrackingContext) -> list[str]:
    return actions(
        seen.tracking.status,
        seen.tracking.kind,
        has_verdict=seen.tracking.verdict is not None,
        has_contact=bool(context.contacts),
        to_confirm=_is_to_confirm(seen.appeal.answer_by, context),
        is_withdrawing=context.withdrawal_pending,
        has_open_follow_up=context.has_open_follow_up,
    )


def _own_actions(seen: VisibleAppeal, context: TrackingContext, now: datetime) -> list[str]:
    """Return what the applicant may do now, by the names of the API calls."""
    return [*_actions(seen, context), *_offer_actions(seen, context, now), *(["consent-withdrawal"] if context.discloses else [])]


def _offer_actions(seen: VisibleAppeal, context: TrackingContext, now: datetime) -> list[str]:
    """Return the calls by which the applicant may answer an offer now."""
    kinds = {offer.kind for offer in context.offers if can_answer(offer, seen.tracking.status, now)}
    return [call for kind, call in ANSWER_CALLS.items() if kind in kinds]


def _own_texts(sealer: Sealer, messages: Sequence[Message]) -> dict[UUID, str]:
    """Return the texts of the applicant's messages by id."""
    return {
        message.id: message_text(sealer, message.id, message.text)
        for message in messages
        if message.by != MessageAuthor.FUND and message.text is not None
    }


def _message(message: Message, context: TrackingContext, texts: FundTexts) -> MessageOut:
    is_from_fund = message.by == MessageAuthor.FUND
    text = (texts.get(message.id) or {}).get("text") if is_from_fund else context.own_texts.get(message.id)
    return MessageOut(id=message.id, at=message.at, by=message.by, kind=message.kind, text=text, due_at=message.due_at)


def _open_question(tracking: Tracking, messages: Sequence[Message]) -> UUID | None:
    """Return the Fund's question that waits for a reply. A statement of withdrawal answers no question."""
    conversation = [message for message in messages if message.kind != MessageKind.STATEMENT]
    if is_decided(tracking.status) or not conversation or conversation[-1].by != MessageAuthor.FUND:
        return None
    return conversation[-1].id


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
        text = timeline_text(event_type, data)
        if text is not None:
            filled = text.filled(**_names(data, seen.tracking.region, names))
            yield TimelineEntry(at=at, type=event_type, kk=filled.kk, ru=filled.ru, en=filled.en)


def _names(data: TimelineData, region: str, names: Mapping[UUID, tuple[str, str]]) -> dict[str, Label]:
    """Return the labels that fill the placeholders of a timeline sentence."""
    found = {}
    if "tier" in data:
        found["tier"] = tier_label(data["tier"])
    if "outcome" in data:
        found["outcome"] = outcome_label(data["outcome"])
    if "due_at" in data:
        due, zone = datetime.fromisoformat(data["due_at"]), regions()[region].timezone
        found["due"] = Label(**{language: each.date(due, zone) for language, each in _FORMATS.items()})
    if "provider_id" in data:
        kk, ru = names.get(UUID(data["provider_id"]), (None, None))
        known = taxonomy().holders[Holder.PROVIDER].label
        found["provider"] = Label(kk, ru, ru) if kk and ru else known
    return found

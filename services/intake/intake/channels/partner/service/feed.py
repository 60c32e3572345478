"""The feed of updates: written with the tracking they tell of, numbered in the order of commits, read behind a cursor without gaps.

A sequence would number rows before they are committed: a reader could pass a number whose row shows up later. So rows are numbered once
they are there, by one at a time under a locked row, and only numbered rows are read. In the same transaction each finds its webhooks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.partner import repository
from intake.channels.partner.models import Subscription, UpdateEntry
from intake.channels.partner.schemas import Update, Updates
from intake.channels.partner.service import policy
from intake.register.service.ports import TrackedChange
from intake.register.service.registration import sender_key
from intake.settings import Settings
from shared.auth import Principal
from shared.auth.issuer import ISSUER
from shared.contracts import (
    AnswerGiven,
    AppealEvent,
    AppealRated,
    AppealRouted,
    AppealWithdrawn,
    ApplicantAsked,
    CaseClosed,
    CaseForwarded,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ClockStarted,
    CompletionAsked,
    DangerPassedOn,
    DangerReported,
    InquiryAnswered,
    InquirySent,
    MessageAdded,
    OutcomeConfirmed,
    OutcomeDenied,
    PartForwarded,
    TierRaised,
)
from shared.errors import Forbidden, InvalidInput, Unauthorized
from shared.http import Cursor
from shared.messaging.handling import Batch, InOrder, Received
from shared.service import Parts

BATCH: Final = 500
NUMBER_EVERY: Final = timedelta(seconds=0.25)
OWN: Final[tuple[type[AppealEvent], ...]] = (MessageAdded, AppealWithdrawn, OutcomeConfirmed, OutcomeDenied, AppealRated)
_OF_OTHERS: Final[tuple[type[AppealEvent], ...]] = (
    AppealRouted,
    ClockStarted,
    TierRaised,
    ClassificationCorrected,
    InquirySent,
    InquiryAnswered,
    ApplicantAsked,
    CompletionAsked,
    AnswerGiven,
    CaseClosed,
    CaseForwarded,
    PartForwarded,
    CaseReturned,
    CaseTerminated,
    DangerReported,
    DangerPassedOn,
)
_TO_A_BODY: Final = (CaseForwarded, PartForwarded, DangerPassedOn)
TYPES: Final = frozenset(one.FACT for one in (*OWN, *_OF_OTHERS))


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a feed: the keyed hash of its subject, and the channel whose backend it is, if any."""

    key: bytes
    channel: str | None = None

    @property
    def readable(self) -> ColumnElement[bool]:
        return repository.read_by(self.key, self.channel)


def reader_of(parts: Parts, principal: Principal) -> Reader:
    """A partner reads its own appeals and those forwarded to it, a backend (`ARYZ_INTAKE_APP_BACKENDS`) those of its channel.

    Raises Unauthorized and Forbidden.
    """
    if principal.is_anonymous:
        raise Unauthorized
    is_backend = principal.has("channel") and principal.subject in cast("Settings", parts.settings).app_backends
    if not (is_backend or principal.has("partner")):
        raise Forbidden
    return Reader(key_of(parts, principal), policy.APP if is_backend else None)


def key_of(parts: Parts, principal: Principal) -> bytes:
    return sender_key(parts.pepper, f"{principal.issuer}\n{principal.subject}")


def entry(one: Received[Any], status: str, holder: str) -> dict[str, Any]:
    """The row that tells of an event, given where the appeal stands after it."""
    return {
        "event_id": one.envelope.id,
        "appeal_id": one.event.appeal_id,
        "at": one.envelope.time,
        "type": one.event.FACT,
        "status": status,
        "holder": holder,
        "body": one.event.body if isinstance(one.event, _TO_A_BODY) else None,
    }


async def record_changes(session: AsyncSession, _batch: Batch[Any], changes: Sequence[TrackedChange]) -> None:
    """Record updates for whoever follows an appeal, of what a citizen is shown, and for the body that an appeal goes to."""
    entries = [
        entry(each.received, each.tracking["status"], each.tracking["holder"])
        for each in changes
        if isinstance(each.received.event, _TO_A_BODY) or (each.is_shown and each.tracking["followed"])
    ]
    await repository.add_updates(session, entries)


@InOrder
async def record_own(session: AsyncSession, batch: Batch[Any]) -> None:
    """What applicants did here comes back by the log: the commands themselves need not know of feeds."""
    followed = await repository.followed_trackings(session, {one.event.appeal_id for one in batch.received})
    standing = [(one, followed[one.event.appeal_id]) for one in batch.received if one.event.appeal_id in followed]
    await repository.add_updates(session, [entry(one, tracking.status, tracking.holder) for one, tracking in standing])


async def number(parts: Parts) -> int:
    """Give the next entries their positions, and their webhooks to send. Returns how many there were."""
    async with parts.database.read() as session:
        if not await repository.is_numbering_due(session):
            return 0
    async with parts.database.write() as session:
        last = await repository.lock_counter(session)
        entries = await repository.unnumbered_updates(session, BATCH)
        recipients = _recipients(parts)
        rows = [_numbered(one, position, recipients) for position, one in enumerate(entries, start=last + 1)]
        if rows:
            await repository.number_updates(session, rows, last + len(rows))
            subscriptions = await repository.active_subscriptions(session)
            await repository.add_deliveries(session, _deliveries(parts, entries, rows, subscriptions))
    return len(entries)


def _recipients(parts: Parts) -> dict[str, bytes]:
    """By body, the key of the partner who speaks for it."""
    issuer = parts.settings.oidc_issuer or ISSUER
    return {body: sender_key(parts.pepper, f"{issuer}\n{subject}") for body, subject in policy.subjects_of_bodies().items()}


def _numbered(one: Row[Any], position: int, recipients: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "id": one.id,
        "position": position,
        "number": one.number,
        "owner": one.owner,
        "recipient": recipients.get(one.body) if one.body else None,
        "channel": one.channel,
    }


def _deliveries(
    parts: Parts, entries: Sequence[Row[Any]], rows: Sequence[dict[str, Any]], subscriptions: Sequence[Subscription]
) -> list[dict[str, Any]]:
    now, backends = parts.clock.now(), _backends(parts)
    return [
        delivery(parts, one.id, row["position"], entry.appeal_id, now)
        for entry, row in zip(entries, rows, strict=True)
        for one in subscriptions
        if _is_for(one, entry.type, row, backends)
    ]


def _backends(parts: Parts) -> Collection[bytes]:
    """The keys of those who are backends now: one that is no longer named hears no more of others' appeals."""
    issuer = parts.settings.oidc_issuer or ISSUER
    return {sender_key(parts.pepper, f"{issuer}\n{subject}") for subject in cast("Settings", parts.settings).app_backends}


def _is_for(one: Subscription, event_type: str, row: Mapping[str, Any], backends: Collection[bytes]) -> bool:
    reads_along = one.channel is not None and one.channel == row["channel"] and one.subscriber in backends
    reads = reads_along or one.subscriber in {row["owner"], row["recipient"]}
    return reads and (one.events is None or event_type in one.events)


def delivery(parts: Parts, subscription_id: UUID, position: int, appeal_id: UUID, now: Any) -> dict[str, Any]:
    return {
        "id": parts.ids.new(),
        "subscription_id": subscription_id,
        "position": position,
        "appeal_id": appeal_id,
        "attempts": 0,
        "next_at": now,
        "last_status": None,
        "last_error": None,
        "created_at": now,
        "delivered_at": None,
    }


async def last_position(parts: Parts) -> int:
    """Return the position of the newest numbered update."""
    async with parts.database.read() as session:
        return await repository.last_position(session)


def position_of(cursor: str) -> int:
    """Raises InvalidInput `bad-cursor`."""
    return int(Cursor.decode(cursor, int)[0])


class _Place(NamedTuple):
    """Where a reader of pages stands: `left` entries were counted behind `position`, up to `counted`; they are not counted again."""

    position: int = 0
    left: int = 0
    counted: int = 0


def _place(cursor: str | None) -> _Place:
    """Of a page's cursor, or of an entry's own. Raises InvalidInput `bad-cursor`."""
    if cursor is None:
        return _Place()
    try:
        return _Place(*Cursor.decode(cursor, int, int, int))
    except InvalidInput:
        position = position_of(cursor)
        return _Place(position, 0, position)


async def page(parts: Parts, reader: Reader, cursor: str | None, limit: int) -> Updates:
    """What happened behind the cursor, from the beginning without one. Raises InvalidInput."""
    place = _place(cursor)
    async with parts.database.read() as session:
        entries = await repository.updates(session, reader.readable, place.position, limit)
        items = await as_updates(parts, session, entries, reader.key)
        if len(items) < limit:
            return Updates(items=items, total=len(items), next_cursor=items[-1].cursor if items else cursor or Cursor.encode(0))
        new, counted = await repository.count_updates(session, reader.readable, place.counted)
    total = place.left + new
    following = Cursor.encode(entries[-1].position or 0, total - len(items), counted)
    return Updates(items=items, total=total, next_cursor=following)


async def after(parts: Parts, reader: Reader, position: int, limit: int) -> list[Update]:
    """What happened behind a position."""
    async with parts.database.read() as session:
        return await as_updates(parts, session, await repository.updates(session, reader.readable, position, limit), reader.key)


async def as_updates(parts: Parts, session: AsyncSession, entries: Sequence[UpdateEntry], reader: bytes) -> list[Update]:
    """As the reader is told of them; a number of its own only where it gave one."""
    own = {one.appeal_id for one in entries if one.owner == reader}
    kept = await repository.external_numbers(session, own) if own else {}
    opened = {appeal_id: parts.sealer.open("external_number", appeal_id, "number", sealed).decode() for appeal_id, sealed in kept.items()}
    return [
        Update(
            cursor=Cursor.encode(one.position or 0),
            appeal_id=one.appeal_id,
            number=one.number or "",
            external_number=opened.get(one.appeal_id),
            at=one.at,
            type=one.type,
            status=one.status,
            holder=one.holder,
        )
        for one in entries
    ]

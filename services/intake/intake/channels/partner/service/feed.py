"""The feed of updates: written together with the tracking row, numbered in the order of commits, read after a cursor without gaps.

A database sequence numbers rows before they are committed: a reader could pass a number whose row appears later. Therefore rows get
their positions after the commit, from one process at a time under a locked row, and only rows with a position are read. The same
transaction creates the deliveries of webhooks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement

from intake.channels.partner import policy, repository
from intake.channels.partner.models import Subscription, UpdateEntry
from intake.channels.partner.repository import DeliveryRow, PositionRow, UnnumberedUpdate, UpdateRow
from intake.channels.partner.schemas import Update, Updates
from intake.channels.partner.service.external_numbers import open_numbers
from intake.register.codes import Channel
from intake.register.service.ports import TrackedChange
from intake.register.service.registration import sender_key
from intake.register.service.texts import shown_events
from intake.settings import Settings
from shared.auth import Principal, identity_of
from shared.auth.issuer import ISSUER
from shared.contracts import (
    AppealEvent,
    AppealRated,
    AppealWithdrawn,
    CaseForwarded,
    CommitmentAnswered,
    ComplaintPassedUp,
    DangerPassedOn,
    MessageAdded,
    OutcomeConfirmed,
    OutcomeDenied,
    PartForwarded,
    ProposalAnswered,
)
from shared.database import Database
from shared.errors import Forbidden, InvalidInput, Unauthorized
from shared.http import Cursor
from shared.messaging.handling import Batch, InOrder, Received
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork

BATCH: Final = 500
OWN: Final[tuple[type[AppealEvent], ...]] = (
    MessageAdded,
    AppealWithdrawn,
    OutcomeConfirmed,
    OutcomeDenied,
    ProposalAnswered,
    CommitmentAnswered,
    AppealRated,
)
_PASSED_ON: Final = (CaseForwarded, PartForwarded, ComplaintPassedUp, DangerPassedOn)
TYPES: Final = frozenset(event.FACT for event in (*OWN, *shown_events()))


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader of the feed: the keyed hash of its subject, and the channel whose backend it is, if any."""

    key: bytes
    channel: str | None = None

    @property
    def readable(self) -> ColumnElement[bool]:
        return repository.read_by(self.key, self.channel)


def reader_of(settings: Settings, pepper: Pepper, principal: Principal) -> Reader:
    """Return the reader behind a token.

    A partner reads updates of its own appeals and of those forwarded to it. A backend (`ARYZ_INTAKE_APP_BACKENDS`) reads those of its
    channel. Raises Unauthorized and Forbidden.
    """
    if principal.is_anonymous:
        raise Unauthorized
    is_backend = principal.has("channel") and principal.subject in settings.app_backends
    if not (is_backend or principal.has("partner")):
        raise Forbidden
    return Reader(key_of(pepper, principal), Channel.APP if is_backend else None)


def key_of(pepper: Pepper, principal: Principal) -> bytes:
    """Return the keyed hash under which a principal owns appeals and subscriptions."""
    return sender_key(pepper, principal.identity)


def update_row(received: Received[Any], status: str, holder: str) -> UpdateRow:
    """Return the row of an event. `status` and `holder`: of the appeal after the event."""
    event = received.event
    return {
        "event_id": received.envelope.id,
        "appeal_id": event.appeal_id,
        "at": received.envelope.time,
        "type": event.FACT,
        "status": status,
        "holder": holder,
        "body": event.body if isinstance(event, _PASSED_ON) else None,
    }


async def record_changes(work: UnitOfWork, _batch: Batch[Any], changes: Sequence[TrackedChange]) -> None:
    """Record the events of other services: those that a citizen is shown of followed appeals, and those that pass an appeal on."""
    rows = [
        update_row(change.received, change.tracking["status"], change.tracking["holder"])
        for change in changes
        if isinstance(change.received.event, _PASSED_ON) or (change.is_shown and change.tracking["followed"])
    ]
    await repository.add_updates(work.session, rows)


@InOrder
async def record_own(work: UnitOfWork, batch: Batch[Any]) -> None:
    """Record the applicants' actions, consumed from the log, so that the commands themselves do not depend on the feed."""
    followed = await repository.followed_trackings(work.session, {received.event.appeal_id for received in batch.received})
    tracked = [(received, followed.get(received.event.appeal_id)) for received in batch.received]
    await repository.add_updates(
        work.session, [update_row(received, tracking.status, tracking.holder) for received, tracking in tracked if tracking is not None]
    )


async def has_unnumbered_updates(database: Database) -> bool:
    """Return whether there are updates without a position."""
    return await repository.has_unnumbered_updates(database)


async def assign_positions(work: UnitOfWork, settings: Settings) -> int:
    """Give the next updates their positions and create their deliveries. Return how many updates there were, at most BATCH."""
    last = await repository.lock_counter(work.session)
    updates = await repository.unnumbered_updates(work.session, BATCH)
    recipients = _recipients(work.pepper, settings)
    rows = [_position_row(update, position, recipients) for position, update in enumerate(updates, start=last + 1)]
    if rows:
        await repository.set_positions(work.session, rows, last + len(rows))
        subscriptions = await repository.active_subscriptions(work.session)
        backends = _backends(work.pepper, settings)
        await repository.add_deliveries(work.session, _delivery_rows(work, updates, rows, subscriptions, backends))
    return len(updates)


def _recipients(pepper: Pepper, settings: Settings) -> dict[str, bytes]:
    """Return the key of the partner that represents a body, by the body's code."""
    issuer = settings.oidc_issuer or ISSUER
    return {body: sender_key(pepper, identity_of(issuer, subject)) for body, subject in policy.subjects_of_bodies().items()}


def _position_row(update: UnnumberedUpdate, position: int, recipients: Mapping[str, bytes]) -> PositionRow:
    return {
        "id": update.id,
        "position": position,
        "number": update.number,
        "owner": update.owner,
        "recipient": recipients.get(update.body) if update.body else None,
        "channel": update.channel,
    }


def _delivery_rows(
    work: UnitOfWork,
    updates: Sequence[UnnumberedUpdate],
    rows: Sequence[PositionRow],
    subscriptions: Sequence[Subscription],
    backends: Collection[bytes],
) -> list[DeliveryRow]:
    now = work.clock.now()
    return [
        delivery_row(work, subscription.id, row["position"], update.appeal_id, now)
        for update, row in zip(updates, rows, strict=True)
        for subscription in subscriptions
        if _is_for(subscription, update.type, row, backends)
    ]


def _backends(pepper: Pepper, settings: Settings) -> Collection[bytes]:
    """Return the keys of the current backends. A subject that was removed from the setting no longer gets other people's updates."""
    issuer = settings.oidc_issuer or ISSUER
    return {sender_key(pepper, identity_of(issuer, subject)) for subject in settings.app_backends}


def _is_for(subscription: Subscription, event_type: str, row: PositionRow, backends: Collection[bytes]) -> bool:
    is_backend = subscription.channel is not None and subscription.channel == row["channel"] and subscription.subscriber in backends
    may_read = is_backend or subscription.subscriber in {row["owner"], row["recipient"]}
    return may_read and (subscription.events is None or event_type in subscription.events)


def delivery_row(work: UnitOfWork, subscription_id: UUID, position: int, appeal_id: UUID, now: datetime) -> DeliveryRow:
    """Return the row of a new delivery that is due now."""
    return {
        "id": work.ids.new(),
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


async def last_position(work: UnitOfWork) -> int:
    """Return the position of the newest numbered update."""
    return await repository.last_position(work.session)


def position_of(cursor: str) -> int:
    """Return the position in the cursor of an update. Raises InvalidInput `bad-cursor`."""
    return int(Cursor.decode(cursor, int)[0])


class _PagePosition(NamedTuple):
    """The content of a page's cursor: `left` updates were counted after `position`, up to `counted`; they are not counted again."""

    position: int = 0
    left: int = 0
    counted: int = 0


def _page_position(cursor: str | None) -> _PagePosition:
    """Decode the cursor of a page or of a single update. Raises InvalidInput `bad-cursor`."""
    if cursor is None:
        return _PagePosition()
    try:
        return _PagePosition(*Cursor.decode(cursor, int, int, int))
    except InvalidInput:
        position = position_of(cursor)
        return _PagePosition(position, 0, position)


async def read_page(work: UnitOfWork, reader: Reader, cursor: str | None, limit: int) -> Updates:
    """Return the updates after the cursor, from the beginning without one. Raises InvalidInput `bad-cursor`."""
    start = _page_position(cursor)
    entries = await repository.updates(work.session, reader.readable, start.position, limit)
    items = await to_updates(work, entries, reader.key)
    if len(items) < limit:
        return Updates(items=items, total=len(items), next_cursor=items[-1].cursor if items else cursor or Cursor.encode(0))
    new, counted = await repository.count_updates(work.session, reader.readable, start.counted)
    total = start.left + new
    next_cursor = Cursor.encode(entries[-1].position or 0, total - len(items), counted)
    return Updates(items=items, total=total, next_cursor=next_cursor)


async def updates_after(work: UnitOfWork, reader: Reader, position: int, limit: int) -> list[Update]:
    """Return the updates after a position, without a count."""
    return await to_updates(work, await repository.updates(work.session, reader.readable, position, limit), reader.key)


async def to_updates(work: UnitOfWork, entries: Sequence[UpdateEntry], reader: bytes) -> list[Update]:
    """Return entries as a reader sees them: the external number only on the reader's own appeals."""
    own = {entry.appeal_id for entry in entries if entry.owner == reader}
    numbers = open_numbers(work.sealer, await repository.external_numbers(work.session, own) if own else {})
    return [
        Update(
            cursor=Cursor.encode(entry.position or 0),
            appeal_id=entry.appeal_id,
            number=entry.number or "",
            external_number=numbers.get(entry.appeal_id),
            at=entry.at,
            type=entry.type,
            status=entry.status,
            holder=entry.holder,
        )
        for entry in entries
    ]

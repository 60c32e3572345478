"""The events of all appeals, read from the log once and reduced to what the checks need."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.contracts import (
    APPEALS,
    ARTICLES,
    REGISTRY,
    AppealImported,
    AppealRegistered,
    AppealRouted,
    AppealWithdrawn,
    ArticlePublished,
    CaseClosed,
    CaseForwarded,
    CaseReopened,
    CaseReturned,
    CaseTerminated,
    ClassificationCorrected,
    ComplaintPassedUp,
    ImportUndone,
    OutcomeConfirmed,
    ProviderMatched,
    newest_type,
)
from shared.messaging.envelope import read_envelope, read_event, type_of
from shared.messaging.log import Position, Record
from suite.verification.articles import note_article


@dataclass
class LogView:
    """The events of all appeals, reduced to what the checks need."""

    records: int = 0
    ends: Counter[Position] = field(default_factory=Counter)
    gaps: list[str] = field(default_factory=list)
    event_ids: Counter[UUID] = field(default_factory=Counter)
    """How often each event occurs. A relay without an acknowledgement sends an event again."""
    digests: dict[UUID, bytes] = field(default_factory=dict)
    """The digest of the first copy of each event."""
    unlike: list[str] = field(default_factory=list)
    """Events whose copies differ."""
    appeal_events: int = 0
    """Distinct events in the topic of appeals, without those of appeals whose import was undone."""
    taken_over: Counter[str] = field(default_factory=Counter)
    """The events of each appeal that was open in a former register, by key: no store has anything of one whose import was undone."""
    registered: Counter[UUID] = field(default_factory=Counter)
    imported: Counter[UUID] = field(default_factory=Counter)
    routed: Counter[UUID] = field(default_factory=Counter)
    subject: dict[UUID, tuple[str, str | None]] = field(default_factory=dict)
    """Kind and category by the latest decision."""
    subjects: defaultdict[UUID, set[tuple[str, str | None]]] = field(default_factory=lambda: defaultdict(set))
    with_provider: set[UUID] = field(default_factory=set)
    """Their provider was chosen or found."""
    with_name: set[UUID] = field(default_factory=set)
    """The applicant typed a provider's name."""
    closed: set[UUID] = field(default_factory=set)
    confirmed: set[UUID] = field(default_factory=set)
    """The applicant confirmed an answer."""
    reopened: Counter[UUID] = field(default_factory=Counter)
    """How often each case was reopened for a broken promise."""
    types: Counter[str] = field(default_factory=Counter)
    articles: dict[UUID, ArticlePublished] = field(default_factory=dict)
    """The latest event of each published article."""


def note_record(view: LogView, record: Record) -> None:
    """Add a record of the log to the view."""
    event_type = newest_type(type_of(record.headers) or "")  # the log has earlier versions, and `read_event` makes newest ones of them
    envelope = read_envelope(record.headers, record.value)
    view.records += 1
    view.event_ids[envelope.id] += 1
    digest = _digest(record)
    if view.event_ids[envelope.id] > 1:  # the consumers' inboxes skip copies, so the event is counted once here too
        if view.digests[envelope.id] != digest:
            view.unlike.append(str(envelope.id))
        return
    view.digests[envelope.id] = digest
    view.appeal_events += record.topic == APPEALS
    if envelope.key in view.taken_over:
        view.taken_over[envelope.key] += 1
    view.types[event_type] += 1
    if record.topic == ARTICLES:
        note_article(view.articles, envelope)
    if event_type not in _NOTED:
        return
    event: Any = read_event(envelope)
    appeal_id: UUID = event.appeal_id
    if event_type == AppealRegistered.TYPE:
        _note_registration(view, event, envelope.key)
    elif event_type in _AFTERWARDS:
        _AFTERWARDS[event_type](view, event)
    elif event_type in _ENDED:
        view.closed.add(appeal_id)
    else:
        view.routed[appeal_id] += event_type == AppealRouted.TYPE
        view.subject[appeal_id] = (event.kind, event.category)
        view.subjects[appeal_id].add((event.kind, event.category))


def _note_registration(view: LogView, event: AppealRegistered, key: str) -> None:
    view.registered[event.appeal_id] += 1
    if event.taken_over:
        view.taken_over[key] = 1
    if event.provider_id is not None:
        view.with_provider.add(event.appeal_id)
    elif event.provider_named:
        view.with_name.add(event.appeal_id)


def _note_reopening(view: LogView, event: CaseReopened) -> None:
    view.closed.discard(event.appeal_id)
    view.reopened[event.appeal_id] += event.reason == PROMISE_BROKEN


def _note_confirmation(view: LogView, event: OutcomeConfirmed) -> None:
    view.confirmed.add(event.appeal_id)


def _note_undoing(view: LogView, event: ImportUndone) -> None:
    view.appeal_events -= view.taken_over.pop(str(event.appeal_id), 0)
    for counted in (view.registered, view.routed, view.subject, view.subjects):
        counted.pop(event.appeal_id, None)
    for noted in (view.with_provider, view.with_name, view.closed, view.confirmed):
        noted.discard(event.appeal_id)


def _note_import(view: LogView, event: AppealImported) -> None:
    view.imported[event.appeal_id] += 1


def _note_match(view: LogView, event: ProviderMatched) -> None:
    view.with_provider.add(event.appeal_id)


_AFTERWARDS: Mapping[str, Callable[[LogView, Any], None]] = {
    AppealImported.TYPE: _note_import,
    ProviderMatched.TYPE: _note_match,
    CaseReopened.TYPE: _note_reopening,
    OutcomeConfirmed.TYPE: _note_confirmation,
    ImportUndone.TYPE: _note_undoing,
}


def _digest(record: Record) -> bytes:
    """Return a hash of everything that makes up the event: not of extension attributes, which repeat it and may be newer than a copy."""
    headers = tuple(header for header in record.headers if header[0] not in _EXTENSIONS)
    return hashlib.blake2b(repr((record.topic, record.key, headers, record.value)).encode(), digest_size=16).digest()


_EXTENSIONS = {f"ce_{attribute.name}" for event in REGISTRY.values() for attribute in event.EXTENSIONS}
_ENDED = {each.TYPE for each in (CaseClosed, AppealWithdrawn, CaseReturned, CaseTerminated, CaseForwarded, ComplaintPassedUp)}
_NOTED = _ENDED | {
    each.TYPE
    for each in (
        AppealRegistered,
        AppealImported,
        ProviderMatched,
        AppealRouted,
        ClassificationCorrected,
        CaseReopened,
        OutcomeConfirmed,
        ImportUndone,
    )
}
PROMISE_BROKEN = "PROMISE_BROKEN"

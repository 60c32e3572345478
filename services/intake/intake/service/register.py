"""The one use case behind every channel: an appeal is sealed, numbered and stored with its event, and only then acknowledged."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from intake import events, repository
from intake.schemas import Registered
from intake.service.filing import Filing, fault
from shared import idempotency
from shared.domain.calendar import working_calendar
from shared.domain.deadlines import Deadline, explain
from shared.domain.identifiers import RegistrationNumber
from shared.domain.lifecycle import holder_of
from shared.domain.regions import regions
from shared.errors import DomainError, InvalidInput
from shared.group_commit import GroupCommit
from shared.idempotency import IdempotencyKeyReused
from shared.messaging import outbox
from shared.sealing import Pepper, Sealer
from shared.service import Parts
from shared.telemetry import current_traceparent

PIN_DIGITS: Final = 8
ATTEMPTS: Final = 3  # another process may take the same key, or a number of the same cycle, between our look and our insert
INITIAL: Final = "REGISTERED"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The 201 as it was committed; `replayed` when the same request was answered before."""

    body: bytes
    replayed: bool = False

    @property
    def registered(self) -> Registered:
        return Registered.model_validate_json(self.body)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A filing made ready outside the transaction: only its number is missing."""

    filing: Filing
    request: idempotency.Request | None
    appeal_id: UUID
    pin: str
    row: dict[str, Any]
    traceparent: str | None
    """Of the request that files it: the group is written by one task for all."""


def hashed_pin(pepper: Pepper, appeal_id: UUID, pin: str) -> bytes:
    """32 bytes; the appeal's id in it keeps equal PINs of two appeals apart."""
    return pepper.keyed_hmac("pin", f"{appeal_id}/{pin}".encode())


def sender_key(pepper: Pepper, sender: str) -> bytes:
    """Who sent something, without saying who: a subject may be an IIN."""
    return pepper.keyed_hmac("sender", sender.encode())


def sealed(sealer: Sealer, appeal_id: UUID, field: str, value: str | dict[str, str] | None) -> bytes | None:
    if value is None:
        return None
    return sealer.seal("appeal", appeal_id, field, value.encode() if isinstance(value, str) else to_json(value))


class Register:
    """Files appeals, those that wait together in one transaction."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._group: GroupCommit[_Entry, Receipt | DomainError] = GroupCommit(self._together)
        self._in_flight: dict[tuple[str, str], tuple[bytes, asyncio.Future[Receipt | None]]] = {}

    async def file(self, filing: Filing, request: idempotency.Request | None = None) -> Receipt:
        """Register an appeal. Equal requests meet here: one files, the others get its answer.

        Raises InvalidInput for a provider that the directory does not know, IdempotencyKeyReused for a key that stood for something else.
        """
        if request is None:
            return await self._submit(filing, None)
        name = (request.scope, request.key)
        while (first := self._in_flight.get(name)) is not None:
            fingerprint, answer = first
            receipt = await asyncio.shield(answer)
            if receipt is not None and fingerprint != request.fingerprint:
                raise IdempotencyKeyReused
            if receipt is not None:
                return Receipt(receipt.body, replayed=True)
        future: asyncio.Future[Receipt | None] = asyncio.get_running_loop().create_future()
        self._in_flight[name] = (request.fingerprint, future)
        receipt = None
        try:
            receipt = await self._submit(filing, request)
        finally:
            del self._in_flight[name]
            future.set_result(receipt)
        return receipt

    async def _submit(self, filing: Filing, request: idempotency.Request | None) -> Receipt:
        for attempt in range(1, ATTEMPTS + 1):
            entry = self._prepared(filing, request)
            try:
                answer = await self._group.submit(entry)
            except IntegrityError:
                if kept := await self._kept(entry):
                    return kept
                if attempt == ATTEMPTS:
                    raise
            else:
                if isinstance(answer, DomainError):
                    raise answer
                return answer
        raise AssertionError  # the loop above returns or raises

    async def _kept(self, entry: _Entry) -> Receipt | None:
        """The receipt if the group was committed although its commit ended in an error: it was tried again and met its own rows."""
        async with self._parts.database.read() as session:
            number = await repository.number_of_appeal(session, entry.appeal_id)
        return Receipt(_body(entry, number, self._parts.clock.now())) if number else None

    def _prepared(self, filing: Filing, request: idempotency.Request | None) -> _Entry:
        sealer, pepper = self._parts.sealer, self._parts.pepper
        appeal_id, pin = self._parts.ids.new(), f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
        row = {
            "id": appeal_id,
            "channel": filing.channel,
            "region": filing.region,
            "language": filing.language,
            "kind": filing.kind,
            "category": filing.category,
            "topic": filing.topic,
            "statutory_form": filing.statutory_form,
            "provider_id": filing.provider_id,
            "provider_name": sealed(sealer, appeal_id, "provider_name", filing.provider_name),
            "provider_bin": None,
            "text": sealed(sealer, appeal_id, "text", filing.text),
            "applicant": sealed(sealer, appeal_id, "applicant", filing.applicant),
            "received_by": sealed(sealer, appeal_id, "received_by", filing.received_by),
            "legacy_number": None,
            "consents": filing.consents,
            "owner": sender_key(pepper, filing.owner) if filing.owner else None,
            "pin": hashed_pin(pepper, appeal_id, pin),
            "fingerprint": None,
            "received_at": filing.received_at,
            "registered_at": filing.registered_at,
        }
        return _Entry(filing, request, appeal_id, pin, row, current_traceparent())

    async def _together(self, entries: Sequence[_Entry]) -> Sequence[Receipt | DomainError]:
        """One transaction for all: one statement a table, and an answer for each."""
        now = self._parts.clock.now()
        async with self._parts.database.write() as session:
            kept = await self._parts.idempotency.find(session, [one.request for one in entries if one.request])
            known = await repository.known_providers(session, {one.filing.provider_id for one in entries if one.filing.provider_id})
            answers: dict[UUID, Receipt | DomainError] = {}
            for one in entries:
                if one.request and (found := kept.get(one.request)):
                    answers[one.appeal_id] = Receipt(found.body, replayed=True)
                elif one.filing.provider_id and one.filing.provider_id not in known:
                    answers[one.appeal_id] = InvalidInput([fault("provider.provider_id", "unknown-provider")])
            fresh = [one for one in entries if one.appeal_id not in answers]
            answers |= await self._store(session, fresh, now)
        return [answers[one.appeal_id] for one in entries]

    async def _store(self, session: AsyncSession, entries: Sequence[_Entry], now: datetime) -> dict[UUID, Receipt]:
        receipts: dict[UUID, Receipt] = {}
        kept: list[dict[str, object]] = []
        sequences = await repository.next_sequences(session, len(entries))
        for one, sequence in zip(entries, sequences, strict=True):
            number = one.row["number"] = number_of(one.filing.received_at, one.filing.region, sequence)
            body = _body(one, number, now)
            receipts[one.appeal_id] = Receipt(body)
            if one.request:
                kept.append(self._parts.idempotency.row(one.request, 201, body, now))
            outbox.append(session, events.appeal_registered(one.appeal_id, number, one.filing), traceparent=one.traceparent)
        await repository.add_appeals(session, [one.row for one in entries], [_tracking(one) for one in entries])
        await repository.keep_answers(session, kept)
        return receipts


def number_of(received_at: datetime, region: str, sequence: int) -> str:
    """The register number: the year of receipt where it was received."""
    place = regions()[region]
    return RegistrationNumber.format(received_at.astimezone(place.timezone).year, place.number_code, sequence)


def _tracking(one: _Entry) -> dict[str, Any]:
    return {
        "appeal_id": one.appeal_id,
        "region": one.filing.region,
        "status": INITIAL,
        "holder": holder_of(INITIAL, None),
        "tier": None,
        "provider_id": one.filing.provider_id,
        "due_at": one.filing.due_at,
        "due_provisional": True,
        "outcome": None,
        "answer_id": None,
        "answered_at": None,
        "version": 1,
    }


def _body(one: _Entry, number: str, now: datetime) -> bytes:
    filing = one.filing
    head = to_json(
        {
            "appeal_id": one.appeal_id,
            "number": number,
            "pin": one.pin,
            "status": shown_status(INITIAL, filing.registered_at, now),
            "received_at": filing.received_at,
            "registered_at": filing.registered_at,
            "received_by": filing.received_by,
            "due_at": filing.due_at,
            "due_provisional": True,
            "links": {"self": f"/intake/v1/appeals/{number}", "track": "/intake/track"},
        }
    )
    return head[:-1] + b',"due_explanation":' + _explanation(filing.deadline) + b"}"


@lru_cache(maxsize=1024)  # a deadline's start and policy: a few a day are asked for
def _explanation(deadline: Deadline) -> bytes:
    return to_json(explain(deadline, working_calendar()))


def shown_status(status: str, registered_at: datetime, now: datetime) -> str:
    """Until the legal moment of registration has come the citizen reads RECEIVED (АППК art. 64(3)); any later status shows at once."""
    return "RECEIVED" if status == INITIAL and now < registered_at else status

"""The one use case behind every channel: an appeal is sealed, numbered and stored with its event, and only then acknowledged."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import events, repository
from intake.register.schemas import Registered
from intake.register.service.filing import Filing, fault
from intake.register.service.ports import ExternalNumberRow, ExternalNumbers
from shared import idempotency
from shared.domain.calendar import planning_calendar
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
ATTEMPTS: Final = 3  # the numbers' sequence may have gone round, and a number of the same year be taken
WRITERS: Final = 2  # groups at a time on PostgreSQL: one is filled while the other is being committed
INITIAL: Final = "REGISTERED"
BACKENDS: Final = frozenset({"APP"})  # channels with a backend of their own, which reads along


Condition = Callable[[AsyncSession, UUID], Awaitable[None]]
"""Given the new appeal's id, within the transaction that stores it: what it writes is kept with it, a DomainError refuses the appeal."""


def both(first: Condition | None, second: Condition | None) -> Condition | None:
    """Return a condition that asks these two in turn, as far as they are there."""
    if first is None or second is None:
        return first or second

    async def condition(session: AsyncSession, appeal_id: UUID) -> None:
        await first(session, appeal_id)
        await second(session, appeal_id)

    return condition


@dataclass(frozen=True, slots=True)
class Receipt:
    """The 201 as it was committed; `replayed` when the same request was answered before."""

    answer: idempotency.Answer
    replayed: bool = False

    @property
    def body(self) -> bytes:
        return self.answer.body

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
    external: ExternalNumberRow | None
    """The row of the number that a partner gave it."""
    condition: Condition | None
    within: Mapping[str, Any] | None
    """What the answer consists of besides: then the receipt is its `followed_by`."""
    traceparent: str | None
    """Of the request that files it: the group is written by one task for all."""


def hashed_pin(pepper: Pepper, appeal_id: UUID, pin: str) -> bytes:
    """32 bytes; the appeal's id in it keeps equal PINs of two appeals apart."""
    return pepper.keyed_hmac("pin", f"{appeal_id}/{pin}".encode())


def sender_key(pepper: Pepper, sender: str) -> bytes:
    """Who sent something, without saying who: a subject may be an IIN."""
    return pepper.keyed_hmac("sender", sender.encode())


def phone_key(pepper: Pepper, phone: str) -> bytes:
    """Whose telephone, without saying which: a number in E.164 as a key to look up by."""
    return pepper.keyed_hmac("phone", phone.encode())


def sealed(sealer: Sealer, appeal_id: UUID, field: str, value: str | dict[str, Any] | None) -> bytes | None:
    if value is None:
        return None
    return sealer.seal("appeal", appeal_id, field, value.encode() if isinstance(value, str) else to_json(value))


class Register:
    """Files appeals, those that wait together in one transaction."""

    def __init__(self, parts: Parts, external_numbers: ExternalNumbers) -> None:
        self._parts = parts
        self._external_numbers = external_numbers
        writers = 1 if parts.database.is_sqlite else WRITERS
        self._group: GroupCommit[_Entry, Receipt | DomainError] = GroupCommit(self._together, writers=writers)
        self._sequences = repository.Sequences()
        parts.last_steps.append(self._group.drain)
        self._in_flight: dict[tuple[str, str], tuple[bytes, asyncio.Future[Receipt | DomainError]]] = {}

    async def file(
        self,
        filing: Filing,
        request: idempotency.Request | None = None,
        condition: Condition | None = None,
        *,
        within: Mapping[str, Any] | None = None,
    ) -> Receipt:
        """Register an appeal. Equal requests meet here: one files, the others get its answer.

        `within`: the answer is this object with the receipt as its `followed_by`.

        Raises InvalidInput for a provider that the directory does not know, IdempotencyKeyReused for a key that stood for something else,
        and what `condition` raises.
        """
        for attempt in range(1, ATTEMPTS + 1):
            if request is not None and (earlier := await self._in_flight_answer(request)) is not None:
                return earlier
            answering = self._group.submit(self._prepared(filing, request, condition, within))
            if request is not None:
                self._fly(request, answering)
            try:
                answer = await asyncio.shield(answering)
            except IntegrityError:
                if attempt == ATTEMPTS:
                    raise
            else:
                if isinstance(answer, DomainError):
                    raise answer
                return answer
        raise AssertionError  # the loop above returns or raises

    async def _in_flight_answer(self, request: idempotency.Request) -> Receipt | None:
        """The receipt of the request under the same key that is being filed; None once there is none such, or it was not accepted."""
        while (first := self._in_flight.get((request.scope, request.key))) is not None:
            fingerprint, answering = first
            try:
                answer = await asyncio.shield(answering)
            except Exception:  # noqa: BLE001, S112 - told to whoever came first; the next one tries for itself
                continue
            if not isinstance(answer, Receipt):
                continue  # refused: of those who waited one tries for itself, and the others wait for that one
            if fingerprint != request.fingerprint:
                raise IdempotencyKeyReused
            return Receipt(answer.answer, replayed=True)
        return None

    def _fly(self, request: idempotency.Request, answering: asyncio.Future[Receipt | DomainError]) -> None:
        """Until the answer is there, not until its caller has gone: no two of one key may be in the same group."""
        name = (request.scope, request.key)
        self._in_flight[name] = (request.fingerprint, answering)
        answering.add_done_callback(lambda _: self._in_flight.pop(name))

    def _prepared(
        self,
        filing: Filing,
        request: idempotency.Request | None,
        condition: Condition | None,
        within: Mapping[str, Any] | None,
    ) -> _Entry:
        sealer, pepper = self._parts.sealer, self._parts.pepper
        appeal_id, pin = self._parts.ids.new(), f"{secrets.randbits(64) % 10**PIN_DIGITS:0{PIN_DIGITS}}"
        owner = sender_key(pepper, filing.owner) if filing.owner else filing.owner_key
        row: dict[str, Any] = {  # columns that nobody fills at filing are left out: each costs an array a group
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
            "text": sealed(sealer, appeal_id, "text", filing.text),
            "applicant": sealed(sealer, appeal_id, "applicant", filing.applicant),
            "received_by": sealed(sealer, appeal_id, "received_by", filing.received_by),
            "consents": filing.consents,
            "owner": owner,
            "phone_key": phone_key(pepper, filing.applicant["phone"]) if filing.applicant and "phone" in filing.applicant else None,
            "pin": hashed_pin(pepper, appeal_id, pin),
            "received_at": filing.received_at,
            "registered_at": filing.registered_at,
        }
        seldom = {"particulars": filing.particulars, "answer_by": filing.answer_by, "follows": filing.follows}
        if any(value is not None for value in seldom.values()):
            row |= seldom | {"particulars": sealed(sealer, appeal_id, "particulars", filing.particulars)}
        number = filing.external_number
        external = self._external_numbers.row_of(self._parts, appeal_id, owner, number) if number and owner else None
        return _Entry(filing, request, appeal_id, pin, row, external, condition, within, current_traceparent())

    async def _together(self, entries: Sequence[_Entry]) -> Sequence[Receipt | DomainError]:
        """One transaction for all: keys are claimed in one statement, all else is stored in another, and each has its answer."""
        now = self._parts.clock.now()
        async with self._parts.database.write() as session:
            answers = await self._refused(session, entries)
            rest = [one for one in entries if one.appeal_id not in answers]
            receipts = await self._numbered(session, rest, now)
            repeated = await self._parts.idempotency.claim(
                session, {one.request: receipts[one.appeal_id].answer for one in rest if one.request}, now
            )
            for one in rest:
                earlier = repeated.get(one.request) if one.request else None
                answers[one.appeal_id] = receipts[one.appeal_id] if earlier is None else _replay(earlier)
            answers |= await self._unmet(session, [one for one in rest if answers[one.appeal_id] is receipts[one.appeal_id]])
            new = [one for one in rest if answers[one.appeal_id] is receipts[one.appeal_id]]
            lost = [one.appeal_id for one in rest if one.external and answers[one.appeal_id] is not receipts[one.appeal_id]]
            await self._external_numbers.release(session, lost)
            self._store(session, new)
        return [answers[one.appeal_id] for one in entries]

    async def _refused(self, session: AsyncSession, entries: Sequence[_Entry]) -> dict[UUID, Receipt | DomainError]:
        """Those that name a provider whom the directory does not know, or that a partner has passed on before.

        One that was answered before is answered so again.
        """
        known = await repository.known_providers(session, {one.filing.provider_id for one in entries if one.filing.provider_id})
        strange = [one for one in entries if one.filing.provider_id and one.filing.provider_id not in known]
        unknown = InvalidInput([fault("provider.provider_id", "unknown-provider")])
        refusals: dict[UUID, DomainError] = {one.appeal_id: unknown for one in strange}
        refusals |= await self._external_numbers.claim(session, [one.external for one in entries if one.external and one not in strange])
        refused = [one for one in entries if one.appeal_id in refusals]
        before = await self._parts.idempotency.answered(session, [one.request for one in refused if one.request])
        earlier = {one.appeal_id: before.get(one.request) if one.request else None for one in refused}
        return {appeal_id: refusals[appeal_id] if answer is None else _replay(answer) for appeal_id, answer in earlier.items()}

    async def _unmet(self, session: AsyncSession, entries: Sequence[_Entry]) -> dict[UUID, DomainError]:
        """Whose condition refuses them; their keys are released. A condition locks rows, so it comes after the keys are claimed."""
        unmet: dict[UUID, DomainError] = {}
        conditions = [(one.appeal_id, one.filing.follows, one.condition) for one in entries if one.condition is not None]
        for appeal_id, _, condition in sorted(conditions, key=lambda each: str(each[1])):  # the order in which rows are locked
            try:
                await condition(session, appeal_id)
            except DomainError as refusal:
                unmet[appeal_id] = refusal
        await self._parts.idempotency.release(session, [one.request for one in entries if one.request and one.appeal_id in unmet])
        return unmet

    async def _numbered(self, session: AsyncSession, entries: Sequence[_Entry], now: datetime) -> dict[UUID, Receipt]:
        """Give each its number; a repeat's is lost, which gaps allow."""
        receipts = {}
        for one, sequence in zip(entries, await self._sequences.take(session, len(entries)), strict=True):
            one.row["number"] = number_of(one.filing.received_at, one.filing.region, sequence)
            receipts[one.appeal_id] = Receipt(_answer(one, one.row["number"], now))
        return receipts

    def _store(self, session: AsyncSession, entries: Sequence[_Entry]) -> None:
        for one in entries:
            outbox.append(session, events.appeal_registered(one.appeal_id, one.row["number"], one.filing), traceparent=one.traceparent)
        repository.add_appeals(session, [one.row for one in entries], [_tracking(one) for one in entries])


def _replay(earlier: idempotency.StoredAnswer | DomainError) -> Receipt | DomainError:
    return Receipt(idempotency.Answer(earlier.body), replayed=True) if isinstance(earlier, idempotency.StoredAnswer) else earlier


def number_of(received_at: datetime, region: str, sequence: int) -> str:
    """The register number: the year of receipt where it was received."""
    place = regions()[region]
    return RegistrationNumber.format(received_at.astimezone(place.timezone).year, place.number_code, sequence)


def _tracking(one: _Entry) -> dict[str, Any]:
    return {
        "appeal_id": one.appeal_id,
        "region": one.filing.region,
        "kind": one.filing.kind,
        "status": INITIAL,
        "holder": holder_of(INITIAL, None),
        "provider_id": one.filing.provider_id,
        "due_at": one.filing.due_at,
        "due_provisional": True,
        "followed": one.row["owner"] is not None or one.filing.channel in BACKENDS,
        "version": 1,
    }


def _answer(one: _Entry, number: str, now: datetime) -> idempotency.Answer:
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
    if one.within is None:
        return idempotency.Answer(head[:-1], _explanation(filing.deadline))
    return idempotency.Answer(to_json(one.within)[:-1] + b',"followed_by":' + head[:-1], _explanation(filing.deadline) + b"}")


@lru_cache(maxsize=1024)  # a deadline's start and policy: a few a day are asked for
def _explanation(deadline: Deadline) -> bytes:
    """The end of the answer, alike for all appeals with the same deadline."""
    return b',"due_explanation":' + to_json(explain(deadline, planning_calendar())) + b"}"


def shown_status(status: str, registered_at: datetime, now: datetime) -> str:
    """Until the legal moment of registration has come the citizen reads RECEIVED (АППК art. 64(3)); any later status shows at once."""
    return "RECEIVED" if status == INITIAL and now < registered_at else status

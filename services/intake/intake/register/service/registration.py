"""Registration, the use case behind every channel: seal, number and store an appeal with its event before acknowledging it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.exc import IntegrityError

from intake.register import events, repository
from intake.register.codes import Channel
from intake.register.schemas import Registered
from intake.register.schemas.filing import Filing
from intake.register.schemas.rows import ExternalNumberRow, NewAppealRow, NewTrackingRow, Particulars, ResponseEnvelope
from intake.register.service.filing import fault
from intake.register.service.ports import ExternalNumbers
from shared import idempotency
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import Deadline, explain
from shared.domain.identifiers import RegistrationNumber
from shared.domain.lifecycle import CaseStatus, holder_of
from shared.domain.protection import protection_of
from shared.domain.regions import regions
from shared.errors import DomainError, InvalidInput
from shared.fast.group_commit import GroupCommit
from shared.idempotency import Idempotency, IdempotencyKeyReused
from shared.ids import Ids, random_digits
from shared.messaging import outbox
from shared.sealing import Pepper, Sealer
from shared.tracing import current_traceparent
from shared.unit_of_work import UnitOfWork, UnitsOfWork

PIN_DIGITS: Final = 8
ATTEMPTS: Final = 3  # the sequence may have started again from 1, and a number of the same year be used already
WRITERS: Final = 2  # groups at a time on PostgreSQL: one collects requests while the other commits
INITIAL: Final = CaseStatus.REGISTERED
BACKENDS: Final = frozenset({Channel.APP})  # channels with a backend of their own, which reads the updates


Condition = Callable[[UnitOfWork, UUID], Awaitable[None]]
"""Called with the new appeal's id in the transaction that stores it. What it writes is committed with it; a DomainError refuses it."""


def all_conditions(first: Condition | None, second: Condition | None) -> Condition | None:
    """Return a condition that checks both in turn; None stands for no condition."""
    if first is None or second is None:
        return first or second

    async def condition(work: UnitOfWork, appeal_id: UUID) -> None:
        await first(work, appeal_id)
        await second(work, appeal_id)

    return condition


class RegistrationReceipt(NamedTuple):
    """The committed response; `replayed` when the same request was answered before."""

    answer: idempotency.Answer
    replayed: bool = False

    @property
    def body(self) -> bytes:
        return self.answer.body

    @property
    def registered(self) -> Registered:
        return Registered.model_validate_json(self.body)


class _Entry(NamedTuple):
    """A filing prepared outside the transaction; only its number is missing."""

    filing: Filing
    request: idempotency.Request | None
    appeal_id: UUID
    pin: str
    row: NewAppealRow
    external: ExternalNumberRow | None
    """The number in the register of the partner."""
    condition: Condition | None
    envelope: ResponseEnvelope | None
    """The response around the receipt, which is its `followed_by`; None: the receipt alone."""
    traceparent: str | None
    """Of the request that files the appeal: one task writes the whole group."""


def hashed_pin(pepper: Pepper, appeal_id: UUID, pin: str) -> bytes:
    """Return the keyed hash of a PIN, 32 bytes. It includes the appeal's id, so that equal PINs of two appeals differ."""
    return pepper.keyed_hmac("pin", f"{appeal_id}/{pin}".encode())


def sender_key(pepper: Pepper, sender: str) -> bytes:
    """Return the keyed hash of a sender, 32 bytes. A subject may be an IIN and is not stored itself."""
    return pepper.keyed_hmac("sender", sender.encode())


def phone_key(pepper: Pepper, phone: str) -> bytes:
    """Return the lookup key of a phone number: a keyed hash of its E.164 form, 32 bytes."""
    return pepper.keyed_hmac("phone", phone.encode())


def iin_key(pepper: Pepper, iin: str) -> bytes:
    """Return the lookup key of an IIN: a keyed hash of its twelve digits, 32 bytes."""
    return pepper.keyed_hmac("iin", iin.encode())


def sealed(sealer: Sealer, appeal_id: UUID, field: str, value: str | dict[str, str] | Particulars | None) -> bytes | None:
    """Return the sealed value of an appeal's field; an object is sealed as JSON."""
    if value is None:
        return None
    return sealer.seal("appeal", appeal_id, field, value.encode() if isinstance(value, str) else to_json(value))


class Register:
    """Registers appeals. Concurrent requests share one database transaction (group commit).

    The group commit is the one use case that opens its own transaction: appeals of different requests are stored in one.
    """

    def __init__(
        self, units: UnitsOfWork, idempotency: Idempotency, external_numbers: ExternalNumbers, *, ids: Ids, sealer: Sealer, pepper: Pepper
    ) -> None:
        self._units = units
        self._idempotency = idempotency
        self._external_numbers = external_numbers
        self._ids = ids
        self._sealer = sealer
        self._pepper = pepper
        writers = 1 if units.database.is_sqlite else WRITERS
        self._group: GroupCommit[_Entry, RegistrationReceipt | DomainError] = GroupCommit(self._register_group, writers=writers)
        self._sequences = repository.Sequences()
        self._in_flight: dict[tuple[str, str], tuple[bytes, asyncio.Future[RegistrationReceipt | DomainError]]] = {}

    async def drain(self) -> None:
        """Wait until all appeals submitted so far are answered. Await it before the database is closed."""
        await self._group.drain()

    async def file(
        self,
        filing: Filing,
        request: idempotency.Request | None = None,
        condition: Condition | None = None,
        *,
        envelope: ResponseEnvelope | None = None,
    ) -> RegistrationReceipt:
        """Register an appeal. Of concurrent requests under one key the first is filed, and the others get its response.

        `envelope`: the response is this object with the receipt as its `followed_by`.

        Raises InvalidInput for a provider that the directory does not know, IdempotencyKeyReused for a key that was used with another
        body, and what `condition` raises.
        """
        for attempt in range(1, ATTEMPTS + 1):
            if request is not None and (earlier := await self._in_flight_answer(request)) is not None:
                return earlier
            answering = self._group.submit(self._prepare(filing, request, condition, envelope))
            if request is not None:
                self._note_in_flight(request, answering)
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

    async def _in_flight_answer(self, request: idempotency.Request) -> RegistrationReceipt | None:
        """Return the receipt of the request that is being filed under the same key; None if there is none, or it was refused."""
        while (first := self._in_flight.get((request.scope, request.key))) is not None:
            fingerprint, answering = first
            try:
                answer = await asyncio.shield(answering)
            except Exception:  # noqa: BLE001, S112 - the first request raises it; the next one tries for itself
                continue
            if not isinstance(answer, RegistrationReceipt):
                continue  # refused: one of the waiting requests is filed, and the others wait for that one
            if fingerprint != request.fingerprint:
                raise IdempotencyKeyReused
            return RegistrationReceipt(answer.answer, replayed=True)
        return None

    def _note_in_flight(self, request: idempotency.Request, answering: asyncio.Future[RegistrationReceipt | DomainError]) -> None:
        """Note the request until its response is there, even if its caller has gone: a group holds each key once."""
        name = (request.scope, request.key)
        self._in_flight[name] = (request.fingerprint, answering)
        answering.add_done_callback(lambda _: self._in_flight.pop(name))

    def _prepare(
        self,
        filing: Filing,
        request: idempotency.Request | None,
        condition: Condition | None,
        envelope: ResponseEnvelope | None,
    ) -> _Entry:
        sealer, pepper = self._sealer, self._pepper
        appeal_id, pin = self._ids.new(), random_digits(PIN_DIGITS)
        owner = sender_key(pepper, filing.owner) if filing.owner else filing.owner_key
        row: NewAppealRow = {  # columns that are never filled at filing are left out: each costs an array a group
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
        if filing.applicant and "iin" in filing.applicant:
            row["iin_key"] = iin_key(pepper, filing.applicant["iin"])
        if filing.particulars is not None or filing.answer_by is not None or filing.follows is not None:
            row["particulars"] = sealed(sealer, appeal_id, "particulars", filing.particulars)
            row["answer_by"], row["follows"] = filing.answer_by, filing.follows
        number = filing.external_number
        external = self._external_numbers.row_of(pepper, sealer, appeal_id, owner, number) if number and owner else None
        return _Entry(filing, request, appeal_id, pin, row, external, condition, envelope, current_traceparent())

    async def _register_group(self, entries: Sequence[_Entry]) -> Sequence[RegistrationReceipt | DomainError]:
        """Store a group in one transaction: one statement claims the keys, another stores the rest. Return a response for each entry."""
        async with self._units.write() as work:
            now = work.clock.now()
            answers = await self._find_refusals(work, entries)
            rest = [entry for entry in entries if entry.appeal_id not in answers]
            receipts = await self._assign_numbers(work, rest, now)
            repeated = await self._idempotency.claim(
                work.session, {entry.request: receipts[entry.appeal_id].answer for entry in rest if entry.request}, now
            )
            for entry in rest:
                earlier = repeated.get(entry.request) if entry.request else None
                answers[entry.appeal_id] = receipts[entry.appeal_id] if earlier is None else _replay(earlier)
            fresh = [entry for entry in rest if answers[entry.appeal_id] is receipts[entry.appeal_id]]
            answers |= await self._check_conditions(work, fresh)
            new = [entry for entry in fresh if answers[entry.appeal_id] is receipts[entry.appeal_id]]
            lost = [entry.appeal_id for entry in rest if entry.external and answers[entry.appeal_id] is not receipts[entry.appeal_id]]
            await self._external_numbers.release(work, lost)
            self._store(work, new)
        return [answers[entry.appeal_id] for entry in entries]

    async def _find_refusals(self, work: UnitOfWork, entries: Sequence[_Entry]) -> dict[UUID, RegistrationReceipt | DomainError]:
        """Return the refusals of entries that name an unknown provider or repeat a partner's number.

        A request that was answered before gets the same response again.
        """
        named = {entry.filing.provider_id for entry in entries if entry.filing.provider_id}
        known = await repository.known_providers(work.session, named)
        strange = [entry for entry in entries if entry.filing.provider_id and entry.filing.provider_id not in known]
        unknown = InvalidInput([fault("provider.provider_id", "unknown-provider")])
        refusals: dict[UUID, DomainError] = {entry.appeal_id: unknown for entry in strange}
        refusals |= await self._external_numbers.claim(
            work, [entry.external for entry in entries if entry.external and entry not in strange]
        )
        refused = [entry for entry in entries if entry.appeal_id in refusals]
        before = await self._idempotency.answered(work.session, [entry.request for entry in refused if entry.request])
        earlier = {entry.appeal_id: before.get(entry.request) if entry.request else None for entry in refused}
        return {appeal_id: refusals[appeal_id] if answer is None else _replay(answer) for appeal_id, answer in earlier.items()}

    async def _check_conditions(self, work: UnitOfWork, entries: Sequence[_Entry]) -> dict[UUID, DomainError]:
        """Return the refusals of conditions and release the keys. Conditions lock rows, so they run after the keys are claimed."""
        unmet: dict[UUID, DomainError] = {}
        conditions = [(entry.appeal_id, entry.filing.follows, entry.condition) for entry in entries if entry.condition is not None]
        for appeal_id, _, condition in sorted(conditions, key=lambda each: str(each[1])):  # a fixed order of row locks avoids deadlocks
            try:
                await condition(work, appeal_id)
            except DomainError as refusal:
                unmet[appeal_id] = refusal
        released = [entry.request for entry in entries if entry.request and entry.appeal_id in unmet]
        await self._idempotency.release(work.session, released)
        return unmet

    async def _assign_numbers(self, work: UnitOfWork, entries: Sequence[_Entry], now: datetime) -> dict[UUID, RegistrationReceipt]:
        """Give each entry its number. The number of a repeated request is lost, which the gaps in the sequence allow."""
        receipts = {}
        for entry, sequence in zip(entries, await self._sequences.draw(work.session, len(entries)), strict=True):
            entry.row["number"] = number_of(entry.filing.received_at, entry.filing.region, sequence)
            receipts[entry.appeal_id] = RegistrationReceipt(_response(entry, entry.row["number"], now))
        return receipts

    def _store(self, work: UnitOfWork, entries: Sequence[_Entry]) -> None:
        for entry in entries:
            event = events.appeal_registered(entry.appeal_id, entry.row["number"], entry.filing)
            outbox.append(work.session, event, traceparent=entry.traceparent)  # `publish` takes the trace of the task, the group's
        repository.add_appeals(work.session, [entry.row for entry in entries], [_tracking(entry) for entry in entries])


def _replay(earlier: idempotency.StoredAnswer | DomainError) -> RegistrationReceipt | DomainError:
    if isinstance(earlier, DomainError):
        return earlier
    return RegistrationReceipt(idempotency.Answer(earlier.body), replayed=True)


def number_of(received_at: datetime, region: str, sequence: int) -> str:
    """Return the registration number; its year is that of the receipt in the region's time zone."""
    branch = regions()[region]
    return RegistrationNumber.format(received_at.astimezone(branch.timezone).year, branch.number_code, sequence)


def _tracking(entry: _Entry) -> NewTrackingRow:
    return {
        "appeal_id": entry.appeal_id,
        "region": entry.filing.region,
        "kind": entry.filing.kind,
        "status": INITIAL,
        "holder": holder_of(INITIAL, None),
        "provider_id": entry.filing.provider_id,
        "due_at": entry.filing.due_at,
        "due_provisional": True,
        "followed": entry.row["owner"] is not None or entry.filing.channel in BACKENDS,
        "version": 1,
        "protection": None if entry.filing.category is None else protection_of([entry.filing.category]),
    }


def _response(entry: _Entry, number: str, now: datetime) -> idempotency.Answer:
    filing = entry.filing
    head = to_json(
        {
            "appeal_id": str(entry.appeal_id),  # as text: the serialiser takes 1 µs longer for the driver's UUID class
            "number": number,
            "pin": entry.pin,
            "status": shown_status(INITIAL, filing.registered_at, now).value,
            "received_at": filing.received_at,
            "registered_at": filing.registered_at,
            "received_by": filing.received_by,
            "due_at": filing.due_at,
            "due_provisional": True,
            "links": {"self": f"/intake/v1/appeals/{number}", "track": "/intake/track"},
        }
    )
    if entry.envelope is None:
        return idempotency.Answer(head[:-1], _explanation(filing.deadline))
    return idempotency.Answer(to_json(entry.envelope)[:-1] + b',"followed_by":' + head[:-1], _explanation(filing.deadline) + b"}")


@lru_cache(maxsize=1024)  # few deadlines a day: one a start and policy
def _explanation(deadline: Deadline) -> bytes:
    """Return the end of the response, which is the same for all appeals with one deadline."""
    return b',"due_explanation":' + to_json(explain(deadline, planning_calendar())) + b"}"


def shown_status(status: CaseStatus, registered_at: datetime, now: datetime) -> CaseStatus:
    """Return RECEIVED until the legal moment of registration (АППК art. 64(3)); any later status is shown at once."""
    return CaseStatus.RECEIVED if status == INITIAL and now < registered_at else status

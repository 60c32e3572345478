"""The envelope round an event: CloudEvents 1.0 in Kafka's binary mode, attributes as headers and the fact as JSON bytes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.contracts import REGISTRY, Event, newest
from shared.ids import read_uuid

CONTENT_TYPE = b"application/json"
SPEC_VERSION = b"1.0"
Headers = tuple[tuple[str, bytes], ...]


class UnreadableEvent(ValueError):
    """A record is not an event of ours: a header is missing or malformed, or the value breaks its contract."""


class LaterVersion(UnreadableEvent):
    """A fact that concerns us, told in a version that we do not know yet: to be read after the next update."""


class Envelope(NamedTuple):
    """An event on its way. `key` is the partition key: everything under one key keeps its order."""

    id: UUID
    type: str
    time: datetime
    key: str
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    value: bytes

    @property
    def headers(self) -> Headers:
        service = self.type.split(".")[2]
        pairs = [
            ("content-type", CONTENT_TYPE),
            ("ce_specversion", SPEC_VERSION),
            ("ce_id", str(self.id).encode()),
            ("ce_source", f"/aryz/{service}".encode()),
            ("ce_type", self.type.encode()),
            ("ce_time", self.time.isoformat().encode()),
            ("ce_subject", self.key.encode()),
            ("ce_partitionkey", self.key.encode()),
            ("ce_correlationid", str(self.correlation_id).encode()),
        ]
        if self.causation_id is not None:
            pairs.append(("ce_causationid", str(self.causation_id).encode()))
        if self.traceparent is not None:
            pairs.append(("traceparent", self.traceparent.encode()))
        return tuple(pairs)


def type_of(headers: Headers) -> str | None:
    """The event's type without reading the rest: most records are of no concern to a given reader."""
    for name, value in headers:
        if name == "ce_type":
            return value.decode("utf-8", "replace")
    return None


def read_envelope(headers: Headers, value: bytes) -> Envelope:
    """The envelope that a record carries.

    Raises:
        UnreadableEvent: a header is missing or is not what it should be.
    """
    found = dict(headers)
    try:
        causation = found.get("ce_causationid")
        traceparent = found.get("traceparent")
        return Envelope(
            id=read_uuid(found["ce_id"].decode()),
            type=found["ce_type"].decode(),
            time=datetime.fromisoformat(found["ce_time"].decode()),
            key=found["ce_partitionkey"].decode(),
            correlation_id=read_uuid(found["ce_correlationid"].decode()),
            causation_id=None if causation is None else read_uuid(causation.decode()),
            traceparent=None if traceparent is None else traceparent.decode(),
            value=value,
        )
    except (KeyError, ValueError) as error:
        raise UnreadableEvent(f"header unreadable: {type(error).__name__}") from error


def read_event(envelope: Envelope) -> Event:
    """The fact inside, in the newest version that we know.

    Raises:
        UnreadableEvent: the type is not in the registry or the value breaks its contract.
    """
    model = REGISTRY.get(envelope.type)
    if model is None:
        raise UnreadableEvent("type unknown")
    try:
        return newest(model.model_validate_json(envelope.value))
    except ValueError as error:
        raise UnreadableEvent(f"{envelope.type} breaks its contract") from error

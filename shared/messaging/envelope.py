"""The envelope of an event: CloudEvents 1.0 in Kafka's binary mode, attributes as headers and the event data as JSON bytes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json

from shared.contracts import REGISTRY, Event, newest
from shared.ids import read_uuid

CONTENT_TYPE = b"application/json"
SPEC_VERSION = b"1.0"
Header = tuple[str, bytes]
Headers = tuple[Header, ...]


class UnreadableEvent(ValueError):
    """A record is not a valid event: a header is missing or malformed, or the value breaks its contract."""


class LaterVersion(UnreadableEvent):
    """An event in a version that this code does not know. It can be read after an update."""


class Envelope(NamedTuple):
    """An event with its attributes. `key` is the partition key: events with one key keep their order."""

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
        pairs += _extensions(self.type, self.value)
        return tuple(pairs)


def extension_header(name: str, *, value: bool) -> Header:
    """Return the header of an extension attribute."""
    return f"ce_{name}", b"true" if value else b"false"


def _extensions(event_type: str, payload: bytes) -> list[Header]:
    """Return the headers of the extension attributes that the event's class declares."""
    model = REGISTRY.get(event_type)
    if model is None or not model.EXTENSIONS:
        return []
    content = from_json(payload)
    known = ((attribute.name, attribute.value_of(content)) for attribute in model.EXTENSIONS)
    return [extension_header(name, value=value) for name, value in known if value is not None]


def type_of(headers: Headers) -> str | None:
    """Return the event type without parsing the rest: most records do not concern a given consumer."""
    for name, value in headers:
        if name == "ce_type":
            return value.decode("utf-8", "replace")
    return None


def read_envelope(headers: Headers, value: bytes) -> Envelope:
    """Return the envelope of a record.

    Raises:
        UnreadableEvent: a header is missing or malformed.
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
    """Return the event in the newest version that this code knows.

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

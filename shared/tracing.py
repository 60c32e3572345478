"""Traces by OpenTelemetry: the W3C ids that log lines and events carry across services, and spans where a collector is named.

A request, the wait of its event in the outbox, and what each service does with the event are spans of one trace. Attributes are
route templates, types and ids of events, and status codes: never a path, a query, a header or the message of an error.
"""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from hashlib import blake2b
from random import getrandbits
from threading import Thread
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags

from shared import sealing
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.sampling import Sampler

__all__ = [
    "Exemplar",
    "SpanKind",
    "current_exemplar",
    "current_traceparent",
    "describe_request",
    "exemplar_of",
    "export_spans",
    "is_recorded",
    "message",
    "record_span",
    "start_span",
    "tracer_to",
]

TRACEPARENT_LENGTH: Final = 55
EXPORT_SECONDS: Final = 3.0  # for one batch with its retries
END_SECONDS: Final = 2.0  # that the end of a process waits for its last spans
SERVER_ERROR: Final = 500
Exemplar = dict[str, str]
_tracer: trace.Tracer | None = None  # of this process; None: spans are not recorded, only their ids travel


def export_spans(settings: ServiceSettings, service: str) -> None:
    """Send the spans of this process to the collector that the settings name, if they do. Spans that wait are sent at its end."""
    global _tracer  # noqa: PLW0603 - one for the process, like its log
    if settings.traces_url is None:
        return
    # Only here: a process without a collector has no use for 9 MB of modules.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    keys = settings.keys.get_secret_value() if settings.keys else None
    material = sealing.from_settings(keys) if keys else sealing.load_or_create_keys(settings.data / "keys")
    # A collector that is away costs spans, never an appeal: the queue is bounded, and what does not fit is dropped.
    processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.traces_url, timeout=EXPORT_SECONDS))
    _tracer = tracer_to(processor, settings.traces_ratio, service, key=material.pepper.keyed_hmac("trace sampling", b""))
    atexit.register(_end_within, END_SECONDS, processor)


def _end_within(seconds: float, processor: "SpanProcessor") -> None:
    """Send the spans that wait, for a bounded time: `shutdown` waits half a minute for a collector that hangs."""
    ending = Thread(target=processor.shutdown, daemon=True)
    ending.start()
    ending.join(seconds)


def tracer_to(processor: "SpanProcessor", ratio: float, service: str, *, key: bytes = b"") -> trace.Tracer:
    """Return what records a share of the traces, as spans of `service`, and gives them to `processor`.

    `key`: the same in all processes, and secret, as callers choose trace ids.
    """
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_NAMESPACE, Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    resource = Resource({SERVICE_NAME: service, SERVICE_NAMESPACE: "aryz"})
    provider = TracerProvider(sampler=_sampler(ratio, key), resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider.get_tracer("aryz")


def _sampler(ratio: float, key: bytes) -> "Sampler":
    """Return what decides by a keyed hash of the trace id: services decide alike, and no caller can ask to be recorded."""
    from opentelemetry.sdk.trace.sampling import SamplingResult, TraceIdRatioBased  # noqa: PLC0415

    class KeyedRatio(TraceIdRatioBased):
        def should_sample(self, parent_context: Context | None, trace_id: int, *given: Any, **named: Any) -> SamplingResult:
            digest = blake2b(trace_id.to_bytes(16), key=key, digest_size=8).digest()
            return super().should_sample(parent_context, int.from_bytes(digest), *given, **named)

    return KeyedRatio(ratio)


def current_traceparent() -> str | None:
    """Return the W3C `traceparent` of the current piece of work, for an event. None outside of any."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def current_exemplar() -> Exemplar | None:
    """Return what links an observation of a metric to the current trace; None where the trace is not recorded."""
    span = trace.get_current_span()
    return {"trace_id": f"{span.get_span_context().trace_id:032x}"} if span.is_recording() else None


def exemplar_of(traceparent: str | None) -> Exemplar | None:
    """Return what links an observation to the trace of an event; None where the trace is not recorded."""
    return {"trace_id": traceparent[3:35]} if traceparent is not None and is_recorded(traceparent) else None


def is_recorded(traceparent: str | None) -> bool:
    """Return whether this process records spans of the trace of an event of ours."""
    return _recorder(traceparent) is not None


def _recorder(traceparent: str | None) -> trace.Tracer | None:
    return _tracer if traceparent is not None and traceparent.endswith("-01") else None


def start_span(name: str = "work", traceparent: str | None = None, *, kind: SpanKind = SpanKind.INTERNAL) -> AbstractContextManager[object]:
    """Give a piece of work its trace ids: events and log lines in it carry them.

    Its parent is `traceparent` if that is valid, else the current span. Without either the span is the root of a new trace.
    An exception that leaves the block marks the span as failed, with the exception's type alone.
    """
    parent = _parent(traceparent)
    return _Span(parent) if _tracer is None else _recorded(_tracer, name, parent, kind)


@contextmanager
def _recorded(tracer: trace.Tracer, name: str, parent: SpanContext | None, kind: SpanKind) -> Iterator[object]:
    # Messages of errors may contain personal data.
    started = tracer.start_as_current_span(name, _context_of(parent), kind, record_exception=False, set_status_on_exception=False)
    with started as span:
        try:
            yield span
        except Exception as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def record_span(
    name: str, traceparent: str | None, began: datetime, ended: datetime, *, kind: SpanKind, attributes: Mapping[str, str | int]
) -> None:
    """Record a piece of work that is over, as a child of the span that an event names. Nothing where its trace is not recorded."""
    tracer = _recorder(traceparent)
    if tracer is None:
        return
    start, end = _nanoseconds(began), _nanoseconds(ended)
    span = tracer.start_span(name, _context_of(_parent(traceparent)), kind, attributes, start_time=start)
    span.end(max(start, end))  # clocks of two machines differ


def message(topic: str, event_id: UUID) -> Mapping[str, str]:
    """Return the attributes of a span that is about an event, by the conventions of OpenTelemetry."""
    return {"messaging.destination.name": topic, "messaging.message.id": str(event_id)}


def describe_request(method: str, route: str, status: int) -> None:
    """Name the current span after a request. `route`: its template."""
    span = trace.get_current_span()
    if not span.is_recording():
        return
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000


def _context_of(parent: SpanContext | None) -> Context | None:
    return None if parent is None else trace.set_span_in_context(trace.NonRecordingSpan(parent))


class _Span:
    """A span that is not recorded. It only carries ids, at a tenth of a tracer's cost."""

    __slots__ = ("_span", "_token")

    def __init__(self, parent: SpanContext | None) -> None:
        parent = parent or trace.get_current_span().get_span_context()
        known = parent.is_valid
        trace_id, flags = (parent.trace_id, parent.trace_flags) if known else (getrandbits(128), TraceFlags.get_default())
        self._span = trace.NonRecordingSpan(SpanContext(trace_id, getrandbits(64), is_remote=False, trace_flags=flags))

    def __enter__(self) -> None:
        self._token = attach(trace.set_span_in_context(self._span))

    def __exit__(self, *_error: object) -> None:
        detach(self._token)


def _parent(traceparent: str | None) -> SpanContext | None:
    """Parse a W3C trace context header into the remote parent span. Returns None for an invalid header."""
    if traceparent is None or len(traceparent) != TRACEPARENT_LENGTH or traceparent[:3] != "00-" or not traceparent.isascii():
        return None
    parts = traceparent.split("-")
    try:
        trace_id, span_id, flags = (int(part, 16) for part in parts[1:])
    except ValueError:
        return None
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & TraceFlags.SAMPLED))
    return context if context.is_valid and [len(part) for part in parts] == [2, 32, 16, 2] else None

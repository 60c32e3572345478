"""Metrics, each with its meaning, and the middleware that measures and traces requests."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from time import perf_counter
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.header_fields import field_of
from shared.tracing import Exemplar, SpanKind, current_exemplar, describe_request, start_span

# Seconds: fine resolution around the few milliseconds of a normal call, coarse resolution above.
LATENCY: Final[tuple[float, ...]] = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Seconds between an event and its effect here: below one for a reader that keeps up, minutes while another part is down.
DELAY: Final[tuple[float, ...]] = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
BATCH: Final[tuple[float, ...]] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # events

access_log = structlog.get_logger("access")


class Metrics:
    """The metrics of one service in their own registry, so that several services in one process serve theirs separately."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self._requests = self._histogram(
            "http_request_duration_seconds", "Time to answer, by route template.", LATENCY, "method", "route", "status"
        )
        self._request_series: dict[tuple[str, str, int], Histogram] = {}
        self._batches = self._histogram("consumer_batch_events", "Events applied in one transaction.", BATCH)
        self._delays = self._histogram(
            "consumer_delay_seconds", "Time from the oldest event of a batch to the commit of what it changes here.", DELAY
        )
        self._handled = self._counter("handled_events", "Events applied, by type.", "type")
        self._unknown = self._counter("unknown_events", "Events skipped because this service knows no such type.")
        self._waits = self._counter("batch_waits", "Batches held back by a passing trouble, by error.", "error")
        self._parked = self._counter("dead_letters", "Events parked because their handler failed for good.")
        self._relay_lag = self._gauge("relay_lag_seconds", "Age of the oldest event in the outbox; 0 when it is empty.")
        self._relay_leads = self._gauge("relay_leads", "1 where this process carries the service's outbox to the log; one of them does.")
        self._consumer_lag = self._gauge("consumer_lag_events", "Events in the log not applied here yet, by topic.", "topic")
        self._waiting = self._gauge("dead_letters_waiting", "Parked events that wait for a replay.")
        self._guesses = self._counter("guesses_refused", "PINs that were not evaluated, by the limit that was reached.", "limit")
        self._guess_limits = self._counter("guess_limits_reached", "Times that wrong PINs used up a limit: somebody guesses.", "limit")
        self._articles = self._gauge("articles_to_renew", "Articles that expired, expire soon or are not confirmed.", "attention")
        self._classified = self._counter("classified_appeals", "Appeals classified, by method and decision.", "method", "decision")
        self._read_words = self._counter("classified_words", "Different words of classified appeals that the trained model read.")
        self._new_words = self._counter("classified_new_words", "Those of them that no training text contains.")
        self._calendar = self._gauge("calendar_end_timestamp_seconds", "When the working calendar ends: it is to be extended before.")

    def calendar_ends(self, moment: datetime) -> None:
        self._calendar.set(moment.timestamp())

    def articles_to_renew(self, attention: str, articles: int) -> None:
        """Set how many articles need their keeper. `attention`: expired, expiring or unconfirmed."""
        self._articles.labels(attention).set(articles)

    def classified(self, method: str, decision: str, read_words: int, new_words: int) -> None:
        """Count a classified appeal. `read_words`: how many different words the trained model read; `new_words`: those new to it."""
        self._classified.labels(method, decision).inc()
        self._read_words.inc(read_words)
        self._new_words.inc(new_words)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        labels = (method, route, status)
        series = self._request_series.get(labels)
        if series is None:  # one series for every route and status
            series = self._request_series[labels] = self._requests.labels(*labels)
        series.observe(seconds, current_exemplar())

    def batch_applied(self, events: int) -> None:
        self._batches.observe(events)

    def consumer_delay(self, seconds: float, exemplar: Exemplar | None) -> None:
        """Observe the delay of a batch. `exemplar`: of the trace of its oldest event."""
        self._delays.observe(seconds, exemplar)

    def batch_waited(self, error: str) -> None:
        """Count a batch that waited. `error`: the class of the transient error."""
        self._waits.labels(error).inc()

    def handled(self, event_type: str, events: int = 1) -> None:
        self._handled.labels(event_type).inc(events)

    def skipped_unknown(self) -> None:
        self._unknown.inc()

    def dead_letter(self) -> None:
        self._parked.inc()

    def dead_letters_waiting(self, events: int) -> None:
        self._waiting.set(events)

    def relay_lag(self, seconds: float) -> None:
        self._relay_lag.set(seconds)

    def relay_leads(self, leads: bool) -> None:
        self._relay_leads.set(leads)

    def consumer_lag(self, topic: str, events: int) -> None:
        self._consumer_lag.labels(topic).set(events)

    def guess_refused(self, limit: str) -> None:
        self._guesses.labels(limit).inc()

    def guess_limit_reached(self, limit: str) -> None:
        self._guess_limits.labels(limit).inc()

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"aryz_{name}", meaning, labels, buckets=buckets, registry=self.registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"aryz_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"aryz_{name}", meaning, labels, registry=self.registry)


class ConnectionMetrics:
    """The metrics of a process and its connections, independent of the services in the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # process_cpu_seconds_total, process_resident_memory_bytes, process_open_fds, …
        self.open = Gauge("aryz_connections_open", "Open connections of this process.", registry=self.registry)
        self.refused = Counter("aryz_connections_refused", "Connections not admitted, by reason.", ("reason",), registry=self.registry)
        self.closed = Counter(
            "aryz_connections_closed", "Connections closed because of their clients, by reason.", ("reason",), registry=self.registry
        )


connection_metrics: Final = ConnectionMetrics()


class _Registries:
    """Several registries as one, for the encoders of `prometheus_client`."""

    def __init__(self, registries: Sequence[CollectorRegistry]) -> None:
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        for registry in self._registries:
            yield from registry.collect()


def metrics_response(metrics: Metrics | None = None, *, accept: str = "") -> Response:
    """Return the response of `/metrics`: the metrics of a service and those of its process.

    `accept`: the header of the request. A scraper that asks for OpenMetrics gets exemplars: trace ids of single requests.
    """
    encode, content_type = choose_encoder(accept)
    registries = [connection_metrics.registry] if metrics is None else [metrics.registry, connection_metrics.registry]
    return Response(encode(_Registries(registries)), headers={"Content-Type": content_type})


class Observe:
    """ASGI middleware that continues the caller's trace, measures the request and writes one access log line.

    Metrics and log lines contain the route template, never the path: a path may hold a registration number. The metrics
    are those of the app's `state.parts.metrics`.
    """

    def __init__(self, app: ASGIApp, service: str) -> None:
        self.app = app
        self.service = service
        self._log = access_log.bind()  # `access_log` finds the configuration anew for each line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        metrics: Metrics = scope["app"].state.parts.metrics
        status = 500  # the server answers 500 if the application sends no response

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with start_span("request", field_of(scope, b"traceparent"), kind=SpanKind.SERVER):
            try:
                await self.app(scope, receive, watch)
            finally:
                self._record(metrics, scope, status, perf_counter() - began)

    def _record(self, metrics: Metrics, scope: Scope, status: int, seconds: float) -> None:
        method, route = _method(scope), route_template(scope)
        describe_request(method, route, status)
        metrics.request(method, route, status, seconds)
        self._log.info("request", service=self.service, method=method, route=route, status=status, ms=round(seconds * 1000, 2))


def route_template(scope: Scope) -> str:
    """Return the template of the matched route (`/v1/appeals/{number}`), or `unmatched`."""
    # FastAPI stores the prefix of an included router apart from the route. Without a prefix there is only the route.
    route: Any = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return str(getattr(route, "path_format", None) or getattr(route, "path", None) or "unmatched")


METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def _method(scope: Scope) -> str:
    """Return the HTTP method, or OTHER for an unknown one: an invented method must not create a new time series."""
    method: str = scope["method"]
    return method if method in METHODS else "OTHER"

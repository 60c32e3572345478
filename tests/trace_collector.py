"""A double of an OpenTelemetry collector: receives spans by OTLP over HTTP and keeps them. Debian has no collector."""

import gzip
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class ReceivedSpan(NamedTuple):
    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str]


class TraceCollector:
    """What has been received: the spans, and the bytes of the requests."""

    def __init__(self, url):
        self.url = url
        self.spans = []
        self.received = b""

    def receive(self, body):
        self.received += body
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = next(each.value.string_value for each in group.resource.attributes if each.key == "service.name")
            self.spans += [_span(service, span) for scope in group.scope_spans for span in scope.spans]

    def trace(self, trace_id):
        return [span for span in self.spans if span.trace_id == trace_id]


def _span(service, span):
    attributes = {each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes}
    return ReceivedSpan(service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), attributes)


@contextmanager
def collecting():
    """Run a collector on a free port during the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.receive(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_): ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = TraceCollector(f"http://127.0.0.1:{server.server_port}/v1/traces")
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield collector
        finally:
            server.shutdown()

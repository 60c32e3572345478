from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from shared import tracing
from shared.telemetry import Metrics, Observe, metrics_response
from shared.tracing import SpanKind, current_exemplar, current_traceparent, exemplar_of, record_span, start_span, tracer_to

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def recorded(monkeypatch):
    """Record every trace, and return what holds the finished spans."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(tracing, "_tracer", tracer_to(SimpleSpanProcessor(exporter), 1.0, "intake"))
    return exporter


def observed(metrics):
    app = FastAPI()
    app.state.parts = SimpleNamespace(metrics=metrics)

    @app.get("/intake/v1/appeals/{number}")
    async def appeal(number: str) -> str | None:
        assert number
        return current_traceparent()

    @app.get("/intake/v1/crash")
    async def crash() -> None:
        raise ValueError("87015550101")

    app.add_middleware(Observe, service="intake")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url="http://test")


class TestStartSpan:
    def test_outside_of_a_span_there_is_no_traceparent(self):
        assert current_traceparent() is None

    def test_a_span_within_a_span_belongs_to_the_same_trace(self):
        with start_span():
            outer = current_traceparent()
            with start_span():
                inner = current_traceparent()

        assert outer[:35] == inner[:35]
        assert outer != inner

    @pytest.mark.parametrize(
        "text",
        ["", "x" * 55, f"00-{'0' * 32}-{'b' * 16}-01", f"00-{'a' * 32}-{'0' * 16}-01", f"00-{'ә' * 32}-{'b' * 16}-01", PARENT + "-x"],
    )
    def test_what_is_no_traceparent_is_left_alone(self, text):
        with start_span("work", text):
            assert current_traceparent()[3:35] != "a" * 32


class TestRecordedSpans:
    async def test_a_request_is_a_span_by_its_template_and_nothing_of_the_person(self, recorded):
        async with observed(Metrics("intake")) as client:
            seen = (await client.get("/intake/v1/appeals/2026-43-0000017-9?phone=87015550101", headers={"traceparent": PARENT})).json()
        [span] = recorded.get_finished_spans()

        assert span.name == "GET /intake/v1/appeals/{number}"
        assert span.kind is SpanKind.SERVER
        assert dict(span.attributes) == {
            "http.request.method": "GET",
            "http.route": "/intake/v1/appeals/{number}",
            "http.response.status_code": 200,
        }
        assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == ("a" * 32, "b" * 16)
        assert seen == f"00-{'a' * 32}-{span.context.span_id:016x}-01"

    async def test_an_error_has_its_type_and_not_its_message(self, recorded):
        async with observed(Metrics("intake")) as client:
            await client.get("/intake/v1/crash")
        [span] = recorded.get_finished_spans()

        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "ValueError"
        assert "87015550101" not in span.to_json()

    def test_work_that_is_over_is_recorded_under_the_span_of_its_event(self, recorded):
        record_span("publish fact", PARENT, NOW, NOW + timedelta(seconds=2), kind=SpanKind.PRODUCER, attributes={"n": 1})
        record_span("publish fact", PARENT, NOW, NOW - timedelta(seconds=2), kind=SpanKind.PRODUCER, attributes={})
        lasted, skewed = recorded.get_finished_spans()

        assert f"{lasted.parent.span_id:016x}" == "b" * 16
        assert lasted.end_time - lasted.start_time == 2_000_000_000
        assert skewed.end_time == skewed.start_time  # the other machine's clock is ahead

    def test_a_trace_that_is_not_chosen_is_not_recorded_but_its_ids_travel(self, monkeypatch):
        exporter = InMemorySpanExporter()
        monkeypatch.setattr(tracing, "_tracer", tracer_to(SimpleSpanProcessor(exporter), 0.0, "intake"))
        with start_span("work", PARENT):  # whose caller wants it recorded
            event = current_traceparent()
            assert current_exemplar() is None
        record_span("publish fact", event, NOW, NOW, kind=SpanKind.PRODUCER, attributes={})

        assert event[3:35] == "a" * 32
        assert event.endswith("-00")
        assert exporter.get_finished_spans() == ()

    def test_a_caller_cannot_choose_an_id_that_is_recorded(self, monkeypatch):
        recorded = []
        for _process in range(2):
            exporter = InMemorySpanExporter()
            monkeypatch.setattr(tracing, "_tracer", tracer_to(SimpleSpanProcessor(exporter), 0.1, "intake", key=b"secret"))
            for number in range(1, 501):  # the standard sampler records every id whose lower half is small
                with start_span("work", f"00-{number:032x}-{'b' * 16}-01"):
                    pass
            recorded.append([span.context.trace_id for span in exporter.get_finished_spans()])
        assert recorded[0] == recorded[1]  # services decide alike
        assert 20 < len(recorded[0]) < 100


class TestEnd:
    def test_a_collector_that_hangs_does_not_hold_up_the_end_of_a_process(self, monkeypatch):
        released = Event()

        class HangingExporter(InMemorySpanExporter):
            def export(self, spans):
                released.wait(10)  # `shutdown` alone waits for it
                return super().export(spans)

        exporter = HangingExporter()
        processor = BatchSpanProcessor(exporter)
        monkeypatch.setattr(tracing, "_tracer", tracer_to(processor, 1.0, "intake"))
        with start_span("work"):
            pass
        tracing._end_within(0.1, processor)
        assert exporter.get_finished_spans() == ()
        released.set()


class TestExemplars:
    async def test_a_scraper_that_asks_for_openmetrics_gets_the_trace_of_a_request(self, recorded):
        metrics = Metrics("intake")
        async with observed(metrics) as client:
            await client.get("/intake/v1/appeals/1", headers={"traceparent": PARENT})
        assert recorded.get_finished_spans()
        response = metrics_response(metrics, accept=OPENMETRICS)
        text = response.body.decode()

        assert response.headers["content-type"].startswith("application/openmetrics-text")
        assert f'# {{trace_id="{"a" * 32}"}}' in text
        assert text.count("# EOF") == 1
        assert "trace_id" not in metrics_response(metrics).body.decode()

    def test_the_delay_of_a_batch_names_the_trace_of_its_oldest_event(self, recorded):
        assert recorded is not None
        metrics = Metrics("routing")
        metrics.consumer_delay(0.3, exemplar_of(PARENT))
        metrics.consumer_delay(0.3, exemplar_of(None))

        assert (
            'aryz_consumer_delay_seconds_bucket{le="0.5"} 2.0 # {trace_id="' in metrics_response(metrics, accept=OPENMETRICS).body.decode()
        )

    def test_without_a_collector_there_are_none(self):
        assert exemplar_of(PARENT) is None

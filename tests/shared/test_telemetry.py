import io
import json
import time
from types import SimpleNamespace

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI

from shared.errors import install_error_handlers
from shared.logging import configure_logging
from shared.telemetry import Metrics, Observe, metrics_response
from shared.tracing import current_traceparent

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


@pytest.fixture
def stream():
    made = io.StringIO()
    configure_logging("INFO", stream=made)
    yield made
    structlog.reset_defaults()


def service(metrics):
    app = FastAPI()
    app.state.parts = SimpleNamespace(metrics=metrics)
    router = APIRouter(prefix="/v1")

    @router.get("/appeals/{number}")
    async def appeal(number: str) -> str | None:
        assert number
        return current_traceparent()

    @router.get("/crash")
    async def crash() -> None:
        raise ValueError

    app.include_router(router, prefix="/intake")
    install_error_handlers(app)
    app.add_middleware(Observe, service="intake")
    return app


@pytest.fixture
async def client(stream):
    assert stream is not None
    metrics = Metrics("intake")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service(metrics)), base_url="http://test") as made:
        made.metrics = metrics
        yield made


class TestObserve:
    async def test_requests_are_counted_by_template_and_never_by_path(self, client, stream):
        await client.get("/intake/v1/appeals/2026-43-0000017-9")
        await client.get("/intake/v1/nothing/2026-43-0000017-9")
        await client.get("/intake/v1/crash")
        await client.request("BREW", "/intake/v1/crash")

        figures = metrics_response(client.metrics).body.decode()
        assert 'aryz_http_request_duration_seconds_count{method="GET",route="/intake/v1/appeals/{number}",status="200"} 1.0' in figures
        assert 'aryz_http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 1.0' in figures
        assert 'aryz_http_request_duration_seconds_count{method="GET",route="/intake/v1/crash",status="500"} 1.0' in figures
        assert 'method="OTHER"' in figures
        assert "0000017" not in figures + stream.getvalue()

    async def test_an_access_line_has_method_template_status_time_and_trace(self, client, stream):
        await client.get("/intake/v1/appeals/1", headers={"traceparent": PARENT})

        line = json.loads(stream.getvalue().splitlines()[0])
        assert (line["method"], line["route"], line["status"], line["service"]) == ("GET", "/intake/v1/appeals/{number}", 200, "intake")
        assert line["trace_id"] == "a" * 32
        assert line["ms"] >= 0

    async def test_the_callers_trace_goes_on_and_a_broken_one_starts_anew(self, client):
        continued = (await client.get("/intake/v1/appeals/1", headers={"traceparent": PARENT})).json()
        fresh = (await client.get("/intake/v1/appeals/1", headers={"traceparent": "00-zz"})).json()

        assert continued[:36] == PARENT[:36]
        assert continued[36:52] != PARENT[36:52]
        assert len(fresh) == 55
        assert fresh[3:35] not in {"0" * 32, "a" * 32}

    async def test_it_costs_little_per_request(self, stream):
        async def bare(_scope, _receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def ignore(_message): ...

        app = SimpleNamespace(state=SimpleNamespace(parts=SimpleNamespace(metrics=Metrics("intake"))))
        observed = Observe(bare, "intake")

        async def took() -> float:
            scopes = [{"type": "http", "method": "GET", "app": app, "headers": []} for _ in range(500)]
            began = time.thread_time()
            for scope in scopes:
                await observed(scope, None, ignore)
            return (time.thread_time() - began) / 500

        assert min([await took() for _ in range(5)]) < 120e-6  # about 50 µs on a quiet core
        assert stream.getvalue()


class TestMetrics:
    def test_two_services_in_one_process_keep_their_own_figures(self):
        intake, routing = Metrics("intake"), Metrics("routing")
        intake.handled("kz.aryz.intake.appeal-registered.v1", 3)
        intake.relay_lag(1.5)

        assert 'aryz_handled_events_total{type="kz.aryz.intake.appeal-registered.v1"} 3.0' in metrics_response(intake).body.decode()
        assert "aryz_relay_lag_seconds 1.5" in metrics_response(intake).body.decode()
        assert "appeal-registered" not in metrics_response(routing).body.decode()

    def test_every_figure_has_a_meaning(self):
        metrics = Metrics("routing")
        metrics.batch_applied(20)
        metrics.consumer_delay(0.3, None)
        metrics.batch_waited("OperationalError")
        metrics.skipped_unknown()
        metrics.dead_letter()
        metrics.dead_letters_waiting(2)
        metrics.consumer_lag("aryz.appeals.v1", 7)

        text = metrics_response(metrics).body.decode()
        for figure in (
            "aryz_consumer_batch_events_sum 20.0",
            'aryz_consumer_delay_seconds_bucket{le="0.5"} 1.0',
            "process_resident_memory_bytes ",
            'aryz_batch_waits_total{error="OperationalError"} 1.0',
            "aryz_unknown_events_total 1.0",
            "aryz_dead_letters_total 1.0",
            "aryz_dead_letters_waiting 2.0",
            'aryz_consumer_lag_events{topic="aryz.appeals.v1"} 7.0',
        ):
            assert figure in text

"""An api and a worker of each service as processes of their own, on Kafka and PostgreSQL."""

import asyncio
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from http.client import HTTPConnection
from uuid import uuid4

import httpx
import psutil
import pytest
from rich.console import Console
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database import service_url
from shared.postgres import open_engine
from shared.service import event_log
from shared.settings import ServiceSettings
from suite import process, throwaway
from suite.demo import play
from suite.processes import FRONT, SERVICES, ProcessEnded, Processes
from suite.tokens import issue
from suite.verification import verify
from tests.chaos.upgrade import AFTERWARDS, RollingUpgrade
from tests.monitored import queries, scraping
from tests.patience import LONG_PATIENCE, PATIENCE
from tests.trace_collector import collecting

APPEALS = 300
APPEAL = {
    "channel": "CALL_1414",
    "language": "ru",
    "kind": "CONSULTATION",
    "topic": "PAY_METHODS",
    "region": "KZ-43",
    "text": "Тестовое обращение",
    "applicant": {},
}
TOKEN = "0123456789abcdef"  # of the operator's Prometheus
SPAN_ATTRIBUTES = {"http.request.method", "http.route", "http.response.status_code", "messaging.destination.name", "messaging.message.id"}
CONTENTS = {"ids": [str(uuid4())], "purpose": "classification"}


@pytest.fixture(scope="module")
def engines(kafka, postgres):
    """How a process is told of the engines, under a prefix of this run."""

    def settings(prefix):
        return {"ARYZ_KAFKA_BOOTSTRAP": kafka.bootstrap, "ARYZ_DATABASE_URL": postgres.url, "ARYZ_PREFIX": prefix}

    return settings


@pytest.fixture(scope="module")
def collector():
    with collecting() as started:
        yield started


@pytest.fixture(scope="module")
def running(engines, collector, tmp_path_factory):
    traced = {"ARYZ_TRACES_URL": collector.url, "ARYZ_TRACES_RATIO": "1", "OTEL_BSP_SCHEDULE_DELAY": "200"}
    environment = process.UNLIMITED | engines("processes") | {"ARYZ_METRICS_TOKEN": TOKEN} | traced
    with Processes(tmp_path_factory.mktemp("processes"), environment=environment, front_port=random.randrange(12_000, 19_000)) as started:
        yield started


@pytest.fixture(scope="module")
def settings(running, kafka, postgres):
    return ServiceSettings(data=running.data, prefix="processes", kafka_bootstrap=kafka.bootstrap, database_url=postgres.url)


@pytest.fixture(scope="module")
def prometheus(running, tmp_path_factory):
    if shutil.which("prometheus") is None:
        assert os.environ.get("CI") != "true"
        pytest.skip("no prometheus (Debian: prometheus)")
    targets = {(service, kind): running.process(service, kind).url for service in SERVICES for kind in ("api", "worker")}
    targets["suite", "gateway"] = running.process(FRONT, "front").url
    addresses = {labels: url.removeprefix("http://") for labels, url in targets.items()}
    with scraping(tmp_path_factory.mktemp("prometheus"), addresses, TOKEN) as scraped:
        yield scraped


def _post(url, path, body, token=None, more=None):
    headers = ({"Authorization": f"Bearer {token}"} if token else {}) | (more or {})
    return httpx.post(f"{url}{path}", json=body, headers=headers, timeout=PATIENCE, trust_env=False)


def _get(url):
    return httpx.get(url, timeout=PATIENCE, trust_env=False, headers={"Accept": "text/html"})


@pytest.mark.timeout(900)
class TestProcesses:
    def test_the_demo_is_counted_to_the_unit_and_every_promise_holds(self, running, settings):
        assert asyncio.run(play(running.urls, settings, appeals=APPEALS, seed=11, console=Console(quiet=True)))
        given = settings.model_dump(include={"prefix", "kafka_bootstrap", "database_url"})
        is_quiet, checks = asyncio.run(verify(running.data, **given))
        assert is_quiet
        assert {check.name: check.wrong for check in checks if not check.holds} == {}
        [accepted] = [check for check in checks if check.name == "every accepted appeal is registered in the log once"]
        assert accepted.looked_at == APPEALS

    @pytest.mark.parametrize("kind", ["api", "worker"])
    def test_each_process_serves_its_health_and_metrics(self, running, kind):
        for service in SERVICES:
            url = running.process(service, kind).url
            assert _get(f"{url}/{service}/health/live").json() == {"status": "live"}
            assert "aryz_relay_lag_seconds" in _get(f"{url}/{service}/metrics").text

    def test_only_workers_apply_events(self, running):
        applied = re.compile(r"^aryz_handled_events_total\{.*\} [1-9]", re.MULTILINE)
        for service in SERVICES:
            assert not applied.search(_get(f"{running.url_of(service)}/{service}/metrics").text)
            assert applied.search(_get(f"{running.process(service, 'worker').url}/{service}/metrics").text)

    def test_every_metric_and_label_that_a_rule_or_a_dashboard_names_is_exposed(self, running, prometheus):
        texts = [_get(f"{running.process(service, 'worker').url}/{service}/metrics").text for service in SERVICES]
        exposed = {name for text in texts for name, kind in re.findall(r"^# TYPE (\w+) (\w+)", text, re.MULTILINE) if kind != "histogram"}
        histograms = {name for text in texts for name in re.findall(r"^# TYPE (\w+) histogram", text, re.MULTILINE)}
        exposed |= {name + part for name in histograms for part in ("_bucket", "_count", "_sum")} | {"up"}
        series = prometheus.series()
        asked = [query for group in queries().values() for query in group]
        assert {name for query in asked for name in re.findall(r"\b(?:aryz|process)_\w+|\bup\b", query)} <= exposed
        for metric, selectors in (found for query in asked for found in re.findall(r"(\w+)\{([^}]*)\}", query)):
            labels = set(re.findall(r"(\w+)(?:=|!)", selectors))
            assert metric not in series or labels <= set().union(*series[metric]), (metric, selectors)

    def test_the_names_follow_the_conventions_of_prometheus(self, running, prometheus):
        assert prometheus
        for service in SERVICES:
            text = _get(f"{running.process(service, 'worker').url}/{service}/metrics").text
            linted = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
            assert linted.stderr == ""

    def test_prometheus_scrapes_every_process_and_answers_every_query(self, prometheus, eventually):
        accepted = 'sum(aryz_http_request_duration_seconds_count{service="intake",method="POST",route="/intake/v1/appeals",status="201"})'
        assert float(prometheus.query(accepted)[0]["value"][1]) >= APPEALS
        for group in queries().values():
            for query in group:
                prometheus.query(query)
        eventually(lambda: len(prometheus.query("aryz:slo_budget:ratio")) == 4)
        failed = [rule["name"] for group in prometheus.get("/rules")["groups"] for rule in group["rules"] if rule["health"] == "err"]
        assert failed == []

    def test_an_appeal_is_one_trace_through_outbox_log_and_services(self, running, collector, eventually):
        trace_id, caller = uuid4().hex, uuid4().hex[:16]
        traced = {"traceparent": f"00-{trace_id}-{caller}-00"}
        response = _post(running.url_of("intake"), "/intake/v1/appeals", APPEAL, issue(running.data, "channel"), traced)
        assert response.status_code == 201, response.text
        registered, routed = "kz.aryz.intake.appeal-registered.v1", "kz.aryz.routing.appeal-routed.v1"
        expected = {
            ("intake", "POST /intake/v1/appeals"),
            ("intake", f"publish {registered}"),
            ("routing", f"process {registered}"),
            ("analytics", f"process {registered}"),
            ("routing", f"publish {routed}"),
            ("intake", f"process {routed}"),
            ("analytics", f"process {routed}"),
        }
        eventually(lambda: expected <= {(span.service, span.name) for span in collector.trace(trace_id)})
        spans = collector.trace(trace_id)
        assert {span.parent_id for span in spans} <= {span.span_id for span in spans} | {caller}
        assert [span.name for span in spans if span.parent_id == caller] == ["POST /intake/v1/appeals"]

    def test_spans_hold_codes_alone_and_a_metric_leads_to_its_trace(self, running, collector, prometheus, eventually):
        assert running
        assert {name for span in collector.spans for name in span.attributes} <= SPAN_ATTRIBUTES
        assert "Тестовое".encode() not in collector.received
        assert not re.search(rb"\d{4}-\d\d-\d{7}-\d", collector.received)
        known = {span.trace_id for span in collector.spans}
        for metric in ("aryz_http_request_duration_seconds_bucket", "aryz_consumer_delay_seconds_bucket"):
            eventually(lambda metric=metric: prometheus.traces_of(metric) & known)

    @pytest.mark.parametrize(
        ("subject", "status"),
        [(None, 401), ("specialist", 403), ("analytics", 403), ("routing", 200)],
        ids=["nobody", "clerk", "other", "entitled"],
    )
    def test_words_are_read_by_the_service_that_is_entitled_and_by_no_other(self, running, subject, status):
        role = "service" if subject in SERVICES else subject
        token = issue(running.data, role, subject=subject) if subject else None
        assert _post(running.url_of("intake"), "/intake/internal/v1/contents", CONTENTS, token).status_code == status

    @pytest.mark.parametrize("path", ["/", "/intake/", "/sign-in", "/analytics/dashboard", "/intake/docs"])
    def test_one_address_opens_every_door(self, running, path):
        page = _get(running.process(FRONT, "front").url + path)
        assert page.status_code == 200
        assert "text/html" in page.headers["content-type"]

    def test_one_address_takes_appeals_and_hands_on_refusals(self, running):
        front = running.process(FRONT, "front").url
        token = issue(running.data, "channel")
        assert _post(front, "/intake/v1/appeals", APPEAL, token).status_code == 201
        assert _post(front, "/intake/v1/appeals", APPEAL | {"region": "XX"}, token).json()["code"] == "invalid-input"
        assert _get(f"{front}/health/ready").json()["services"].keys() == set(SERVICES)

    def test_one_address_passes_on_a_header_with_space_after_its_value(self, running):
        front = httpx.URL(running.process(FRONT, "front").url)
        connection = HTTPConnection(front.host, front.port, timeout=PATIENCE)
        connection.request("GET", "/intake/v1/appeals", headers={"Accept": "application/json \t"})
        assert connection.getresponse().status == 401
        connection.close()

    def test_an_api_takes_appeals_while_no_worker_runs_and_they_arrive_afterwards(self, running, eventually):
        workers = running.of("worker")
        for each in workers:
            each.kill()
        with pytest.raises(ProcessEnded, match=r"intake worker ended with -9"):
            running.check()
        token = issue(running.data, "operator")
        appeal = _post(running.url_of("intake"), "/intake/v1/appeals", APPEAL, token).json()["appeal_id"]
        case = f"{running.url_of('routing')}/routing/v1/cases/{appeal}"
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(case, headers=headers, trust_env=False).status_code == 404
        for each in workers:
            each.start()
        for each in workers:
            each.wait_ready()
        eventually(lambda: httpx.get(case, headers=headers, timeout=PATIENCE, trust_env=False).is_success)

    def test_the_one_address_reports_a_service_that_does_not_answer(self, running):
        api, front = running.process("analytics", "api"), running.process(FRONT, "front").url
        api.kill()
        assert _get(f"{front}/analytics/v1/kpis").status_code == 503
        assert _get(f"{front}/").status_code == 200
        assert _get(f"{front}/health/ready").json()["services"]["analytics"]["status"] == "not ready"
        api.start()
        api.wait_ready()

    async def test_a_rolling_upgrade_under_load_loses_and_doubles_nothing(self, running, settings, tmp_path):
        """Another version of a fact, and migrations that expand and contract: see `tests/chaos/later_version.py`."""
        front = running.process(FRONT, "front").url
        before = await _numbers_and_routers(settings)
        upgrade = RollingUpgrade(running, tmp_path, front)
        whole = "ARYZ_UPGRADE_RATE" in os.environ
        load = await asyncio.to_thread(upgrade.run, per_second=float(os.environ.get("ARYZ_UPGRADE_RATE", "4")), whole=whole)
        await asyncio.to_thread(upgrade.verify, {})
        after = await _numbers_and_routers(settings)
        print(f"{len(load.numbers)} appeals, {load.repeated} requests repeated, longest {load.longest:.1f} s, {after[1]}")  # noqa: T201 - for `make rolling-upgrade`
        assert len(set(load.numbers)) == len(load.numbers)
        assert sorted(after[0] - before[0]) == sorted(load.numbers)
        assert sum(after[1].values()) == len(after[0])
        assert after[1]["first"] > len(before[0])
        assert after[1]["second"] >= AFTERWARDS

    def test_a_signal_ends_all_of_them_in_order(self, running):
        pids = [each.pid for each in running.all]
        assert set(running.stop().values()) == {0}
        assert not any(psutil.pid_exists(pid) for pid in pids)
        for each in running.of("worker"):
            assert "Traceback" not in each.log.read_text()


class TestOneProcess:
    def test_the_whole_suite_runs_on_the_engines_and_ends_in_order(self, engines, tmp_path):
        told = engines("one")
        with process.running(tmp_path, environment=process.UNLIMITED | told) as suite:
            assert _post(suite.url, "/intake/v1/appeals", APPEAL, issue(tmp_path, "channel")).status_code == 201
            given = {"kafka_bootstrap": told["ARYZ_KAFKA_BOOTSTRAP"], "database_url": told["ARYZ_DATABASE_URL"], "prefix": "one"}
            is_quiet, checks = asyncio.run(verify(tmp_path, **given))
            assert is_quiet
            assert {check.name: check.wrong for check in checks if not check.holds} == {}
            suite.process.send_signal(signal.SIGTERM)
            assert suite.process.wait(PATIENCE) == 0
        assert not (tmp_path / "events.db").exists(), "the embedded log was used"


class TestThrowaway:
    async def test_a_prefix_of_its_own_leaves_nothing_behind(self, kafka, postgres, tmp_path):
        settings = ServiceSettings(data=tmp_path, prefix="gone", kafka_bootstrap=kafka.bootstrap, database_url=postgres.url)

        def play_and_end():
            with throwaway.prefix(settings):
                subprocess.run(
                    [sys.executable, "-m", "routing", "migrate"],
                    env=_environment(settings),
                    check=True,
                    capture_output=True,
                    timeout=LONG_PATIENCE,
                )
                assert asyncio.run(_topic(settings))
                assert asyncio.run(_databases(settings)) == 1

        await asyncio.to_thread(play_and_end)
        assert await _databases(settings) == 0

    def test_what_is_everybodys_is_not_thrown_away(self, tmp_path):
        with pytest.raises(ValueError, match="prefix"), throwaway.prefix(ServiceSettings(data=tmp_path, prefix="")):
            pass


def _environment(settings):

    return os.environ | {"ARYZ_DATABASE_URL": settings.database_url, "ARYZ_PREFIX": settings.prefix, "ARYZ_DATA": str(settings.data)}


async def _topic(settings):
    log = event_log(settings)
    await log.start()
    try:
        return await log.topic_id("aryz.appeals.v1")
    finally:
        await log.stop()


async def _numbers_and_routers(settings):
    """Return the registered numbers, and how many facts each version of the router has."""
    urls = {service: service_url(settings.database_url, settings.data, service, settings.prefix) for service in ("intake", "analytics")}
    found = {}
    for service, query in {"intake": "SELECT number FROM appeal", "analytics": "SELECT to_jsonb(fact) ->> 'router' FROM fact"}.items():
        engine = open_engine(urls[service])
        async with engine.connect() as session:
            found[service] = (await session.scalars(text(query))).all()
        await engine.dispose()
    return set(found["intake"]), Counter(found["analytics"])


async def _databases(settings):
    engine = create_async_engine(make_url(settings.database_url).set(drivername="postgresql+asyncpg", database="postgres"))
    try:
        async with engine.connect() as session:
            return await session.scalar(text("SELECT count(*) FROM pg_database WHERE datname LIKE 'gone!_%' ESCAPE '!'"))
    finally:
        await engine.dispose()
